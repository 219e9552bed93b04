/** Between each two steps of an item's life the process is killed; the next start makes it whole. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createRuntime, ManualClock } from "../../src/index.ts";
import type { Runtime } from "../../src/types.ts";
import { execute } from "../support/command-line.ts";
import { untilDecided } from "../support/until-decided.ts";
import { PLACES } from "./places.ts";

const CHILD = fileURLToPath(new URL("./children/crash.ts", import.meta.url));
const START = Date.UTC(2026, 0, 1);
const LATER = START + 60_000;

/** What the database holds afterwards if the item of a cut-off turn is tried again, and if it is dropped or asked about. */
const POINTS: [point: string, accepted: boolean, retry: object, drop: object][] = [
  ["admitted", false, { answered: 0 }, { answered: 0 }],
  // Between the commit and the word of it: the sender does not know, and the message is there.
  ["committed", false, { answered: 1 }, { answered: 1 }],
  ["armed", true, { answered: 1 }, { answered: 1 }],
  ["begun", true, { answered: 1, attempt: 2 }, { declined: 1 }],
  ["thinking", true, { answered: 1, attempt: 2 }, { declined: 1 }],
  ["answered", true, { answered: 1, attempt: 2 }, { declined: 1 }],
  ["settled", true, { answered: 1 }, { answered: 1 }],
  ["told", true, { answered: 1 }, { answered: 1 }],
];

async function finish(file: string): Promise<{ runtime: Runtime; attempts: number[] }> {
  const clock = new ManualClock(LATER);
  const runtime = await createRuntime({ store: file, clock, seed: 1 });
  const attempts: number[] = [];
  const definition = runtime.personas()[0];
  if (definition !== undefined) {
    await runtime.enroll({
      id: "ada",
      name: "Ada",
      settings: definition.settings,
      cognition: ({ text, attempt }) => {
        attempts.push(attempt);
        return `re: ${text}`;
      },
    });
  }
  await untilDecided(runtime, clock);
  return { runtime, attempts };
}

describe.each(PLACES)("in %s", (_place, placed) => {
  const { fresh, audit } = placed();

  describe.each(["retry", "drop", "ask"])("with the policy %s, killed when the message was", (policy) => {
    it.each(POINTS)("%s", async (point, accepted, retry, drop) => {
      const file = fresh();
      const killed = await execute(process.execPath, [CHILD, file, point, `${START}`, policy]);
      expect(killed, killed.stderr).toMatchObject({
        code: null,
        stdout: accepted ? expect.stringMatching(/^\S+\n$/) : "",
      });
      await audit(file);
      const { runtime, attempts } = await finish(file);
      const asked = "declined" in drop ? { dead: 1 } : drop;
      const expected = { retry, drop, ask: asked }[policy];
      const { attempt, ...counts } = { attempt: undefined, ...expected } as Record<string, unknown>;
      if (attempt !== undefined) expect(attempts).toEqual([attempt]);
      else expect(attempts.every((one) => one === 1)).toBe(true);
      const id = killed.stdout.trim();
      if (accepted) {
        const state = Object.keys(counts)[0];
        expect(await runtime.item(id)).toMatchObject({ state });
        expect(await runtime.explain(id)).toMatchObject({ outcome: state === "answered" ? "answered" : "unknown" });
      }
      await runtime.close();
      expect(await audit(file)).toEqual({ undecided: 0, answered: 0, declined: 0, dead: 0, ...counts });
    });
  });

  it("asks what to do when the process died after a tool was called, and does it", async () => {
    const file = fresh();
    const killed = await execute(process.execPath, [CHILD, file, "paid", `${START}`, "auto"]);
    expect(killed, killed.stderr).toMatchObject({ code: null });
    const clock = new ManualClock(LATER);
    const pay = { name: "pay", description: "Pays.", parameters: z.object({}), execute: () => null };
    const runtime = await createRuntime({ store: file, clock, tools: [pay] });
    let asked = 0;
    const cognition = () => {
      asked += 1;
      return "paid";
    };
    await runtime.enroll({ id: "ada", name: "Ada", settings: { tools: ["pay"] }, cognition });
    await untilDecided(runtime, clock);
    expect(asked).toBe(0);
    const item = killed.stdout.trim();
    const letters = await runtime.deadLetters();
    expect(letters).toMatchObject([{ item, reason: "unknown_outcome", attempt: 1 }]);
    const replayed = await runtime.replay(item);
    await untilDecided(runtime, clock);
    expect(asked).toBe(1);
    expect(await runtime.item(replayed.id)).toMatchObject({ state: "answered", replayOf: item });
    await runtime.close();
    expect(await audit(file)).toEqual({ undecided: 0, answered: 1, declined: 0, dead: 1 });
  });

  it("an item that takes the process down three times alone is dead, and others are answered", async () => {
    const file = fresh();
    const runtime = await createRuntime({ store: file, clock: new ManualClock(START) });
    await runtime.enroll({ id: "ada", name: "Ada", cognition: () => "", settings: { paused: true } });
    const send = async (text: string, from: string) =>
      (await runtime.send("ada", text, { from }).accepted).items[0]?.id;
    const poison = await send("poison", "user:1");
    const behind = await send("behind it", "user:1");
    const beside = await send("beside it", "user:2");
    await runtime.close();

    const lives: (number | null)[] = [];
    do {
      const { code, stderr } = await execute(process.execPath, [
        CHILD,
        file,
        "poison",
        `${START + lives.length * 60_000}`,
      ]);
      expect(stderr).toBe("");
      lives.push(code);
    } while (lives.at(-1) === null);
    // Once in company, which is blamed for nothing, then three times alone.
    expect(lives).toEqual([null, null, null, null, 0]);

    const after = await createRuntime({ store: file });
    expect(await after.item(poison ?? "")).toMatchObject({ state: "dead", reason: "unknown_outcome", attempt: 4 });
    expect(await after.item(behind ?? "")).toMatchObject({ state: "answered" });
    expect(await after.item(beside ?? "")).toMatchObject({ state: "answered" });
    await after.close();
    expect(await audit(file)).toEqual({ undecided: 0, answered: 2, declined: 0, dead: 1 });
  });
});
