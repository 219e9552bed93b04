/** What becomes of items, counted, and told to whoever waits for it in this process. */
import { PersonaError } from "../errors.ts";
import type { DeclinedItem, MessageRow, Outcome, OutcomeRow, Settle, Store } from "../store/port.ts";
import type { PendingAnswer } from "./answer.ts";
import type { LiveTurn } from "./live-turn.ts";
import type { Personas } from "./personas.ts";
import type { Tally } from "./tally.ts";
import { replyView } from "./views.ts";

export class Outcomes {
  readonly #store: Store;
  readonly #personas: Personas;
  readonly #waiting = new Map<number, PendingAnswer[]>();

  constructor(store: Store, personas: Personas) {
    this.#store = store;
    this.#personas = personas;
  }

  /** The handle waits for what becomes of an item. */
  await(item: number, answer: PendingAnswer): void {
    const present = this.#waiting.get(item);
    if (present === undefined) this.#waiting.set(item, [answer]);
    else if (!present.includes(answer)) present.push(answer);
  }

  /** The same, for an item that may be decided already. */
  async awaitEarlier(item: number, answer: PendingAnswer): Promise<void> {
    // First wait, then look: what is decided in between must not be missed.
    this.await(item, answer);
    const row = await this.#store.item(item);
    if (row === undefined || !("outcome" in row)) return;
    this.leave(item, answer);
    await this.#tell(answer, row);
  }

  leave(item: number, answer: PendingAnswer): void {
    const others = this.#waiting.get(item)?.filter((one) => one !== answer) ?? [];
    if (others.length === 0) this.#waiting.delete(item);
    else this.#waiting.set(item, others);
  }

  /** Lets those who wait for these items hear a part of the reply. */
  speak(items: readonly number[], token: string): void {
    for (const item of items) for (const answer of this.#waiting.get(item) ?? []) answer.speak(token);
  }

  /** These items are in the store, with their outcome, and counted in `tally`. */
  declined(items: readonly DeclinedItem[], tally: Tally): void {
    const decisions = items.map(
      ({ key, reason }) => ({ item: key, outcome: "declined", reason, error: null }) as const,
    );
    this.settled(undefined, { decisions }, tally);
  }

  /** The settlement is in the store, and counted in `tally`. `turn` is undefined for items that were in none. */
  settled(
    turn: LiveTurn | undefined,
    { decisions, reply: written }: Pick<Settle, "decisions" | "reply">,
    tally: Tally,
  ): void {
    const reply =
      turn === undefined || written === undefined
        ? undefined
        : replyView(written.message, turn.persona.id, turn.formed.items, this.#store.salt);
    for (const decision of decisions) {
      if (decision.outcome === "retry") {
        tally.retried += 1;
        continue;
      }
      const { item, outcome, reason, error } = decision;
      tally[outcome] += 1;
      const waiting = this.#waiting.get(item) ?? [];
      this.#waiting.delete(item);
      for (const answer of waiting) {
        if (reply !== undefined) answer.resolve(reply);
        else answer.reject(outcomeError(outcome, reason, error));
      }
    }
  }

  /** Nobody will hear of anything any more. */
  rejectAll(error: PersonaError): void {
    for (const answers of this.#waiting.values()) for (const answer of answers) answer.reject(error);
    this.#waiting.clear();
  }

  async #tell(answer: PendingAnswer, row: OutcomeRow): Promise<void> {
    const turn = row.turn === null ? undefined : await this.#store.turn(row.turn);
    const reply: MessageRow | undefined = turn?.reply == null ? undefined : await this.#store.message(turn.reply);
    if (row.outcome !== "answered" || turn === undefined || reply === undefined) {
      answer.reject(outcomeError(row.outcome, row.reason, row.error));
      return;
    }
    answer.resolve(replyView(reply, await this.#personas.idOf(turn.persona), turn.items, this.#store.salt));
  }
}

/** What the cycle declines on its own, and why. */
const DECLINED: Readonly<Record<string, string>> = {
  unenrolled: "The persona was unenrolled before it answered",
  budget_exhausted: "A budget has no room for the call to a model that this takes",
  unknown_outcome: "The process ended while the persona was answering",
  own: "The persona said this itself",
  duplicate: "The same was said in the room just before",
  undirected: "Another persona said this to nobody in particular; name the persona to be answered",
  echo: "Only machines have spoken in the room lately; name the persona to be answered",
  room_cap: "The persona has answered machines in this room often enough; it waits for a human",
  superseded: "A newer message took the place of this one",
  evicted: "There was no room in memory for this among what is more important",
};

/** What a handle throws for an item that nobody answers. */
function outcomeError(outcome: Outcome, reason: string | null, error: string | null): PersonaError {
  if (outcome === "declined") {
    const why = DECLINED[reason ?? ""];
    return new PersonaError(
      "declined",
      why === undefined ? `The persona declined to answer: ${reason}` : `${why} (${reason})`,
    );
  }
  const last = error === null ? "" : `; the last error: ${error}`;
  return new PersonaError("dead", `The item was given up (${reason})${last}`);
}
