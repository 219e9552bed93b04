/**
 * The same loop with those of the cycle's rules that cost something while nothing goes wrong: items by lane, then by
 * priority and age, a bound on the inbox, and a deadline for each turn.
 */
import { LANE } from "../../../src/layout.ts";
import type { OpenContender } from "../contenders.ts";
import { Heap } from "../heap.ts";
import { type Member, ReadyLoop } from "../ready-loop.ts";

interface Item {
  readonly number: number;
  readonly lane: number;
  /** When it would have come, had it no priority: all age alike, so this order never changes. */
  readonly rank: number;
}

interface Persona extends Member {
  readonly number: number;
  readonly inbox: Heap<Item>;
}

const CHAT = LANE.indexOf("chat");
const PRIORITY = 0.5;
/** The full priority is worth so much waiting. */
const FULL_PRIORITY_MS = 60_000;
/** More than any case has waiting. */
const MAX_QUEUED = 1_000_000;
const DEADLINE_MS = 120_000;

export const open: OpenContender = async (personas, work) => {
  const leases = new Leases();
  const loop = new ReadyLoop<Persona>(async (persona) => {
    const { number } = persona.inbox.shift() as Item;
    leases.begin(persona);
    await work.handle(persona.number, number);
    leases.end(persona);
    loop.served(persona, persona.inbox.size > 0);
    work.settled(number);
  });
  const all = Array.from({ length: personas }, (_, number) => ({ number, inbox: new Heap(before), active: false }));
  return {
    submit(number, item) {
      const persona = all[number] as Persona;
      if (persona.inbox.size === MAX_QUEUED) throw new Error("Nothing is refused in this benchmark.");
      persona.inbox.push({ number: item, lane: CHAT, rank: performance.now() - PRIORITY * FULL_PRIORITY_MS });
      loop.wake(persona);
    },
    close: async () => leases.close(),
  };
};

function before(a: Item, b: Item): boolean {
  if (a.lane !== b.lane) return a.lane < b.lane;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.number < b.number;
}

/** Deadlines of what is being handled: all are equally far away, so they end in the order in which they began. */
class Leases {
  readonly #deadlines = new Map<Persona, number>();
  #alarm: NodeJS.Timeout | undefined;

  begin(persona: Persona): void {
    this.#deadlines.set(persona, performance.now() + DEADLINE_MS);
    this.#alarm ??= setTimeout(this.#ring, DEADLINE_MS);
  }

  end(persona: Persona): void {
    this.#deadlines.delete(persona);
  }

  close(): void {
    clearTimeout(this.#alarm);
  }

  readonly #ring = (): void => {
    const next = this.#deadlines.values().next().value;
    const left = (next ?? Number.POSITIVE_INFINITY) - performance.now();
    if (left <= 0) throw new Error("Nothing takes so long in this benchmark.");
    this.#alarm = next === undefined ? undefined : setTimeout(this.#ring, left);
  };
}
