/** Case: what personas cost that have nothing to do. */
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { measured } from "../support/isolated.ts";
import { costOf } from "../support/meter.ts";
import { CheckedWork } from "./checked-work.ts";
import { type ContenderName, openContender } from "./contenders.ts";
import { wakeUps } from "./wake-ups.ts";

export interface IdleOptions {
  /** Nobody: the empty process. */
  readonly contender: ContenderName | "nobody";
  readonly personas: number;
  readonly seconds: number;
}

export interface Idle {
  readonly wakeUpsPerSecond: number;
  readonly loopTurnsPerSecond: number;
  readonly cpuMsPerSecond: number;
  /** What the personas added, without the code, after a collection of garbage. */
  readonly rssBytes: number;
  /** JavaScript heap and array buffers. */
  readonly heapBytes: number;
  /** As the contender counts it itself. */
  readonly nativeBytes: number;
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Wake-ups, and turns of the loop, by the timer that ends the measurement. */
const OWN = 1;
/** So little done in so long is calm; it is looked for so often at most. */
const CALM = { cpuMs: 2, inMs: 100, tries: 30 };

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

await measured(async ({ contender: name, personas, seconds }: IdleOptions): Promise<Idle> => {
  // The arrays of the check are no part of what is measured.
  const work = new CheckedWork(0);
  const open = async (personas: number) => (name === "nobody" ? undefined : openContender(name, personas, work));
  // So that its code is there, which is no part of what each persona costs.
  await (await open(1))?.close?.();
  const before = memory();
  const contender = await open(personas);
  const after = memory();
  await calm();

  const start = snapshot();
  await sleep(1000 * seconds);
  const end = snapshot();
  const perSecond = (key: keyof typeof start, own = 0) => (end[key] - start[key] - own) / ((end.at - start.at) / 1000);
  // Apart, because its timer of 1 ms wakes the loop itself.
  const { delayMs } = await costOf(() => sleep(500 * seconds));
  const nativeBytes = contender?.nativeBytes ?? 0;
  await contender?.close?.();
  return {
    wakeUpsPerSecond: perSecond("wakeUps", OWN),
    loopTurnsPerSecond: perSecond("loopTurns", OWN),
    cpuMsPerSecond: perSecond("cpuMs"),
    rssBytes: after.rss - before.rss,
    heapBytes: after.heap - before.heap,
    nativeBytes,
    delayMs,
  };
});

/** Resolves when late compilation and the collection of garbage are over; a contender that is never calm is not waited for. */
async function calm(): Promise<void> {
  for (let tries = 0; tries < CALM.tries; tries += 1) {
    const before = cpuMs();
    await sleep(CALM.inMs);
    if (cpuMs() - before < CALM.cpuMs) return;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function snapshot() {
  return {
    at: performance.now(),
    cpuMs: cpuMs(),
    wakeUps: wakeUps(),
    loopTurns: performance.nodeTiming.uvMetricsInfo.loopCount,
  };
}

function memory() {
  collect();
  collect();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { rss, heap: heapUsed + arrayBuffers };
}
