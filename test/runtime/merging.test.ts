import { expect, it } from "vitest";
import type { TurnMessage } from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { enroll, gated, openHouse, outcomeOf } from "./harness.ts";

it("answers what came in while it was busy together, at most twenty at once, in order", async () => {
  const { runtime } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const first = runtime.send("ada", "m0", { from: "user:7" });
  await turns();
  const rest = Array.from({ length: 25 }, (_, n) => runtime.send("ada", `m${n + 1}`, { from: "user:7" }));
  for (let turn = 0; turn < 3; turn += 1) {
    await turns();
    expect(gate.waiting).toBe(1);
    gate.release();
  }
  const sum = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `m${from + n}`).join("+");
  expect(gate.heard).toEqual(["m0", sum(1, 20), sum(21, 25)]);
  expect((await first).answers).toHaveLength(1);
  const replies = await Promise.all(rest);
  expect(new Set(replies.slice(0, 20).map(({ id }) => id)).size).toBe(1);
  expect(new Set(replies.slice(20).map(({ id }) => id)).size).toBe(1);
  expect(replies[0]?.answers).toHaveLength(20);
  expect(replies[24]?.answers).toHaveLength(5);
  const items = await Promise.all(rest.map(async (answer) => (await answer.accepted).items[0]?.id));
  expect([...(replies[0]?.answers ?? []), ...(replies[24]?.answers ?? [])]).toEqual(items);
});

it("gives the newest as trigger, the earlier ones as context, and what was said before as history", async () => {
  const { runtime } = await openHouse();
  const seen: { trigger: string; context: string[]; history: string[] }[] = [];
  const texts = (messages: readonly TurnMessage[]) => messages.map(({ text }) => text);
  const gate = gated();
  await enroll(runtime, "ada", {
    settings: { historyTokens: 5 },
    cognition: async (turn) => {
      seen.push({ trigger: turn.text, context: texts(turn.context), history: texts(await turn.history()) });
      return gate.cognition(turn);
    },
  });
  const said = (text: string) => runtime.send("ada", text, { from: "user:7" });
  const answers = [said("12345678")];
  await turns();
  answers.push(said("b"), said("c"));
  await turns();
  gate.release();
  await turns();
  gate.release();
  await Promise.all(answers);
  answers.push(said("d"));
  await turns();
  gate.release();
  await Promise.all(answers);
  expect(seen).toEqual([
    { trigger: "12345678", context: [], history: [] },
    // With the reply, although it was given after what this turn is about had arrived.
    { trigger: "c", context: ["b"], history: ["12345678", "12345678"] },
    // 5 tokens hold three short ones and the reply of two tokens; the first message is too old.
    { trigger: "d", context: [], history: ["b", "c", "12345678", "b+c"] },
  ]);
});

it("merges neither voice, nor other lanes, nor other conversations", async () => {
  const { runtime } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const busy = runtime.send("ada", "busy", { from: "user:7" });
  await turns();
  const answers = [
    runtime.send("ada", "v1", { from: "user:7", lane: "voice" }),
    runtime.send("ada", "v2", { from: "user:7", lane: "voice" }),
    runtime.send("ada", "c1", { from: "user:7" }),
    runtime.send("ada", "c2", { from: "user:7" }),
    runtime.send("ada", "other", { from: "user:8" }),
  ];
  for (let turn = 0; turn < 6; turn += 1) {
    await turns();
    gate.release();
  }
  expect(await Promise.all([busy, ...answers].map(outcomeOf))).toEqual(["busy", "v1", "v2", "c1+c2", "c1+c2", "other"]);
  expect(gate.heard).toHaveLength(5);
});
