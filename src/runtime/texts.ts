/**
 * The messages of undecided items, so that a turn finds its texts without asking the store. A cache:
 * bounded by bytes, and what is not here is in the store.
 */
import type { MessageRow } from "../store/port.ts";

const DEFAULT_MAX_BYTES = 64 * 2 ** 20;

export class Texts {
  readonly #rows = new Map<number, MessageRow>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = DEFAULT_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  keep(item: number, message: MessageRow): void {
    this.#rows.set(item, message);
    this.#bytes += sizeOf(message);
    if (this.#bytes <= this.#maxBytes) return;
    // Many at once: to find the oldest, the map walks over all that were forgotten before it.
    for (const oldest of this.#rows.keys()) {
      if (this.#bytes <= 0.9 * this.#maxBytes) break;
      this.forget(oldest);
    }
  }

  get(item: number): MessageRow | undefined {
    return this.#rows.get(item);
  }

  forget(item: number): void {
    const row = this.#rows.get(item);
    if (row === undefined) return;
    this.#rows.delete(item);
    this.#bytes -= sizeOf(row);
  }
}

/** Two bytes for a UTF-16 unit, and what the row around it takes. */
const sizeOf = (row: MessageRow): number => 2 * row.text.length + 200;
