/**
 * `node workers.ts FOLDER ROUNDS`: four threads at once, each with a runtime of its own under load, ended in the middle
 * of it, again and again; then four that close by themselves. Prints how many items the last ones answered.
 */
import { once } from "node:events";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createRuntime } from "../../../src/index.ts";

const THREADS = 4;

interface Job {
  readonly store: string;
  readonly forEver: boolean;
}

async function work({ store, forEver }: Job): Promise<void> {
  const runtime = await createRuntime({ store });
  for (let n = 0; n < 3; n += 1)
    await runtime.enroll({
      id: `p${n}`,
      name: "Persona",
      cognition: ({ text }) => text,
      settings: { maxParallelTurns: 9 },
    });
  for (let round = 0; forEver || round < 20; round += 1) {
    const sent = Array.from({ length: 60 }, (_, n) => runtime.send(`p${n % 3}`, `${n}`, { from: `user:${n}` }));
    await Promise.all(sent);
    parentPort?.postMessage(60);
  }
  await runtime.close();
}

async function survive(folder: string, rounds: number): Promise<void> {
  const store = (n: number) => (n % 2 === 0 ? "memory" : join(folder, `${n}.db`));
  const start = (n: number, forEver: boolean) =>
    new Worker(new URL(import.meta.url), { workerData: { store: store(n), forEver } satisfies Job });
  for (let round = 0; round < rounds; round += 1) {
    const workers = Array.from({ length: THREADS }, (_, n) => start(n, true));
    for (const worker of workers) worker.on("error", (error) => console.error(error));
    // Each is ended at another point of its load.
    await Promise.all(
      workers.map(async (worker, n) => {
        for (let message = 0; message <= (round + n) % 4; message += 1) await once(worker, "message");
        await worker.terminate();
      }),
    );
  }
  let answered = 0;
  const last = Array.from({ length: THREADS }, (_, n) => start(n, false));
  for (const worker of last) {
    worker.on("message", (count: number) => {
      answered += count;
    });
  }
  const codes = await Promise.all(last.map(async (worker) => (await once(worker, "exit"))[0]));
  console.log(JSON.stringify({ answered, codes }));
}

if (isMainThread) await survive(process.argv[2] ?? "", Number(process.argv[3]));
else await work(workerData as Job);
