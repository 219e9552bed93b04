/** Case: from the arming of an item to its handler, under a steady load from another thread. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { measured } from "../support/isolated.ts";
import { CheckedWork, type Thinks } from "./checked-work.ts";
import { type ContenderName, openContender } from "./contenders.ts";
import { moment } from "./moment.ts";
import { offer, personaOf } from "./offer.ts";
import type { Pace } from "./pace.ts";
import { type Latency, Timed } from "./timed.ts";

export interface LatencyOptions {
  readonly contender: ContenderName;
  readonly personas: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly first: FirstPersona;
}

/**
 * What persona 0 is like, whose items are not timed: idle; `hot`, given as many items as all others together, more
 * than it can handle; or `hung`, given as many as each other, and the first that it begins never ends.
 */
export type FirstPersona = "idle" | "hot" | "hung";

/** How long the hot persona takes for an item. */
const HOT_MS = 1;
const LEAST_WARM_UP = 20_000;
const NEVER = new Promise<void>(() => {});

await measured(async ({ contender: name, personas, perSecond, seconds, first }: LatencyOptions): Promise<Latency> => {
  const total = perSecond * seconds;
  const timed = new Timed(total);
  let thinks: Thinks = () => undefined;
  const work = new CheckedWork(personas, {
    thinks: (persona, item) => thinks(persona, item),
    armed: (item) => timed.armed(item),
  });
  const contender = await openContender(name, personas, work);
  // For the compiler, and so that what the first item of a persona needs is there.
  const warmUp = Math.max(personas, LEAST_WARM_UP);
  let item = await offer(contender, work, { personas, first: 1, more: (next) => next <= warmUp });

  const finished = Promise.withResolvers<void>();
  thinks = (persona, item) => {
    if (timed.left === 0) return NEVER;
    if (persona === 0) return first === "hot" ? sleep(HOT_MS) : NEVER;
    timed.handled(item);
    if (timed.left === 0) finished.resolve();
    return undefined;
  };
  const pace = new Worker(new URL("pace.ts", import.meta.url), {
    workerData: { perSecond, total } satisfies Pace,
  });
  const [startMoment] = (await once(pace, "message")) as [number];
  const start = performance.now() + startMoment - moment();
  let sent = 0;
  pace.on("message", (dueByNow: number) => {
    while (sent < dueByNow) {
      if (first === "hot" || (first === "hung" && sent % personas === 0)) contender.submit(0, item++);
      sent += 1;
      timed.submitted(item, start + (1000 * sent) / perSecond);
      contender.submit(1 + personaOf(item, personas - 1), item++);
    }
  });
  await finished.promise;
  await contender.close?.();
  return timed.latency();
});
