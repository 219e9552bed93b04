/**
 * `node --expose-gc soak.ts STORE ROUNDS`: personas come, talk in sessions and in a room, and go, again and again. Prints
 * what the process holds, many times on the way, one line of JSON each.
 */
import { setImmediate } from "node:timers/promises";
import { createRuntime, ManualClock } from "../../../src/index.ts";
import type { CognitionTurn } from "../../../src/types.ts";
import { untilDecided } from "../../support/until-decided.ts";

export interface Held {
  readonly native: number;
  /** After a collection. */
  readonly heap: number;
  readonly resident: number;
  readonly answered: number;
}

const SAMPLES = 40;
const PERSONAS = 50;
const CALLERS = 40;
const MEMBERS = 3;
/** The memory store keeps each persona and session that ever was: there the same come again after so many rounds. */
const MEMORY_ROUNDS = 10;
/** The fleet forgets a room in which nothing was said for ten minutes. */
const BETWEEN_ROUNDS_MS = 60_000;

const [, , store = "", words = ""] = process.argv;
const rounds = Number(words);
const clock = new ManualClock();
const runtime = await createRuntime({ store, clock, seed: 1 });

/** Answers, fails at first, declines, and lets other personas talk. */
function cognition({ trigger, attempt, text }: CognitionTurn) {
  const kind = Number(text.split(" ").at(-1)) % 7;
  if (trigger.from.kind === "persona" || kind === 1) return { decline: "nothing to say" };
  if (kind === 2 && attempt === 1) throw new Error("not yet");
  return `re: ${text}`;
}

async function churn(round: number): Promise<void> {
  const name = store === "memory" ? round % MEMORY_ROUNDS : round;
  const ids = Array.from({ length: PERSONAS }, (_, n) => `p${name}-${n}`);
  const [paused = "", ...awake] = ids;
  await Promise.all(ids.map((id) => runtime.enroll({ id, name: id, cognition, settings: { paused: id === paused } })));

  const reader = new AbortController();
  const heard = listen(reader.signal);
  const room = await runtime.createRoom({ name: `room ${round}`, members: awake.slice(0, MEMBERS) });
  await runtime.post(room.id, "What is new?", { from: "user:host" });
  const sent = ids.flatMap((id) => {
    const expiry = id === paused ? { expiresInMs: 1_000 } : {};
    const say = (_: unknown, n: number) => runtime.send(id, `message ${n}`, { from: `user:${n}`, ...expiry }).accepted;
    return Array.from({ length: CALLERS }, say);
  });
  await Promise.all(sent);
  await untilDecided(runtime, clock);
  await Promise.all(ids.map((id, n) => runtime.unenroll(id, n % 2 === 0 ? "return" : "drain")));
  reader.abort();
  await heard;
  clock.advance(BETWEEN_ROUNDS_MS);
}

async function listen(signal: AbortSignal): Promise<void> {
  for await (const _ of runtime.events({ signal }));
}

for (let round = 1; round <= rounds; round += 1) {
  await churn(round);
  if (round % Math.floor(rounds / SAMPLES) > 0) continue;
  // What was let go by the last turns of the event loop goes with it.
  await setImmediate();
  globalThis.gc?.();
  const { nativeBytes: native, answered } = runtime.fleet();
  const { heapUsed: heap, rss: resident } = process.memoryUsage();
  console.log(JSON.stringify({ native, heap, resident, answered } satisfies Held));
}
await runtime.close();
