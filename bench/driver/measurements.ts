/** One measurement of one driver, in a process of its own; `bench/driver.ts` says what each is. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { measured } from "../support/isolated.ts";
import { costOf, percentilesOf } from "../support/meter.ts";
import { clock } from "../support/open-fleet.ts";
import { type Driver, type DriverName, openDriver } from "./drivers.ts";

/** Values by name and unit. */
export type Figures = Readonly<Record<string, number>>;

const MEASUREMENTS = {
  async idle(name) {
    const samples = new Float64Array(500);
    let handled = (_turn: number): void => {};
    const driver = openDriver(name, 1_000, (turn) => handled(turn));
    for (let n = 0; n < samples.length; n += 1) {
      // So that the thread, or the loop, has really gone to sleep.
      await sleep(2);
      const { promise, resolve } = Promise.withResolvers<number>();
      const start = performance.now();
      handled = (turn) => {
        samples[n] = 1000 * (performance.now() - start);
        resolve(turn);
      };
      driver.arm(n + 1);
      driver.complete(await promise);
    }
    driver.close();
    const { p50, p99 } = percentilesOf(samples);
    return { "p50 µs": p50, "p99 µs": p99 };
  },

  async load(name) {
    const { lateMs, cpuPercent } = await underLoad(name, { personas: 100_000, perSecond: 20_000 });
    return { "p50 µs": 1000 * lateMs.p50, "p99 µs": 1000 * lateMs.p99, "CPU %": cpuPercent };
  },

  async million(name) {
    const { lateMs, delayMs } = await underLoad(name, { personas: 1_000_000, perSecond: 20_000 });
    return {
      "p99 µs": 1000 * lateMs.p99,
      "event-loop delay p99 ms": delayMs.p99,
      "event-loop delay max ms": delayMs.max,
    };
  },

  async throughput(name) {
    const total = 500_000;
    const seen = onlyOnce(total);
    const finished = Promise.withResolvers<void>();
    let armed = 0;
    let left = total;
    const driver: Driver = openDriver(name, 10_000, (turn, item) => {
      seen(item);
      driver.complete(turn);
      left -= 1;
      if (armed < total) driver.arm(++armed);
      else if (left === 0) finished.resolve();
    });
    const { seconds, cpuSeconds } = await costOf(async () => {
      while (armed < 1_024) driver.arm(++armed);
      await finished.promise;
    });
    driver.close();
    return { "items/s": total / seconds, "CPU µs per item": (cpuSeconds / total) * 1e6 };
  },

  async blocked(name) {
    const block = setInterval(() => {
      for (const end = performance.now() + 100; performance.now() < end; );
    }, 300);
    const { lateMs } = await underLoad(name, { personas: 100_000, perSecond: 5_000, dueInMs: 50 });
    clearInterval(block);
    return { "p50 ms": lateMs.p50, "p99 ms": lateMs.p99 };
  },

  async asleep(name) {
    const driver = openDriver(name, 1_000_000, () => {});
    for (let key = 1; key <= 10_000; key += 1) driver.arm(key, clock.now() + 3_600_000);
    await sleep(500);
    const wakes = () => process.resourceUsage().voluntaryContextSwitches;
    const [cpuBefore, wakesBefore, seconds] = [process.cpuUsage(), wakes(), 3];
    await sleep(1000 * seconds);
    const { user, system } = process.cpuUsage(cpuBefore);
    const figures = { "wake-ups/s": (wakes() - wakesBefore) / seconds, "CPU ms/s": (user + system) / 1000 / seconds };
    driver.close();
    return figures;
  },

  async teardown(name) {
    const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData: name });
    await once(worker, "message");
    const start = performance.now();
    await worker.terminate();
    return { ms: performance.now() - start };
  },
} satisfies Record<string, (name: DriverName) => Promise<Figures>>;

interface Load {
  readonly personas: number;
  readonly perSecond: number;
  /** Each item may go so long after it was armed, and is late from then on. Default: at once. */
  readonly dueInMs?: number;
}

/** Arms items for three seconds at a steady pace and completes each turn at once. */
async function underLoad(name: DriverName, { personas, perSecond, dueInMs }: Load) {
  const total = 3 * perSecond;
  const due = new Float64Array(total + 1);
  const late = new Float64Array(total);
  const seen = onlyOnce(total);
  const finished = Promise.withResolvers<void>();
  let left = total;
  const driver: Driver = openDriver(name, personas, (turn, item) => {
    seen(item);
    late[item - 1] = performance.now() - (due[item] ?? 0);
    driver.complete(turn);
    left -= 1;
    if (left === 0) finished.resolve();
  });
  const { delayMs, cpuSeconds, seconds } = await costOf(async () => {
    const start = performance.now();
    let armed = 0;
    const pace = setInterval(() => {
      const now = performance.now();
      const wanted = Math.min(total, Math.floor(((now - start) / 1000) * perSecond));
      while (armed < wanted) {
        armed += 1;
        due[armed] = now + (dueInMs ?? 0);
        driver.arm(armed, dueInMs && clock.now() + dueInMs);
      }
    }, 1);
    await finished.promise;
    clearInterval(pace);
  });
  driver.close();
  return { lateMs: percentilesOf(late), delayMs, cpuPercent: (100 * cpuSeconds) / seconds };
}

/** Throws when it is given an item, 1 to `total`, a second time. */
function onlyOnce(total: number): (item: number) => void {
  const seen = new Uint8Array(total + 1);
  return (item) => {
    if (seen[item] !== 0) throw new Error(`Item ${item} was handed out twice, or never armed.`);
    seen[item] = 1;
  };
}

await measured<{ driver: DriverName; measurement: keyof typeof MEASUREMENTS }, Figures>(({ driver, measurement }) =>
  MEASUREMENTS[measurement](driver),
);
