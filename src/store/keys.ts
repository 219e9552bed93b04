import type { Clock } from "../clock.ts";
import { nextKey } from "../ids.ts";
import { KEY_KINDS, type KeyKind } from "./port.ts";

/** Gives keys out; each kind counts for itself. */
export class Keys {
  readonly #clock: Clock;
  readonly #last: Record<KeyKind, number>;

  /** @param last The greatest key given by an earlier owner of the same database. */
  constructor(clock: Clock, last = 0) {
    this.#clock = clock;
    this.#last = Object.fromEntries(KEY_KINDS.map((kind) => [kind, last])) as Record<KeyKind, number>;
  }

  /** The greatest key given so far. */
  get last(): number {
    return Math.max(...Object.values(this.#last));
  }

  allocate(kind: KeyKind, count = 1): number {
    const first = nextKey(this.#clock.now(), this.#last[kind]);
    this.#last[kind] = first + count - 1;
    return first;
  }
}
