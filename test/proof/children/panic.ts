/**
 * `node panic.ts STORE PANICS`, with the addon of `test/proof/panic`: the core panics so often while personas are under
 * load. Prints the id of each item that it accepted, and at the end what became of them and what the host was told.
 */
import { writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { type Addon, loadAddon } from "../../../src/addon.ts";
import { createRuntime } from "../../../src/index.ts";

const PERSONAS = 3;
const CALLERS = 60;
const MESSAGES_EACH = 10;
const DRIVES_BETWEEN_PANICS = 5;

const [, , store = "", panics = ""] = process.argv;
const addon = loadAddon() as Addon & { fleetPanic(handle: Parameters<Addon["fleetDrive"]>[0]): void };
const { fleetDrive, fleetPanic } = addon;
let left = Number(panics);
let drives = 0;
Object.assign(addon, {
  fleetDrive(...words: Parameters<Addon["fleetDrive"]>) {
    drives += 1;
    if (left === 0 || drives % DRIVES_BETWEEN_PANICS > 0) return fleetDrive(...words);
    left -= 1;
    return fleetPanic(words[0]);
  },
});

const warnings: string[] = [];
const runtime = await createRuntime({ store, onWarning: ({ code }) => warnings.push(code) });
for (let n = 0; n < PERSONAS; n += 1) {
  await runtime.enroll({
    id: `p${n}`,
    name: "Persona",
    settings: { maxParallelTurns: 8 },
    async cognition({ text }) {
      await setImmediate();
      return `re: ${text}`;
    },
  });
}

const outcomes: Record<string, number> = {};
async function say(from: string, n: number): Promise<void> {
  for (;;) {
    const answer = runtime.send(`p${n % PERSONAS}`, `message ${n}`, { from });
    const accepted = await answer.accepted.catch(() => undefined);
    // Refused while there is no fleet: it is being rebuilt, or was given up.
    if (accepted === undefined && !warnings.includes("driver_given_up")) {
      await setImmediate();
      continue;
    }
    if (accepted !== undefined) writeSync(1, `${accepted.items[0]?.id}\n`);
    const outcome = await answer.then(
      () => "answered",
      ({ code }: { code: string }) => code,
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return;
  }
}
async function talk(from: string): Promise<void> {
  for (let n = 0; n < MESSAGES_EACH; n += 1) await say(from, n);
}
await Promise.all(Array.from({ length: CALLERS }, (_, n) => talk(`user:${n}`)));
const { ready } = await runtime.readiness();
await runtime.close();
writeSync(1, `${JSON.stringify({ outcomes, warnings, ready })}\n`);
