/** What a stretch of work cost this process. */
import { monitorEventLoopDelay } from "node:perf_hooks";

export interface Cost {
  readonly seconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
  /** How late a timer of 1 ms rang meanwhile, in milliseconds. */
  readonly delayMs: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION_MS = 1;

export async function costOf(work: () => Promise<void>): Promise<Cost> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  // One more ring of its timer, so that a block which has just ended is counted.
  await new Promise((resolve) => setTimeout(resolve, 2 * RESOLUTION_MS));
  histogram.disable();
  // The histogram holds the whole interval between two rings.
  const late = (ns: number) => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  const [p50, p99, max] = [histogram.percentile(50), histogram.percentile(99), histogram.max].map(late);
  return { seconds, cpuSeconds: (user + system) / 1e6, delayMs: { p50: p50 ?? 0, p99: p99 ?? 0, max: max ?? 0 } };
}

/** Of samples in any order, which are sorted by this. */
export function percentilesOf(samples: Float64Array): Percentiles {
  samples.sort();
  const at = (share: number) => samples[Math.max(0, Math.ceil(samples.length * share) - 1)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
