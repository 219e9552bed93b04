/** Many processes, each killed at some moment while it takes in and answers as fast as it can. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createRuntime, ManualClock } from "../../src/index.ts";
import { random } from "../../src/random.ts";
import { untilDecided } from "../support/until-decided.ts";
import { PLACES } from "./places.ts";

const CHILD = fileURLToPath(new URL("./children/load.ts", import.meta.url));
const SEED = Number(process.env["PROOF_SEED"] ?? 1);

/** The ids of the items that the process said it accepted, until it had said `most` and was killed. */
async function acceptedUntilKilled(file: string, round: number, most: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, file, `${round}`], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  let lines = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    lines += text.split("\n").length - 1;
    if (lines >= most) child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  expect(signal, errors).toBe("SIGKILL");
  expect(errors).toBe("");
  // What stands after the last line break was cut off.
  return output.split("\n").slice(0, -1);
}

describe.each(PLACES)("in %s", (place, placed, rounds) => {
  const { fresh, audit } = placed();

  it(`${rounds} × kill -9 under load (PROOF_SEED=${SEED}): every accepted message has one outcome`, async () => {
    const file = fresh();
    const next = random(SEED);
    const accepted: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      accepted.push(...(await acceptedUntilKilled(file, round, 1 + Math.floor(next() * 2_000))));
      await audit(file);
    }
    expect(new Set(accepted).size).toBe(accepted.length);

    const clock = new ManualClock(Date.now() + 3_600_000);
    const runtime = await createRuntime({ store: file, clock, cognition: () => "at last" });
    for (const { id, settings } of runtime.personas())
      await runtime.enroll({ id, name: id, cognition: () => "at last", settings });
    await untilDecided(runtime, clock);
    const states = new Map<string, number>();
    for (const id of accepted) {
      const { state } = await runtime.item(id);
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    await runtime.close();
    const found = await audit(file);
    expect(found.undecided).toBe(0);
    expect(["answered", "declined", "dead"]).toEqual(expect.arrayContaining([...states.keys()]));
    // A message can be in a turn of its own at three of the kills, and is then given up (the audit looks at each); few are.
    expect(found.dead).toBeLessThan(accepted.length / 100);
    expect(found.answered + found.declined + found.dead).toBeGreaterThanOrEqual(accepted.length);
    console.log(
      `${accepted.length} accepted messages over ${rounds} kills in ${place}:`,
      Object.fromEntries(states),
      found,
    );
  });
});
