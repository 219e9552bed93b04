/**
 * Time as an argument. One clock for the whole process, which never goes back. It is the machine's: when that is set back,
 * this one goes slower until they agree again; when that is far ahead, since the machine slept or was set right, this one
 * is moved forward at once. Moments (`at`) come earlier then, patience (`after`) does not run out.
 */
export interface Clock {
  /** Milliseconds since 1970, never going back. */
  now(): number;
  /** Calls `wake` once at or after `at`; until then the process stays alive, unless it may end. Returns the cancellation. */
  at(at: number, wake: () => void, options?: AlarmOptions): () => void;
  /** Milliseconds by which it has been moved forward since it was made. Default: it never is. */
  readonly stepped?: number;
}

export interface AlarmOptions {
  readonly mayEnd?: boolean;
}

/** Of one machine, in milliseconds: since 1970, as it was set, and a time that only ever grows, but may stand still in sleep. */
export interface MachineTime {
  wall(): number;
  monotonic(): number;
}

/** A clock may be so far behind the machine's before it is moved. */
const MAX_BEHIND_MS = 1_000;
/** How fast a clock goes that is ahead of the machine's: deadlines are late by a ninth at most. */
const AHEAD_PACE = 0.9;
/** Timers stand still while the machine sleeps: who waits for a moment looks at the clock so often. */
const LOOK_MS = 60_000;

let ofThisProcess: Clock | undefined;

/** The clock of this process, always the same one. */
export function systemClock(): Clock {
  ofThisProcess ??= clockOf({ wall: () => Date.now(), monotonic: () => performance.now() });
  return ofThisProcess;
}

/** A clock that goes by these two; its alarms ring by Node's timers. */
export function clockOf({ wall, monotonic }: MachineTime): Clock {
  let time = wall();
  let readAt = monotonic();
  let lookedAt = Number.NaN;
  let stepped = 0;
  const now = () => {
    const onWall = wall();
    // Every message asks for the time eight times, and most of them in the same millisecond.
    if (onWall === lookedAt) return Math.floor(time);
    lookedAt = onWall;
    const reading = monotonic();
    const passed = reading - readAt;
    readAt = reading;
    const behind = onWall - (time + passed);
    if (behind > MAX_BEHIND_MS) {
      stepped += Math.round(behind);
      time = onWall;
    } else time = behind < 0 ? Math.max(onWall, time + AHEAD_PACE * passed) : time + passed;
    return Math.floor(time);
  };
  return {
    now,
    get stepped() {
      return stepped;
    },
    at(at, wake, { mayEnd = false } = {}) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const wait = Math.max(0, at - now());
        timer = setTimeout(() => (at > now() ? arm() : wake()), Math.min(wait, LOOK_MS));
        if (mayEnd) timer.unref();
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

/** Calls `wake` once, `ms` from now, and later by as much as the clock is moved forward meanwhile. Returns the cancellation. */
export function after(clock: Clock, ms: number, wake: () => void, options?: AlarmOptions): () => void {
  const start = clock.now();
  let { stepped = 0 } = clock;
  const ring = () => {
    const moved = (clock.stepped ?? 0) - stepped;
    if (moved === 0) return wake();
    stepped += moved;
    until += moved;
    cancel = clock.at(until, ring, options);
  };
  let until = start + ms;
  let cancel = clock.at(until, ring, options);
  return () => cancel();
}

/** Resolves when `done` does, or when `ms` are over. */
export async function within(clock: Clock, ms: number, done: Promise<void>): Promise<void> {
  let cancel = () => {};
  const over = new Promise<void>((resolve) => {
    cancel = after(clock, ms, resolve);
  });
  await Promise.race([done, over]);
  cancel();
}

/** A clock that stands still until it is moved: a whole day of a fleet passes in a test in milliseconds. */
export class ManualClock implements Clock {
  #now: number;
  #stepped = 0;
  #alarms: { at: number; wake: () => void }[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  get stepped(): number {
    return this.#stepped;
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
    this.#now = Math.max(this.#now, end);
  }

  /** Moves the time forward at once, as that of a machine that slept: alarms that lay between ring late, at the new time. */
  step(ms: number): void {
    this.#now += ms;
    this.#stepped += ms;
    this.advance(0);
  }
}
