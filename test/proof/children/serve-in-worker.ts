/**
 * `node serve-in-worker.ts STORE`: serves in a thread of its own, and prints where. At the first line on stdin it ends that
 * thread at once, whatever it does, prints what the thread's runtime has left of its own in the process, and ends.
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const DIST = "../../../dist/";

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
  const failed = once(worker, "error").then(([error]) => {
    throw error;
  });
  const [url] = (await Promise.race([once(worker, "message"), failed])) as [string];
  console.log(url);
  await once(process.stdin, "data");
  await worker.terminate();
  process.stdin.destroy();
} else {
  // What is built, as the other server that the proof ends.
  const { createRuntime } = (await import(
    new URL(`${DIST}index.js`, import.meta.url).href
  )) as typeof import("../../../src/index.ts");
  const { serve } = (await import(
    new URL(`${DIST}server.js`, import.meta.url).href
  )) as typeof import("../../../src/server.ts");
  const runtime = await createRuntime({ store: workerData as string });
  await runtime.enroll({ id: "ada", name: "Ada", settings: { maxParallelTurns: 8 } });
  const { url } = await serve({ runtime, port: 0, limits: { maxEventLoopDelayMs: 60_000 } });
  parentPort?.postMessage(url);
}
