/**
 * `node voices.ts HOW`: hears voices and ends as it is told. Prints what it has heard of them, as far as it comes to that.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { random } from "../../../src/random.ts";
import type { VoiceEvent, VoiceStream } from "../../../src/voice.ts";

const DIST = new URL("../../../dist/voice.js", import.meta.url);
// What is built starts in a third of the time that the sources take.
const library = (await import(DIST.href)) as typeof import("../../../src/voice.ts");

const SECOND = 16_000;

/** Bursts of noise: speech enough for the gate, at the rate of `s16le` at 8 kHz. */
function burst(seed: number, seconds: number): Buffer {
  const next = random(seed);
  const samples = Int16Array.from({ length: 8_000 * seconds }, (_, n) =>
    n % 8_000 < 4_000 ? 0 : 20_000 * (next() - 0.5),
  );
  return Buffer.from(samples.buffer);
}

function open(onEvent: (event: VoiceEvent) => void, detector: "refined" | "energy" = "refined"): VoiceStream {
  return new library.VoiceStream({ format: { sampleRate: 8_000 }, detector, probabilities: true, onEvent });
}

/** Streams that have a second of sound each to compute, of which something was heard. */
async function busy(count: number): Promise<VoiceStream[]> {
  const heard = Promise.withResolvers<void>();
  const sound = burst(1, 1);
  const streams = Array.from({ length: count }, () => open(() => heard.resolve()));
  for (const stream of streams) stream.push(sound);
  // The wake of a voice keeps nobody alive.
  const alive = setInterval(() => {}, 1_000);
  await heard.promise;
  clearInterval(alive);
  for (const stream of streams) stream.push(sound);
  return streams;
}

/** The threads that compute voices, by their names: Node.js starts and ends its own as it likes. */
function threads(): number {
  const names = readdirSync("/proc/self/task").map((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, "utf8");
    } catch {
      // It has ended since.
      return "";
    }
  });
  return names.filter((name) => name.startsWith("voice-")).length;
}

/** Threads that are left over. The kernel may take a moment to let go of one that has been joined. */
async function leftOver(): Promise<number> {
  for (let looks = 0; looks < 6_000 && threads() > 0; looks += 1) await setTimeout(10);
  return threads();
}

async function hear(): Promise<number> {
  let heard = 0;
  const stream = open(() => {
    heard += 1;
  });
  await stream.write(burst(2, 2));
  await stream.finish();
  return heard;
}

const WAYS: Record<string, () => Promise<void>> = {
  async finishes() {
    console.log(await hear());
  },
  async "is left alone"() {
    await busy(50);
    console.log("left");
  },
  async exits() {
    process.on("exit", () => console.log("exit"));
    await busy(50);
    process.exit(7);
  },
  async throws() {
    await busy(50);
    throw new Error("thrown under load");
  },
  /** What a listener throws is an uncaught exception of its own, and other events are heard all the same. */
  async "is thrown at"() {
    const caught: string[] = [];
    process.on("uncaughtException", (error) => caught.push(error.message));
    let heard = 0;
    const bad = open((event) => {
      throw new Error(event.type);
    });
    const good = open(() => {
      heard += 1;
    });
    const sound = burst(1, 1);
    await Promise.all([bad, good].map((stream) => stream.write(sound).then(() => stream.finish())));
    await setImmediate();
    console.log(JSON.stringify({ heard, caught: new Set(caught).has("probability") && caught.length >= 125 }));
  },
  /** Threads that hear voices are ended at all moments; nothing of them is left, and the main thread hears on. */
  async "ends workers"() {
    const first = await hear();
    const next = random(3);
    const errors: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const worker = new Worker(new URL(import.meta.url), { argv: [next() < 0.5 ? "is busy" : "is left alone"] });
      worker.on("error", (error) => errors.push(String(error)));
      const said = new Promise((resolve) => worker.once("message", resolve));
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      await Promise.race([said, ended]);
      for (let turns = Math.floor(next() * 50); turns > 0; turns -= 1) await setImmediate();
      await worker.terminate();
    }
    console.log(JSON.stringify({ errors, same: first === (await hear()), threads: await leftOver() }));
  },
  /** For a worker: hears until it is ended. */
  async "is busy"() {
    const streams = await busy(50);
    const sound = burst(1, 1);
    parentPort?.postMessage("heard");
    for (;;) for (const stream of streams) await stream.write(sound);
  },
  async "opens ten thousand"() {
    let speech = 0;
    const count = (event: VoiceEvent) => {
      if (event.type === "speech_start") speech += 1;
    };
    const streams = Array.from({ length: 10_000 }, () => open(count, "energy"));
    const sound = burst(4, 1).subarray(SECOND / 4);
    const seen = threads() > 0;
    await Promise.all(streams.map((stream) => stream.write(sound).then(() => stream.finish())));
    console.log(JSON.stringify({ seen, speech, threads: await leftOver() }));
  },
};

if (!isMainThread) parentPort?.postMessage("started");
await WAYS[process.argv[2] ?? ""]?.();
