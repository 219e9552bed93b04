import type { Clock } from "../clock.ts";

/** How much of a window is used. */
export interface Used {
  readonly count: number;
  /** When the window ends. */
  readonly until: number;
}

/** Counts per name, in windows of a minute that begin with the first count. */
export class Windows {
  readonly #clock: Clock;
  readonly #max: number;
  /** In the order in which they began. */
  readonly #open = new Map<string, { count: number; readonly until: number }>();

  /** @param max Most windows that are open at once; beyond them those that began first are forgotten. */
  constructor(clock: Clock, max = 100_000) {
    this.#clock = clock;
    this.#max = max;
  }

  get size(): number {
    return this.#open.size;
  }

  count(name: string): Used {
    const now = this.#clock.now();
    const open = this.#open.get(name);
    if (open !== undefined && open.until > now) {
      open.count += 1;
      return open;
    }
    this.#open.delete(name);
    this.#forget(now);
    const begun = { count: 1, until: now + 60_000 };
    this.#open.set(name, begun);
    return begun;
  }

  /** Two for each that comes, so that those that are over become fewer. */
  #forget(now: number): void {
    let forgotten = 0;
    for (const [name, { until }] of this.#open) {
      if (forgotten === 2 || (until > now && this.#open.size < this.#max)) return;
      this.#open.delete(name);
      forgotten += 1;
    }
  }
}
