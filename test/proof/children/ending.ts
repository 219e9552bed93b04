/**
 * `node ending.ts STORE HOW`: personas under load, and a process that ends in one of several ways. Prints the id of
 * each item that it accepted, and at a natural end what became of them.
 */
import { writeSync } from "node:fs";
import { createRuntime } from "../../../src/index.ts";
import type { Answer, CognitionTurn } from "../../../src/types.ts";

const PERSONAS = 3;
const CALLERS = 60;
const MESSAGES_EACH = 10;
/** In whose handler it happens: many were answered before, and the others are on their way. */
const FATAL_TURN = 200;

const [, , store = "", how = ""] = process.argv;
const runtime = await createRuntime({ store });

/** What a handler does to its process. */
const IN_A_HANDLER: Record<string, () => void> = {
  exits: () => process.exit(7),
  throws: () => throwLater("thrown behind its back"),
  rejects: () => void Promise.reject(new Error("rejected behind its back")),
  "is caught": () => throwLater("thrown, and caught by the host"),
  "closes under load": () => void runtime.close(),
};
const caught: string[] = [];
if (how === "is caught") process.on("uncaughtException", ({ message }) => caught.push(message));

let turns = 0;
function cognition({ text, attempt }: CognitionTurn): string {
  turns += 1;
  if (turns === FATAL_TURN) IN_A_HANDLER[how]?.();
  if (text === "fails at first" && attempt === 1) throw new Error("not yet");
  return `re: ${text}`;
}

function throwLater(message: string): void {
  setImmediate(() => {
    throw new Error(message);
  });
}

for (let n = 0; n < PERSONAS; n += 1) {
  await runtime.enroll({ id: `p${n}`, name: "Persona", cognition, settings: { maxParallelTurns: 8 } });
}
await runtime.enroll({ id: "paused", name: "Paused", cognition, settings: { paused: true } });

const outcomes: Record<string, number> = {};
async function settle(answer: Answer): Promise<void> {
  answer.accepted.then(
    ({ items }) => writeSync(1, `${items[0]?.id}\n`),
    () => {},
  );
  const outcome = await answer.then(
    () => "answered",
    ({ code }: { code: string }) => code,
  );
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}
async function talk(from: string): Promise<void> {
  for (let n = 0; n < MESSAGES_EACH; n += 1) {
    await settle(runtime.send(`p${n % PERSONAS}`, `message ${n}`, { from }));
  }
}
process.on("exit", () => writeSync(1, `${JSON.stringify({ ...outcomes, caught })}\n`));

// One item that is tried again in a second, and one that waits until somebody resumes its persona.
const retried = settle(runtime.send("p0", "fails at first", { from: "user:patient" }));
void settle(runtime.send("paused", "waits", { from: "user:patient" }));
const talks = Array.from({ length: CALLERS }, (_, n) => talk(`user:${n}`));
if (how === "closes") {
  await Promise.all([retried, ...talks]);
  await runtime.close();
}
