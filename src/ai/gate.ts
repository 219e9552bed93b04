/**
 * The gate before one provider: how many calls it may have at once, its breaker, and the throttle it asked for. There
 * is one for all personas of all runtimes that share it. Nobody polls: whoever finds it shut waits, and is called
 * when there is room, in the order in which they came; turns that run come before personas that would begin one.
 *
 * Five calls in a row that fail open the breaker for 30 s; then one call may try, and each try that fails too doubles
 * the pause, up to 10 minutes, ±10 %. A throttle is no failure.
 */
import type { Clock } from "../clock.ts";
import type { Obstacle } from "../cognition/admission.ts";
import type { ProviderStatus } from "../types.ts";

const FAILURES_TO_OPEN = 5;
const OPEN_MS = 30_000;
const LONGEST_OPEN_MS = 600_000;
/** How long it is left alone when it throttles without saying until when: twice as long each time in a row. */
const THROTTLE_MS = 1_000;
const LONGEST_UNSAID_THROTTLE_MS = 60_000;
/** What it may ask for itself. */
const SHORTEST_THROTTLE_MS = 100;
const LONGEST_THROTTLE_MS = 600_000;

/** Room for one call. The first of its ends counts; what comes after changes nothing. */
export interface Lease {
  /** The call goes out. */
  start(): void;
  succeed(): void;
  fail(): void;
  /** `afterMs`: for how long it asked to be left alone, if it said so. */
  throttle(afterMs: number | undefined): void;
  /** The call said nothing about the provider, or was never made. */
  drop(): void;
}

export interface Waiter {
  /** Called once. There is room kept for this guest for a moment, unless it might do better elsewhere. */
  readonly again: () => void;
  /** Whether it would rather go elsewhere than wait for a gate that is shut. */
  readonly roams: boolean;
  /** Whether its turn runs already. */
  readonly runs: boolean;
}

export class Gate {
  readonly name: string;
  readonly maxConcurrent: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  /** Since the breaker opened: how many tries have failed, and when the next one may come. */
  #opened: { readonly times: number; readonly until: number } | undefined;
  #isProbing = false;
  /** Grows when the breaker opens or closes: what began before says nothing any more. */
  #generation = 0;
  #throttledUntil = 0;
  #throttlesInRow = 0;
  #inFlight = 0;
  #calls = 0;
  #failed = 0;
  #throttled = 0;
  /** Turns that run, and personas that would begin one; each in the order in which they came. */
  readonly #inside = new Map<object, Waiter>();
  readonly #outside = new Map<object, Waiter>();
  /** Guests that were called; room is kept for them. */
  readonly #called = new Set<object>();
  #cancelAlarm: (() => void) | undefined;

