/** Brings items back into native memory that had been put aside there and waited in the store only. */
import { after, type Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { FedItem, Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";

/** A store that cannot be read now may be later. */
const AGAIN_AFTER_MS = 1_000;

export class Paging {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #arm: (items: readonly FedItem[]) => void;
  readonly #warn: (warning: PersonaWarning) => void;
  /** One page after the other: items of one conversation must come in their order. */
  #last: Promise<void> = Promise.resolve();
  /** Grows when nothing that was asked for is wanted any more. */
  #life = 0;
  /** Ends the pause before the next try, if there is one. */
  #endPause = () => {};

  constructor(options: {
    store: Store;
    clock: Clock;
    arm: (items: readonly FedItem[]) => void;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#arm = options.arm;
    this.#warn = options.warn;
  }

  bring(keys: readonly number[]): void {
    const life = this.#life;
    this.#last = this.#last.then(() => this.#bring(keys, life));
  }

  /** The fleet that asked is no more. */
  stop(): void {
    this.#life += 1;
    this.#endPause();
  }

  async #bring(keys: readonly number[], life: number): Promise<void> {
    while (life === this.#life) {
      try {
        const items = await this.#store.items(keys);
        if (life !== this.#life) return;
        if (items.length < keys.length)
          throw new PersonaError("store_corrupt", "The store has lost items that wait; restore it from a backup");
        this.#arm(items);
        return;
      } catch (cause) {
        if (life !== this.#life) return;
        this.#warn({ code: "paging_failed", message: "Items that wait in the store could not be read", cause });
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = after(this.#clock, AGAIN_AFTER_MS, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
