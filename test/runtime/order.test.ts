import { expect, it } from "vitest";
import type { Answer, Cognition, Runtime, SendOptions } from "../../src/types.ts";
import { turns, until } from "../support/event-loop.ts";
import { enroll, gated, openHouse, pass } from "./harness.ts";

/** Notes how many turns run at once, over all and per conversation. */
function watched(running = new Map<string, number>()) {
  const most = { together: 0, perConversation: 0 };
  const open: (() => void)[] = [];
  const cognition: Cognition = async ({ persona, conversation, text }) => {
    const key = `${persona.id} ${conversation}`;
    running.set(key, (running.get(key) ?? 0) + 1);
    most.together = Math.max(
      most.together,
      [...running.values()].reduce((sum, count) => sum + count, 0),
    );
    most.perConversation = Math.max(most.perConversation, running.get(key) ?? 0);
    await new Promise<void>((resolve) => open.push(resolve));
    running.set(key, (running.get(key) ?? 0) - 1);
    return text;
  };
  const finish = async () => {
    await turns();
    while (open.length > 0) {
      for (const release of open.splice(0)) release();
      await turns();
    }
  };
  return { cognition, most, finish };
}

/** From so many callers, so many voice messages each: nothing merges. */
async function crowd(runtime: Runtime, persona: string, callers: number, messages: number): Promise<void> {
  for (let message = 0; message < messages; message += 1)
    for (let caller = 0; caller < callers; caller += 1)
      await runtime.send(persona, `${message}`, { from: `user:${caller}`, lane: "voice" }).accepted;
}

it("keeps the order of calls, also of those made while the session is still being found", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  const answers = [];
  for (let n = 0; n < 50; n += 1) {
    answers.push(runtime.send("ada", `m${n}`, { from: "user:7", lane: "voice" }));
    await null;
  }
  const replies = await Promise.all(answers);
  const messages = await runtime.messages(replies[0]?.conversation ?? "");
  const said = messages.filter(({ from }) => from.kind === "human").map(({ text }) => text);
  expect(said).toEqual(answers.map((_, n) => `m${n}`));
});

it.each([
  { maxParallelTurns: 1, maxTurnsInFlight: 1_024, together: 1 },
  { maxParallelTurns: 3, maxTurnsInFlight: 1_024, together: 3 },
  { maxParallelTurns: 1_024, maxTurnsInFlight: 1_024, together: 5 },
  { maxParallelTurns: 1_024, maxTurnsInFlight: 4, together: 2 },
])("runs as many turns as $maxParallelTurns of a persona and $maxTurnsInFlight of the fleet allow", async (bounds) => {
  const { maxParallelTurns, maxTurnsInFlight, together } = bounds;
  const { runtime } = await openHouse({ maxTurnsInFlight });
  const { cognition, most, finish } = watched();
  await enroll(runtime, "ada", { cognition, settings: { maxParallelTurns } });
  await crowd(runtime, "ada", 5, 3);
  await finish();
  expect(most).toEqual({ together, perConversation: 1 });
  expect(runtime.status().answered).toBe(15);
});

it("lets a persona answer in several conversations at once, in each in order", async () => {
  const { runtime } = await openHouse();
  const order = new Map<string, string[]>();
  await enroll(runtime, "ada", {
    settings: { maxParallelTurns: 4 },
    cognition: async ({ conversation, text }) => {
      order.set(conversation, [...(order.get(conversation) ?? []), text]);
      await turns(Number(text) % 3);
      return text;
    },
  });
  await crowd(runtime, "ada", 4, 10);
  await turns(300);
  expect([...order.values()]).toEqual(Array(4).fill(Array.from({ length: 10 }, (_, n) => `${n}`)));
});

it("takes urgent before lanes, lanes before priority, priority before age, and says so", async () => {
  const { runtime } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const answers: Answer[] = [];
  // One by one: which of two conversations is found first is up to the store.
  const say = async (text: string, options: Partial<SendOptions> = {}) => {
    const answer = runtime.send("ada", text, { from: `user:${text}`, priority: 0.5, ...options });
    answers.push(answer);
    await answer.accepted;
  };
  await say("busy");
  await until(() => gate.waiting === 1);
  await say("background", { lane: "background" });
  await say("old");
  await say("young");
  await say("important", { priority: 0.9 });
  await say("voice", { lane: "voice" });
  await say("urgent", { lane: "background", urgent: true });
  for (const _ of answers) {
    await until(() => gate.waiting === 1);
    gate.release();
  }
  expect(gate.heard).toEqual(["busy", "urgent", "voice", "important", "old", "young", "background"]);
  const replies = await Promise.all(answers);
  const reasons = await Promise.all(replies.map(async ({ id }) => (await runtime.explain(id)).why.reason));
  expect(reasons).toEqual(["only", "only", "age", "lane", "priority", "lane", "urgent"]);
});

it("lets nothing starve: what has waited a minute goes before better lanes", async () => {
  const { runtime, clock } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition, settings: { paused: true } });
  void runtime.send("ada", "background", { from: "user:1", lane: "background" });
  await pass(clock, 60_000);
  void runtime.send("ada", "voice", { from: "user:2", lane: "voice" });
  await turns();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  await turns();
  expect(gate.heard).toEqual(["background"]);
  gate.release();
});

it("forms the same turns from the same seed, clock and inputs", async () => {
  const run = async (seed: number) => {
    const { runtime, clock } = await openHouse({ seed, store: "memory" });
    const formed: string[] = [];
    for (const id of ["ada", "bob", "cid"]) {
      await enroll(runtime, id, {
        settings: { maxParallelTurns: 2, breakerFailures: 0 },
        cognition: async ({ text, attempt, persona, context }) => {
          formed.push(`${clock.now()} ${persona.id} ${attempt} ${context.length} ${text}`);
          if (Number(text) % 3 === 0 && attempt < 3) throw new Error("again");
          return text;
        },
      });
    }
    for (let n = 0; n < 60; n += 1) {
      const id = ["ada", "bob", "cid"][n % 3] ?? "";
      void runtime.send(id, `${n}`, { from: `user:${n % 7}`, priority: (n % 10) / 10, lane: n % 2 ? "chat" : "task" });
      if (n % 10 === 0) await pass(clock, 100);
    }
    for (let step = 0; step < 60; step += 1) await pass(clock, 500);
    expect(runtime.status()).toMatchObject({ accepted: 60, answered: 60, queued: 0, inFlight: 0 });
    return formed;
  };
  const [first, again, other] = [await run(7), await run(7), await run(8)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});
