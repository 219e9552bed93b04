/** The steps of a workload, gone through again and again, and what a call takes in it. */
import type { Step } from "./workload.ts";

const SLICE_MS = 2;
const COLD_MS = 50;
const CALLS_BETWEEN_LOOKS = 8;

export type Call = (step: Step, n: number) => void | Promise<void>;

/** The steps over and over: what is known at a step depends on those before it. */
export class Cycle {
  readonly #steps: readonly Step[];
  #next = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  call(call: Call): void | Promise<void> {
    const n = this.#next;
    this.#next = n + 1 === this.#steps.length ? 0 : n + 1;
    return call(this.#steps[n] as Step, n);
  }

  /** Goes on to the first step, and then through all. */
  async whole(call: Call): Promise<void> {
    while (this.#next !== 0) await this.call(call);
    for (let n = 0; n < this.#steps.length; n += 1) await this.call(call);
  }
}

/** Of the first 50 ms: processor time for each call, in microseconds. */
export async function cold(cycle: Cycle, call: Call): Promise<number> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let calls = 0;
  do {
    const done = cycle.call(call);
    if (done !== undefined) await done;
    calls += 1;
  } while (performance.now() - start < COLD_MS);
  return cpuUs(cpu) / calls;
}

/** Microseconds for each call, in slices of a few milliseconds; the first half of the time is for the compiler. */
export async function timed(cycle: Cycle, ms: number, call: Call): Promise<number> {
  const figures: number[] = [];
  const start = performance.now();
  while (performance.now() - start < 2 * ms || figures.length < 2) {
    let calls = 0;
    const at = performance.now();
    let now = at;
    do {
      const done = cycle.call(call);
      if (done !== undefined) await done;
      calls += 1;
      // Asking what time it is would take longer than some calls.
      if (calls % CALLS_BETWEEN_LOOKS === 0 || done !== undefined) now = performance.now();
    } while (now - at < SLICE_MS);
    if (at - start > ms || figures.length < 2) figures.push(((now - at) * 1_000) / calls);
  }
  return low(figures);
}

/** The tenth percentile: what the machine gives while nothing else takes it. */
export function low(figures: number[]): number {
  figures.sort((a, b) => a - b);
  return figures[Math.floor(figures.length / 10)] as number;
}

/** Processor time since then, in microseconds. */
export function cpuUs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}
