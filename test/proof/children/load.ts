/**
 * `node load.ts FILE SEED`: sends as fast as it can, for ever, and prints the id of each item that was accepted.
 * Five personas answer in their different ways; whatever a former process left is answered beside.
 */
import { setImmediate } from "node:timers/promises";
import { createRuntime } from "../../../src/index.ts";
import type { Cognition } from "../../../src/types.ts";

/** Messages on their way at once. */
const WINDOW = 300;

const [, , file = "", seed = "0"] = process.argv;
const runtime = await createRuntime({ store: file, seed: Number(seed) });

const ANSWERS: Record<string, Cognition> = {
  prompt: ({ text }) => `re: ${text}`,
  slow: async ({ text }) => {
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    return `re: ${text}`;
  },
  async *streams({ text }) {
    for (const word of ["re: ", text]) {
      await setImmediate();
      yield word;
    }
  },
  shy: ({ trigger }) => (trigger.at % 3 === 0 ? { decline: "not now" } : "yes"),
  moody: ({ attempt, trigger }) => {
    if (attempt === 1 && trigger.at % 5 === 0) throw new Error("again, please");
    return "fine";
  },
};
const ids = Object.keys(ANSWERS);
for (const [id, cognition] of Object.entries(ANSWERS))
  await runtime.enroll({ id, name: id, cognition, settings: { maxParallelTurns: 8, maxQueued: 1_000_000 } });

let sent = 0;
async function sendForEver(): Promise<void> {
  for (;;) {
    sent += 1;
    const answer = runtime.send(ids[sent % ids.length] ?? "", `message ${sent}`, { from: `user:${sent % 37}` });
    const { items } = await answer.accepted;
    process.stdout.write(`${items[0]?.id}\n`);
  }
}
await Promise.all(Array.from({ length: WINDOW }, sendForEver));
