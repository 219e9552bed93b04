/** Processes that learn as fast as they can, each killed at some moment: what was accepted is applied, and once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createRuntime } from "../../src/index.ts";
import { random } from "../../src/random.ts";
import { openStore } from "../../src/store/open.ts";
import type { Runtime } from "../../src/types.ts";
import { until } from "../support/event-loop.ts";
import { PLACES } from "./places.ts";

const CHILD = fileURLToPath(new URL("./children/learning.ts", import.meta.url));
const SEED = Number(process.env["PROOF_SEED"] ?? 1);

/** What the process said it had accepted, until it had said so much and was killed. */
async function acceptedUntilKilled(store: string, round: number, most: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, store, `${round}`], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.split("\n").length > most) child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  expect(signal, errors).toBe("SIGKILL");
  // What stands after the last line break was cut off.
  return output.split("\n").slice(0, -1);
}

async function observedOf({ mapping }: Runtime, person: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ; after = ids.at(-1)) {
    const page = await mapping.observations({ person, after, limit: 1_000 });
    ids.push(...page.map(({ id }) => id));
    if (page.length < 1_000) return ids;
  }
}

describe.each(PLACES)("in %s", (_place, placed, kills) => {
  const { fresh } = placed();

  it(`kill -9 (PROOF_SEED=${SEED}): every observation and feedback is applied once`, async () => {
    const store = fresh();
    const next = random(SEED);
    const accepted: string[][] = [];
    for (let round = 0; round < (kills < 50 ? 2 : 5); round += 1) {
      const lines = await acceptedUntilKilled(store, round, 1 + Math.floor(next() * 400));
      accepted.push(...lines.map((line) => line.split(" ")));
    }
    const runtime = await createRuntime({ store, cognition: () => "" });
    for (let n = 0; n < 4; n += 1) {
      const person = `user:${n}`;
      const ids = await observedOf(runtime, person);
      const said = accepted.filter(([kind, of]) => kind === "observation" && of === person).map(([, , id]) => id);
      expect(ids).toEqual(expect.arrayContaining(said));
      expect(new Set(ids).size).toBe(ids.length);
      const samples = async () =>
        (await runtime.mapping.mindscape(person)).traits["work.meeting_recovery"]?.sample_size;
      await until(async () => ((await samples()) ?? 0) >= ids.length);
      expect(await samples()).toBe(ids.length);
    }
    const given = async () => (await runtime.mapping.feedbackAnalytics({ days: 2 })).total;
    const total = await given();
    expect(total).toBeGreaterThanOrEqual(accepted.filter(([kind]) => kind === "feedback").length);
    await runtime.close();

    // Each piece of feedback is one more success of the rule, beside the one that its weight of 1 is worth.
    const successes = async () => {
      const opened = await openStore(store, { clock: systemClock() });
      const [row] = await opened.mapping.weights("default", "coach");
      await opened.close();
      return (row?.alpha ?? 1) - 1;
    };
    if ((await successes()) < total) {
      const again = await createRuntime({ store, cognition: () => "" });
      await until(async () => (await again.mapping.weightLog("coach", { limit: 1_000 })).length >= total);
      await again.close();
    }
    expect(await successes()).toBe(total);
  });
});
