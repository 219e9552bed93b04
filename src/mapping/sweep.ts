/** Clears away the rows of whoever never comes back, beside what is written anyway: no timer does it. */
import type { Clock } from "../clock.ts";

const HOUR_MS = 3_600_000;
/** Rows that go at once. */
const MOST = 1_000;

export class Sweep {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #drop: (before: number, limit: number) => Promise<number>;
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** @param drop Removes at most `limit` rows of before a time, and resolves to how many. */
  constructor(clock: Clock, keptMs: number, drop: (before: number, limit: number) => Promise<number>) {
    this.#clock = clock;
    this.#keptMs = keptMs;
    this.#drop = drop;
  }

  /** Once an hour, and again with the next write while there are more: so there never come more than go. */
  async run(): Promise<void> {
    const now = this.#clock.now();
    if (Math.abs(now - this.#sweptAt) < HOUR_MS) return;
    this.#sweptAt = now;
    const dropped = await this.#drop(now - this.#keptMs, MOST);
    if (dropped === MOST) this.#sweptAt = Number.NEGATIVE_INFINITY;
  }
}