  /** `random` gives numbers in 0..1, for the jitter. */
  constructor(options: { name: string; maxConcurrent: number; clock: Clock; random: () => number }) {
    this.name = options.name;
    this.maxConcurrent = options.maxConcurrent;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Room for one call of this guest; undefined when `obstacle` is in the way. */
  enter(guest: object): Lease | undefined {
    this.#called.delete(guest);
    if (this.#room() <= 0) return undefined;
    if (this.#opened !== undefined) this.#isProbing = true;
    this.#inFlight += 1;
    return this.#lease();
  }

  /** Why there is no room, where there is none. */
  get obstacle(): Obstacle {
    const now = this.#clock.now();
    if (this.#opened !== undefined && (now < this.#opened.until || this.#isProbing)) return "provider_open";
    return now < this.#throttledUntil ? "provider_throttled" : "provider_busy";
  }

  /** When it ends by itself, if that is known. */
  get until(): number | undefined {
    const until = Math.max(this.#opened?.until ?? 0, this.#throttledUntil);
    return until > this.#clock.now() ? until : undefined;
  }

  /** Calls the waiter once, when it is worth entering. Gives the cancellation. */
  wait(guest: object, waiter: Waiter): () => void {
    const queue = waiter.runs ? this.#inside : this.#outside;
    queue.set(guest, waiter);
    this.#call();
    return () => {
      if (queue.delete(guest) || this.#called.delete(guest)) this.#call();
    };
  }

  status(): ProviderStatus {
    const now = this.#clock.now();
    const state = this.#opened === undefined ? "closed" : now < this.#opened.until ? "open" : "half_open";
    return {
      name: this.name,
      state,
      failures: this.#opened?.times ?? this.#failures,
      halfOpenAt: state === "open" ? this.#opened?.until : undefined,
      throttledUntil: now < this.#throttledUntil ? this.#throttledUntil : undefined,
      inFlight: this.#inFlight,
      maxConcurrent: this.maxConcurrent,
      waiting: this.#inside.size + this.#outside.size,
      calls: this.#calls,
      failed: this.#failed,
      throttled: this.#throttled,
    };
  }

  /** How many may come in now. */
  #room(): number {
    if (this.until !== undefined) return 0;
    const room = this.maxConcurrent - this.#inFlight - this.#called.size;
    if (this.#opened === undefined) return room;
    return this.#isProbing || this.#called.size > 0 ? 0 : Math.min(1, room);
  }

  #lease(): Lease {
    const generation = this.#generation;
    let isOver = false;
    const end = (learn: (isCurrent: boolean) => void) => () => {
      if (isOver) return;
      isOver = true;
      this.#inFlight -= 1;
      const isCurrent = generation === this.#generation;
      if (isCurrent) this.#isProbing = false;
      learn(isCurrent);
      this.#call();
    };
    return {
      start: () => {
        this.#calls += 1;
      },
      succeed: end((isCurrent) => {
        this.#throttlesInRow = 0;
        if (isCurrent) this.#close();
      }),
      fail: end((isCurrent) => {
        this.#failed += 1;
        if (isCurrent) this.#fail();
      }),
      throttle: (afterMs) => end(() => this.#throttle(afterMs))(),
      drop: end(() => {}),
    };
  }

  #close(): void {
    this.#failures = 0;
    if (this.#opened === undefined) return;
    this.#opened = undefined;
    this.#generation += 1;
  }

  #fail(): void {
    if (this.#opened === undefined) {
      this.#failures += 1;
      if (this.#failures < FAILURES_TO_OPEN) return;
    }
    const times = this.#opened === undefined ? 0 : this.#opened.times + 1;
    const pause = Math.min(OPEN_MS * 2 ** times, LONGEST_OPEN_MS);
    this.#opened = { times, until: this.#clock.now() + this.#spread(pause) };
    this.#generation += 1;
    this.#sendAway();
  }

  #throttle(afterMs: number | undefined): void {
    this.#throttled += 1;
    const unsaid = () => this.#spread(Math.min(THROTTLE_MS * 2 ** this.#throttlesInRow, LONGEST_UNSAID_THROTTLE_MS));
    const pause = Math.min(Math.max(afterMs ?? unsaid(), SHORTEST_THROTTLE_MS), LONGEST_THROTTLE_MS);
    this.#throttlesInRow += 1;
    this.#throttledUntil = Math.max(this.#throttledUntil, this.#clock.now() + Math.ceil(pause));
    this.#sendAway();
  }

  /** ±10 % */
  #spread(pause: number): number {
    return Math.round(pause * (0.9 + 0.2 * this.#random()));
  }

  /** It is shut: whoever may do better elsewhere looks there. */
  #sendAway(): void {
    for (const queue of [this.#inside, this.#outside]) {
      for (const [guest, { roams, again }] of queue) {
        if (!roams) continue;
        queue.delete(guest);
        again();
      }
    }
  }

  /** Calls as many as there is room for, or sees to it that they are called when its time comes. */
  #call(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    if (this.#inside.size + this.#outside.size === 0) return;
    const { until } = this;
    if (until !== undefined) {
      this.#cancelAlarm = this.#clock.at(until, () => this.#call());
      return;
    }
    const called = this.#take(this.#room());
    if (called.length === 0) return;
    for (const [, { again }] of called) again();
    // Who has found something else to do by then (its items are gone, it was put to sleep) keeps no room.
    setImmediate(() =>
      setImmediate(() => {
        for (const [guest] of called) this.#called.delete(guest);
        this.#call();
      }),
    );
  }

  /** The next that wait, and keeps room for them. */
  #take(count: number): [object, Waiter][] {
    const taken: [object, Waiter][] = [];
    for (const queue of [this.#inside, this.#outside]) {
      for (const entry of queue) {
        if (taken.length >= count) return taken;
        queue.delete(entry[0]);
        this.#called.add(entry[0]);
        taken.push(entry);
      }
    }
    return taken;
  }
}
