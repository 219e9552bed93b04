/** What native hears of rooms, for its quiet rules: every message there, once, in the order of commits. */
import type { Clock } from "../clock.ts";
import type { ConversationRow, Lane, MessageRow, Sender, Store } from "../store/port.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Fleet } from "./fleet.ts";
import type { Heard } from "./packed.ts";

/** Native remembers so many messages of a room, and the quiet rules look back so far. */
const REMEMBERED = 50;
const LOOKS_BACK_MS = 120_000;
/** Native forgets a room that was silent for 10 minutes. It may be heard anew after that, never before. */
const FORGOTTEN_AFTER_MS = 660_000;
/** "Yes" and "thank you" are said again and again, and meant. */
const SHORTEST_DUPLICATE = 16;

export class Rooms {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  /** Rooms that native knows and when they were heard last, the longest silent first. */
  readonly #known = new Map<number, number>();
  readonly #arriving = new Map<number, Promise<void>>();

  constructor(store: Store, clock: Clock, fleet: Fleet) {
    this.#store = store;
    this.#clock = clock;
    this.#fleet = fleet;
  }

  /** Lets native hear what was said in a room before this process knew it. To be awaited before `hear`. */
  ready({ key, kind }: ConversationRow): Promise<void> | undefined {
    if (kind !== "room" || this.#known.has(key)) return undefined;
    const arriving = this.#arriving.get(key) ?? this.#recall(key).finally(() => this.#arriving.delete(key));
    this.#arriving.set(key, arriving);
    return arriving;
  }

  hear(room: number, sender: Sender, text: string, lane: Lane): Heard {
    this.#stir(room);
    return this.#fleet.hear(room, sender.kind === "human", lane === "voice" ? 0 : contentOf(sender, text));
  }

  unhear(room: number, number: number): void {
    if (!this.#fleet.over) this.#fleet.unhear(room, number);
  }

  /** The fleet has begun anew and has heard nothing. */
  forget(): void {
    this.#known.clear();
  }

  async #recall(room: number): Promise<void> {
    const since = this.#clock.now() - LOOKS_BACK_MS;
    const messages: readonly MessageRow[] = await this.#store.recent(room, REMEMBERED);
    if (this.#known.has(room)) return;
    this.#stir(room);
    for (const { sender, text, createdAt } of messages) {
      if (createdAt > since) this.#fleet.hear(room, sender.kind === "human", contentOf(sender, text));
    }
  }

  #stir(room: number): void {
    const now = this.#clock.now();
    this.#known.delete(room);
    this.#known.set(room, now);
    for (const [silent, heardAt] of this.#known) {
      if (heardAt > now - FORGOTTEN_AFTER_MS) break;
      this.#known.delete(silent);
    }
  }
}

/** Stands for who says what, whatever the case and the spaces. */
function contentOf(sender: Sender, text: string): number {
  const words = text.toLowerCase().replaceAll(/\s+/g, " ").trim();
  return words.length < SHORTEST_DUPLICATE ? 0 : fingerprint(`${sender.kind}/${sender.id}\n${words}`);
}
