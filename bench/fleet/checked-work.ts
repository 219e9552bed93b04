/** Handles items, and ends the process at the first that a contender gets wrong. */
import type { Work } from "./contenders.ts";

/** What handling an item takes: nothing but a turn of the microtasks unless it gives a promise. */
export type Thinks = (persona: number, item: number) => Promise<void> | undefined;

interface Part {
  readonly thinks?: Thinks;
  readonly armed?: (item: number) => void;
}

export class CheckedWork implements Work {
  /** The last item of each persona. */
  readonly #last: Float64Array;
  readonly #busy: Uint8Array;
  readonly #part: Part;
  /** How many items were settled. */
  done = 0;
  /** Called after each settled item. */
  onSettled: () => void = () => {};

  constructor(personas: number, part: Part = {}) {
    this.#last = new Float64Array(personas);
    this.#busy = new Uint8Array(personas);
    this.#part = part;
  }

  armed(item: number): void {
    this.#part.armed?.(item);
  }

  async handle(persona: number, item: number): Promise<void> {
    if (this.#busy[persona] !== 0) fault(`Persona ${persona} was given item ${item} while it was busy.`);
    if (!(item > (this.#last[persona] ?? 0))) fault(`Persona ${persona} was given item ${item} twice or out of order.`);
    this.#busy[persona] = 1;
    this.#last[persona] = item;
    await this.#part.thinks?.(persona, item);
    this.#busy[persona] = 0;
  }

  settled(item: number): void {
    if (!(item > 0)) fault("An item was answered with something else.");
    this.done += 1;
    this.onSettled();
  }
}

/** Not as an exception of the caller, which a contender may take for a failed attempt. */
function fault(message: string): void {
  queueMicrotask(() => {
    throw new Error(message);
  });
}
