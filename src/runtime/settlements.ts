/** Writes settlements into the store, again and again if it refuses. Those of one item follow each other. */
import { type Clock, within } from "../clock.ts";
import { type ErrorCode, PersonaError } from "../errors.ts";
import type { Settle, Settled, Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import type { LiveTurn } from "./live-turn.ts";
import type { Sessions } from "./sessions.ts";

/** A settlement that the store refused is written again after these pauses, then after the longest one for ever. */
const REPEAT_AFTER_MS = [1_000, 4_000];
const LONGEST_PAUSE_MS = 16_000;
/** After these there is nobody to write it to. */
const FINAL: ReadonlySet<ErrorCode> = new Set(["store_fenced", "runtime_closed"]);

export class Settlements {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #sessions: Sessions;
  readonly #lost: (error: PersonaError) => void;
  readonly #warn: (warning: PersonaWarning) => void;
  /** Those that are written again, by item. */
  readonly #repeated = new Map<number, Promise<unknown>>();
  readonly #closing = Promise.withResolvers<void>();
  #isClosing = false;

  constructor(options: {
    store: Store;
    clock: Clock;
    sessions: Sessions;
    /** The store is not ours any more. */
    lost: (error: PersonaError) => void;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#sessions = options.sessions;
    this.#lost = options.lost;
    this.#warn = options.warn;
  }

  /** Resolves to what the store has said; to undefined where nothing was written and will not be. */
  async write(turn: LiveTurn | undefined, command: Settle): Promise<Settled | undefined> {
    // What is decided next about an item must not overtake what is still being repeated.
    if (this.#repeated.size > 0) for (const { item } of command.decisions) await this.#repeated.get(item);
    try {
      return await this.#settle(turn, command);
    } catch (cause) {
      const repeated = this.#repeat(turn, command, cause);
      for (const { item } of command.decisions) this.#repeated.set(item, repeated);
      const settled = await repeated;
      for (const { item } of command.decisions) this.#repeated.delete(item);
      return settled;
    }
  }

  /** What the store refuses from now on is not written again. */
  close(): void {
    this.#isClosing = true;
    this.#closing.resolve();
  }

  async #repeat(turn: LiveTurn | undefined, command: Settle, first: unknown): Promise<Settled | undefined> {
    let cause = first;
    for (let attempt = 0; ; attempt += 1) {
      this.#warn({ code: "settle_failed", message: "A settlement could not be written", cause });
      if (cause instanceof PersonaError && FINAL.has(cause.code)) {
        this.#lost(cause);
        return undefined;
      }
      if (this.#isClosing) return undefined;
      await within(this.#clock, REPEAT_AFTER_MS[attempt] ?? LONGEST_PAUSE_MS, this.#closing.promise);
      try {
        return await this.#settle(turn, command);
      } catch (next) {
        cause = next;
      }
    }
  }

  #settle(turn: LiveTurn | undefined, command: Settle): Promise<Settled> {
    return turn === undefined ? this.#store.settle(command) : this.#sessions.settle(turn, command);
  }
}
