/** What cognition notes of its way to the answer, in explanations. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { createRuntime, ManualClock } from "../../src/index.ts";
import type { CognitionFacts, CognitionTurn, ProviderCall } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns } from "../support/event-loop.ts";
import { echo, enroll, openHouse, outcomeOf, pass } from "./harness.ts";

const call: ProviderCall = {
  provider: "cloud",
  model: "large-2",
  outcome: "answered",
  startedAt: 1,
  firstTokenMs: 5,
  durationMs: 20,
  usage: { inputTokens: 10, outputTokens: 4, cachedInputTokens: 8 },
  finishReason: "stop",
};
const throttled: ProviderCall = {
  provider: "cloud",
  model: "large-1",
  outcome: "throttled",
  error: "slow down",
  status: 429,
  startedAt: 1,
  durationMs: 2,
};
const prompt: CognitionFacts["prompt"] = {
  parts: [
    { name: "identity", tokens: 4 },
    { name: "room", tokens: 0, leftOut: "not_a_room" },
  ],
  history: { messages: 2, tokens: 30, oldest: "m", leftOut: [{ reason: "history_tokens", messages: 7 }] },
};

it("explains prompt, provider, calls, cost and stages", async () => {
  const { runtime, clock } = await openHouse();
  const steps: (() => void)[] = [];
  const step = () => new Promise<void>((resolve) => steps.push(resolve));
  await enroll(runtime, "ada", {
    model: "cloud:any",
    cognition: async (turn) => {
      await step();
      turn.note({ prompt, provider: "first", calls: [throttled] });
      await step();
      turn.stream("Yes");
      await step();
      turn.note({ provider: "cloud", model: "large-2", calls: [call], costUsd: 0.25 });
      return { text: "Yes", usage: { inputTokens: 11, outputTokens: 4, reasoningTokens: 1 } };
    },
  });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  for (const ms of [3, 10, 20]) {
    await pass(clock, ms);
    steps.shift()?.();
  }
  expect(await runtime.explain((await answer).turn)).toMatchObject({
    cognition: { kind: "provider", provider: "cloud", model: "large-2", calls: [throttled, call], callsLeftOut: 0 },
    prompt,
    cost: {
      usage: { inputTokens: 11, outputTokens: 4, reasoningTokens: 1 },
      usd: 0.25,
      latencyMs: { waited: 0, begin: 0, prompt: 3, firstToken: 13, cognition: 33, settle: 0 },
    },
  });
});

it("keeps what a turn noted before it failed, with the usage of its calls", async () => {
  const { runtime, clock } = await openHouse();
  let seen: CognitionTurn | undefined;
  await enroll(runtime, "ada", {
    settings: { deadlineMs: 50 },
    cognition: async (turn) => {
      seen = turn;
      turn.note({ calls: [throttled, call] });
      turn.note({ calls: [call] });
      return new Promise(() => {});
    },
  });
  void runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 0);
  await pass(clock, 60);
  expect(seen?.signal.aborted).toBe(true);
  seen?.note({ provider: "too late" });
  const explained = await runtime.explain(seen?.id ?? "");
  expect(explained).toMatchObject({
    outcome: "timeout",
    cognition: { kind: "provider", provider: undefined, calls: [throttled, call, call] },
    cost: {
      usage: { inputTokens: 20, outputTokens: 8, cachedInputTokens: 16, reasoningTokens: undefined },
      latencyMs: { prompt: undefined, firstToken: undefined },
    },
  });
});

it("keeps a bounded number of calls, and texts of a bounded length", async () => {
  const { runtime } = await openHouse();
  const long = "😀".repeat(100_000);
  const chatty = { ...call, provider: long, model: long, error: long, finishReason: long };
  await enroll(runtime, "ada", {
    cognition: (turn) => {
      for (let n = 0; n < 100; n += 1) turn.note({ calls: Array.from({ length: 100 }, () => chatty) });
      turn.note({ provider: long, model: long, prompt: { parts: [{ name: long, tokens: 1, leftOut: long }] } });
      return "ok";
    },
  });
  const { turn } = await runtime.send("ada", "?", { from: "user:7" });
  const explained = await runtime.explain(turn);
  expect(explained.cognition).toMatchObject({ calls: { length: 64 }, callsLeftOut: 9_936 });
  expect(explained.cognition.provider?.length).toBeLessThanOrEqual(256);
  expect(explained.cognition.provider?.isWellFormed()).toBe(true);
  expect(Buffer.byteLength(JSON.stringify(explained))).toBeLessThan(160_000);
});

const BROKEN: readonly [string, unknown, string][] = [
  ["nothing", undefined, "facts"],
  ["a text", "fast", "facts"],
  ["an unknown field", { mood: "good" }, "mood"],
  ["a provider that is no text", { provider: 7 }, "provider"],
  ["a negative cost", { costUsd: -1 }, "costUsd"],
  ["an endless cost", { costUsd: Number.POSITIVE_INFINITY }, "costUsd"],
  ["calls that are no list", { calls: call }, "calls"],
  ["a call without an outcome", { calls: [call, { ...call, outcome: undefined }] }, "calls[1].outcome"],
  ["a call of half a token", { calls: [{ ...call, usage: { inputTokens: 0.5, outputTokens: 0 } }] }, "inputTokens"],
  ["a call that took NaN", { calls: [{ ...call, durationMs: Number.NaN }] }, "calls[0].durationMs"],
  [
    "too many parts",
    { prompt: { parts: Array.from({ length: 65 }, () => ({ name: "x", tokens: 1 })) } },
    "prompt.parts",
  ],
  ["a history that is a list", { prompt: { parts: [], history: [] } }, "prompt.history"],
];

it.each(BROKEN)("takes %s for no fact", async (_, facts, field) => {
  const { runtime, clock } = await openHouse();
  let id = "";
  await enroll(runtime, "ada", {
    cognition: (turn) => {
      id = turn.id;
      turn.note({ provider: "cloud" });
      turn.note(facts as CognitionFacts);
      return "never";
    },
  });
  void runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 0);
  const explained = await runtime.explain(id);
  expect(explained).toMatchObject({
    outcome: "failed",
    cognition: { provider: "cloud", calls: [] },
    prompt: undefined,
  });
  expect(explained.error).toContain("The cognition noted facts that are none");
  expect(explained.error).toContain(field);
});

it("explains turns of the first version, which had no facts", async () => {
  const file = join(temporaryFolder(), "old.db");
  const clock = new ManualClock();
  const first = await createRuntime({ store: file, clock, cognition: echo });
  await first.enroll({ id: "ada", name: "Ada" });
  const { turn } = await first.send("ada", "?", { from: "user:7" });
  await first.close();
  const database = new Database(file);
  const old = { why: "only", priority: 1, waitedMs: 0, kind: "function", model: "cloud:large", begunAt: clock.now() };
  database.prepare("UPDATE turn SET explanation = ?").run(JSON.stringify(old));
  database.close();
  const { runtime } = await openHouse({ store: file, clock });
  expect(await runtime.explain(turn)).toMatchObject({
    outcome: "answered",
    cognition: { kind: "function", provider: undefined, model: "cloud:large", calls: [], callsLeftOut: 0 },
    prompt: undefined,
    cost: { usage: undefined, usd: undefined, latencyMs: { prompt: undefined, firstToken: undefined, begin: 0 } },
  });
});

it("says who is in the room, who said what, and how much lies before the history", async () => {
  const { runtime, clock } = await openHouse();
  const seen: unknown[] = [];
  await enroll(runtime, "bob", { name: "Bob" });
  await enroll(runtime, "ada", {
    name: "Ada",
    settings: { historyTokens: 3 },
    cognition: async (turn) => {
      const history = await turn.history();
      const said = history.map(({ from, turn: id }) => [from.id, id !== undefined]);
      seen.push({ room: await turn.room(), earlier: await turn.earlier(), said });
      return "yes";
    },
  });
  const room = await runtime.createRoom({ name: "Lab", members: ["bob", "ada"] });
  for (const text of ["ada 1", "ada 2", "ada 3"]) {
    await runtime.post(room.id, text, { from: "user:7" });
    await pass(clock, 30_000);
  }
  await runtime.post(room.id, "I am not ada", { from: { kind: "persona", id: "ada" } });
  await runtime.post(room.id, "ada?", { from: "user:7" });
  await turns();
  const names = [
    { id: "ada", name: "Ada" },
    { id: "bob", name: "Bob" },
  ];
  expect(seen[0]).toEqual({ room: { name: "Lab", members: names }, earlier: 0, said: [] });
  // "I am not ada", of three tokens, was sent by somebody who called himself so.
  expect(seen.at(-1)).toMatchObject({ earlier: expect.any(Number), said: [["ada", false]] });
  const before = (await runtime.messages(room.id)).findIndex(({ text }) => text === "I am not ada");
  expect((seen.at(-1) as { earlier: number }).earlier).toBe(before);
  expect(await outcomeOf(runtime.send("ada", "alone", { from: "user:7" }))).toBe("yes");
  expect(seen.at(-1)).toEqual({ room: undefined, earlier: 0, said: [] });
});
