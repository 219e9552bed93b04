/** The moments of items under a steady load. */
import { type Percentiles, percentilesOf } from "../support/meter.ts";

/** When items were due, armed and handled; others than those that were submitted here are ignored. */
export class Timed {
  /** How many were not handled yet. */
  left: number;
  readonly #places = new Map<number, number>();
  readonly #due: Float64Array;
  readonly #armed: Float64Array;
  readonly #handled: Float64Array;

  constructor(total: number) {
    this.left = total;
    this.#due = new Float64Array(total);
    this.#armed = new Float64Array(total);
    this.#handled = new Float64Array(total);
  }

  submitted(item: number, due: number): void {
    const place = this.#places.size;
    this.#places.set(item, place);
    this.#due[place] = due;
    this.#armed[place] = performance.now();
  }

  /** For a contender that has more to do before: the last moment counts. */
  armed(item: number): void {
    const place = this.#places.get(item);
    if (place !== undefined) this.#armed[place] = performance.now();
  }

  handled(item: number): void {
    this.#handled[this.#places.get(item) ?? Number.NaN] = performance.now();
    this.left -= 1;
  }

  latency(): Latency {
    const since = (from: Float64Array) => percentilesOf(this.#handled.map((at, n) => 1000 * (at - (from[n] ?? 0))));
    return { armed: since(this.#armed), due: since(this.#due) };
  }
}

/** In microseconds. */
export interface Latency {
  /** From the moment at which the contender has the item and may hand it out. */
  readonly armed: Percentiles;
  /** From the moment at which the item was due in the other thread: what comes late or waits to be armed counts. */
  readonly due: Percentiles;
}
