import { expect, it } from "vitest";
import { turns } from "../support/event-loop.ts";
import { enroll, gated, openHouse, pass } from "./harness.ts";

it("explains the same turn by its id, its reply, its items and its messages", async () => {
  const { runtime, clock } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", {
    model: "cloud:large",
    cognition: async (turn) => ({
      text: String(await gate.cognition(turn)),
      usage: { inputTokens: 3, outputTokens: 5 },
    }),
  });
  const busy = runtime.send("ada", "busy", { from: "user:7" });
  await turns();
  const merged = ["a", "b"].map((text) => runtime.send("ada", text, { from: "user:7" }));
  await pass(clock, 250);
  gate.release();
  await busy;
  await pass(clock, 40);
  gate.release();
  const [reply] = await Promise.all(merged);
  const accepted = await Promise.all(merged.map((answer) => answer.accepted));
  const expected = {
    turn: reply?.turn,
    persona: "ada",
    conversation: reply?.conversation,
    attempt: 1,
    outcome: "answered",
    error: undefined,
    reply: reply?.id,
    why: { reason: "only", lane: "chat", waitedMs: 250 },
    items: accepted.map(({ items, message }, n) => ({
      id: items[0]?.id,
      message,
      role: n === 1 ? "trigger" : "context",
      state: "answered",
      waitedMs: 250,
    })),
    cognition: { kind: "function", model: "cloud:large" },
    cost: {
      usage: { inputTokens: 3, outputTokens: 5 },
      latencyMs: { waited: 250, begin: 0, cognition: 40, settle: 0 },
    },
  };
  const names = [reply?.turn, reply?.id, ...accepted.flatMap(({ message, items }) => [message, items[0]?.id])];
  for (const name of names) expect(await runtime.explain(name ?? "")).toMatchObject(expected);
});

it("explains a turn while it runs, and has nothing to explain before", async () => {
  const { runtime, clock } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition, settings: { paused: true } });
  const { message, items } = await runtime.send("ada", "?", { from: "user:7" }).accepted;
  await turns();
  await expect(runtime.explain(message)).rejects.toMatchObject({ code: "turn_not_found" });
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "waiting", attempt: 0, turn: undefined });
  await enroll(runtime, "ada", { cognition: gate.cognition });
  await pass(clock, 10);
  const running = await runtime.explain(message);
  expect(running).toMatchObject({ outcome: "running", reply: undefined, items: [{ state: "in_turn" }] });
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "in_turn", attempt: 1, turn: running.turn });
  gate.release();
});

it("counts every item once, in whatever it has become", async () => {
  const { runtime, clock } = await openHouse({ store: "memory" });
  await enroll(runtime, "answers");
  await enroll(runtime, "declines", { cognition: () => ({ decline: "no" }) });
  await enroll(runtime, "fails", {
    settings: { breakerFailures: 0 },
    cognition: () => {
      throw new Error("kaput");
    },
  });
  await enroll(runtime, "hangs", { cognition: () => new Promise(() => {}) });
  await enroll(runtime, "paused", { settings: { paused: true, maxQueued: 4 } });
  const ids = ["answers", "declines", "fails", "hangs", "paused"];
  for (let n = 0; n < 5; n += 1)
    for (const id of ids) void runtime.send(id, "?", { from: `user:${n}`, lane: n % 2 ? "task" : "chat" });
  await pass(clock, 1_100);
  await pass(clock, 4_500);
  await pass(clock, 1_100);
  await pass(clock, 4_500);
  const status = runtime.status();
  const fails = runtime.status("fails");
  expect(status).toMatchObject({ accepted: 24, refused: 1, answered: 5, declined: 5, inFlight: 1, driver: true });
  expect(status.accepted).toBe(status.answered + status.declined + status.dead + status.queued + status.inFlight);
  expect(status.dead + fails.queued).toBe(5);
  expect(status.dead).toBeGreaterThan(0);
  expect(runtime.status("hangs")).toMatchObject({ queued: 4, inFlight: 1, held: "busy" });
  expect(runtime.status("paused")).toMatchObject({ queued: 4, held: "paused", lanes: { chat: 2 + 0, task: 2 } });
  expect(runtime.personas().map(({ id }) => id)).toEqual([...ids].sort());
});
