/** The JavaScript side of the thread in `src/threaded.rs`. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../src/clock.ts";
import * as layout from "../../src/layout.ts";
import type { Fleet } from "../../src/runtime/fleet.ts";
import { type ArmedItem, type FormedTurn, packItem, turnsOf } from "../../src/runtime/packed.ts";

/** Built by `bench/driver.ts`; Node.js loads a library by this ending only. */
export const ADDON = fileURLToPath(new URL("../../target/bench-driver.node", import.meta.url));

interface Addon {
  threadedCreate(maxTurnsInFlight: number, now: number, slots: Float64Array, wake: () => void): object;
  threadedSubmit(handle: object, operations: Float64Array): void;
  threadedPull(handle: object, batch: Float64Array): void;
  threadedClose(handle: object): void;
}

export class ThreadedFleet implements Pick<Fleet, "arm" | "complete" | "close"> {
  readonly #addon = createRequire(import.meta.url)(ADDON) as Addon;
  readonly #native: object;
  readonly #turns: (formed: readonly FormedTurn[]) => void;
  readonly #batch = new Float64Array(layout.BATCH_SIZE);
  /** The wake is weak, so something else has to keep the process alive: inline the timer of the next deadline does. */
  readonly #alive = setInterval(() => {}, 2 ** 31 - 1);
  #operations = new Float64Array(256 * layout.OP_SIZE);
  #pending = 0;

  /** Enrolls as many personas as there are `slots`, and writes their handles there. */
  constructor(max: number, clock: Clock, slots: Float64Array, turns: (formed: readonly FormedTurn[]) => void) {
    this.#turns = turns;
    this.#native = this.#addon.threadedCreate(max, clock.now(), slots, this.#pull);
  }

  arm(item: ArmedItem, slot: number, flags: number): void {
    const at = this.#operation(layout.OP_ARM);
    packItem(this.#operations, at, item, slot, flags);
  }

  complete(turn: number, outcome: (typeof layout.OUTCOME)[number]): void {
    const at = this.#operation(layout.OP_COMPLETE);
    this.#operations[at + layout.COMPLETE_TURN] = turn;
    this.#operations[at + layout.COMPLETE_OUTCOME] = layout.OUTCOME.indexOf(outcome);
    this.#operations[at + layout.COMPLETE_RETRY_AT] = Number.NaN;
  }

  close(): void {
    clearInterval(this.#alive);
    this.#addon.threadedClose(this.#native);
  }

  #operation(op: number): number {
    const at = this.#pending * layout.OP_SIZE;
    if (at === this.#operations.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#operations);
      this.#operations = larger;
    }
    this.#operations[at] = op;
    // The thread can begin while this turn of the event loop goes on, so it need not wait for its end.
    if (this.#pending === 0) queueMicrotask(this.#submit);
    this.#pending += 1;
    return at;
  }

  readonly #submit = (): void => {
    this.#addon.threadedSubmit(this.#native, this.#operations.subarray(0, this.#pending * layout.OP_SIZE));
    this.#pending = 0;
  };

  /** One batch in each turn of the event loop, as inline. */
  readonly #pull = (): void => {
    this.#addon.threadedPull(this.#native, this.#batch);
    if (this.#batch[layout.HEAD_MORE] === 1) setImmediate(this.#pull);
    this.#turns(turnsOf(this.#batch));
  };
}
