/**
 * `node workers.ts FOLDER TOTAL AT_ONCE SEED`: starts so many threads, so many of them at once, each with a runtime under
 * load, and ends each at a random moment. The main thread has a runtime, too. Prints what was seen.
 */
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { random } from "../../../src/random.ts";
import type { Runtime } from "../../../src/types.ts";

const DIST = new URL("../../../dist/index.js", import.meta.url);
// What is built starts in a third of the time that the sources take.
const { createRuntime } = (await import(DIST.href)) as typeof import("../../../src/index.ts");

const PERSONAS = 3;
const MESSAGES = 60;

/** What the process has of the system. */
interface Held {
  readonly threads: number;
  readonly files: number;
}

export interface Seen {
  /** Threads, the first one among them, that were ended before they had answered anything, and after. */
  readonly starting: number;
  readonly answering: number;
  readonly errors: readonly string[];
  /** What the runtime of the main thread answered after all that. */
  readonly answered: number;
  readonly before: Held;
  readonly after: Held;
}

async function work(store: string): Promise<void> {
  const runtime = await open(store);
  parentPort?.postMessage("open");
  for (;;) {
    await talk(runtime);
    parentPort?.postMessage("answered");
  }
}

async function open(store: string): Promise<Runtime> {
  const runtime = await createRuntime({ store });
  for (let n = 0; n < PERSONAS; n += 1) {
    const settings = { maxParallelTurns: 9 };
    await runtime.enroll({ id: `p${n}`, name: "Persona", cognition: ({ text }) => text, settings });
  }
  return runtime;
}

async function talk(runtime: Runtime): Promise<number> {
  const sent = Array.from({ length: MESSAGES }, (_, n) =>
    runtime.send(`p${n % PERSONAS}`, `${n}`, { from: `user:${n}` }),
  );
  return (await Promise.all(sent)).length;
}

async function survive(folder: string, total: number, atOnce: number, seed: number): Promise<Seen> {
  const next = random(seed);
  const errors: string[] = [];
  const ended = { starting: 0, answering: 0 };
  let started = 0;
  /** The longest life of a thread; finds by itself where half of them have answered something. */
  let spanMs = 0;

  async function endOne(store: string): Promise<void> {
    const worker = new Worker(new URL(import.meta.url), { workerData: store });
    const said = new Map(["open", "answered"].map((word) => [word, Promise.withResolvers<void>()]));
    let state: keyof typeof ended = "starting";
    worker.on("message", (word: string) => {
      if (word === "answered") state = "answering";
      said.get(word)?.resolve();
    });
    worker.on("error", (error) => errors.push(String(error)));
    const end = async () => {
      if (spanMs === 0) return said.get("answered")?.promise;
      // The binding of SQLite takes the process down when its thread is ended while it is being loaded.
      if (store !== "memory") await said.get("open")?.promise;
      await setTimeout(next() * spanMs);
    };
    await Promise.race([end(), once(worker, "exit")]);
    ended[state] += 1;
    spanMs *= state === "starting" ? 1.1 : 0.9;
    await worker.terminate();
  }
  async function endOneByOne(lane: number): Promise<void> {
    while (started < total) {
      started += 1;
      // In the file the next one goes on with what the one before has left.
      await endOne(started % 2 === 0 ? "memory" : join(folder, `${lane}.db`));
    }
  }

  const main = await open("memory");
  // The first one shows how long a start takes, and leaves what the process keeps: its pool of threads.
  const start = performance.now();
  await endOne(join(folder, "first.db"));
  spanMs = 2 * (performance.now() - start);
  const before = held();
  await Promise.all(Array.from({ length: atOnce }, (_, lane) => endOneByOne(lane)));
  const answered = await talk(main);
  await main.close();
  // The kernel may take a moment to let go of a thread that has been joined.
  const isMore = ({ threads, files }: Held) => threads > before.threads || files > before.files;
  for (let looks = 0; looks < 6_000 && isMore(held()); looks += 1) await setTimeout(10);
  return { ...ended, errors, answered, before, after: held() };
}

function held(): Held {
  return { threads: threads(), files: files() };
}

function threads(): number {
  return readdirSync("/proc/self/task").length;
}

/** Node.js 22 leaves those open that a thread was loading as a module when it was ended: they are not ours. */
function files(): number {
  return readdirSync("/proc/self/fd").filter((fd) => !/\.(ts|js|json)$/.test(linkOf(`/proc/self/fd/${fd}`))).length;
}

/** Empty for the one that the folder itself was read by. */
function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}

if (isMainThread) {
  const [, , folder = "", ...numbers] = process.argv;
  const [total = 0, atOnce = 0, seed = 0] = numbers.map(Number);
  console.log(JSON.stringify(await survive(folder, total, atOnce, seed)));
} else {
  await work(workerData as string);
}
