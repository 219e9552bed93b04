/**
 * `node --expose-gc engine-child.ts THREADS`: ends so many threads in the midst of their questions, lets go of many
 * persons without a word, and ends with some that are still there. Prints what was seen.
 */
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { compileMapper } from "../../src/mapping/engine.ts";
import { aDocument, aRule, NOON, trait } from "./engine-stage.ts";

export interface Seen {
  /** How many threads answered before they were ended. */
  readonly answering: number;
  readonly errors: readonly string[];
  /** What the first thread's own person was answered before all that, and after. */
  readonly before: number;
  readonly after: number;
  /** What share of their memory persons left behind whom nothing held any more. */
  readonly left: number;
}

const PERSONS = 300;
/** So much comes back to the system at once when it is let go. */
const BYTES = 400_000;
const document = aDocument(
  Array.from({ length: 500 }, (_, n) =>
    aRule(`r${n}`, { all: [trait(`t${n % 20}`, "greater", n), { time_check: { period: "afternoon" } }] }),
  ),
);

function ask(): number {
  const mapper = compileMapper(document);
  const person = mapper.person({ zone: "Europe/Berlin", traits: { t3: 300, t7: 250 } });
  const crowd = mapper.crowd();
  for (let n = 0; n < 70; n += 1) crowd.add({ traits: { t3: n } });
  return person.firing({ now: NOON }).length + crowd.matches({ now: NOON }).length;
}

if (isMainThread) await overlook(Number(process.argv[2]));
else {
  parentPort?.postMessage(ask());
  for (;;) ask();
}

async function overlook(threads: number): Promise<void> {
  const errors: string[] = [];
  const before = ask();
  let answering = 0;
  for (let n = 0; n < threads; n += 1) {
    const worker = new Worker(new URL(import.meta.url));
    worker.on("error", (error) => errors.push(String(error)));
    const [answer] = await once(worker, "message");
    if (answer === before) answering += 1;
    await worker.terminate();
  }
  const mapper = compileMapper(document);
  const generation = async (): Promise<number> => {
    for (let n = 0; n < PERSONS; n += 1) mapper.person({ traits: { t1: "x".repeat(BYTES) } });
    for (let round = 0; round < 5; round += 1) {
      globalThis.gc?.();
      await setImmediate();
    }
    return process.memoryUsage().rss;
  };
  const first = await generation();
  await generation();
  const left = ((await generation()) - first) / (2 * PERSONS * BYTES);
  const seen: Seen = { answering, errors, before, after: ask(), left };
  console.log(JSON.stringify(seen));
  // Somebody is still there when the process ends.
  Object.assign(globalThis, { kept: [mapper, mapper.person(), mapper.crowd()] });
}
