/** A thread that says at a steady pace how many items are due by now, however busy the main thread is. */
import { parentPort, workerData } from "node:worker_threads";
import { moment } from "./moment.ts";

export interface Pace {
  readonly perSecond: number;
  readonly total: number;
}

/** How long it sleeps between two looks at the clock. */
const NAP_MS = 0.25;

const { perSecond, total } = workerData as Pace;
const never = new Int32Array(new SharedArrayBuffer(4));
// The first message is the `moment` at which it begins; item number n, from 1 up, is due n / `perSecond` seconds later.
const start = moment();
parentPort?.postMessage(start);
for (let told = 0; told < total; ) {
  Atomics.wait(never, 0, 0, NAP_MS);
  const due = Math.min(total, Math.floor(((moment() - start) / 1000) * perSecond));
  if (due > told) parentPort?.postMessage(due);
  told = Math.max(told, due);
}
