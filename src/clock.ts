/**
 * Time as an argument. One clock for the whole process: wall time at start plus the monotonic time
 * since, so that it never jumps when somebody sets the machine's clock.
 */
export interface Clock {
  /** Milliseconds since 1970, never going back. */
  now(): number;
  /** Calls `wake` once at or after `at`; until then the process stays alive, unless it may end. Returns the cancellation. */
  at(at: number, wake: () => void, options?: { readonly mayEnd?: boolean }): () => void;
}

/** Node refuses longer timers (2^31 - 1 ms); a later moment is reached in several steps. */
const LONGEST_TIMER_MS = 2_147_483_647;

export function systemClock(): Clock {
  const origin = Date.now() - performance.now();
  const now = () => Math.floor(origin + performance.now());
  return {
    now,
    at(at, wake, { mayEnd = false } = {}) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const wait = Math.max(0, at - now());
        timer = setTimeout(() => (at > now() ? arm() : wake()), Math.min(wait, LONGEST_TIMER_MS));
        if (mayEnd) timer.unref();
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

/** Resolves when `done` does, or when `ms` are over. */
export async function within(clock: Clock, ms: number, done: Promise<void>): Promise<void> {
  let cancel = () => {};
  const over = new Promise<void>((resolve) => {
    cancel = clock.at(clock.now() + ms, resolve);
  });
  await Promise.race([done, over]);
  cancel();
}

/** A clock that stands still until it is moved: a whole day of a fleet passes in a test in milliseconds. */
export class ManualClock implements Clock {
  #now: number;
  #alarms: { at: number; wake: () => void }[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  at(at: number, wake: () => void): () => void {
    const alarm = { at, wake };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** Moves the time forward; alarms that come due on the way ring at their own moment, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#alarms.filter((alarm) => alarm.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#alarms = this.#alarms.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.wake();
    }
    this.#now = end;
  }
}
