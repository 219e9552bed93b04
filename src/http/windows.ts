import type { Clock } from "../clock.ts";

/** How much of a window is used. */
export interface Used {
  readonly count: number;
  /** When the window ends. */
  readonly until: number;
}

/** Most windows that are open at once; beyond them the one that began first is forgotten. */
const MAX_WINDOWS = 100_000;

/** Counts per name, in windows of a minute that begin with the first count. */
export class Windows {
  readonly #clock: Clock;
  /** In the order in which they began. */
  readonly #open = new Map<string, { count: number; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
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

  /** Two for each that comes, so that those that are over become fewer; and the first, when there are too many. */
  #forget(now: number): void {
    let looked = 0;
    for (const [name, { until }] of this.#open) {
      if (looked >= 2 || (until > now && this.#open.size < MAX_WINDOWS)) return;
      this.#open.delete(name);
      looked += 1;
    }
  }
}
