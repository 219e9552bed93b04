/** Observers of turns: what they are told, and that they harm nothing. */
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import type { EndedTurn } from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { openHouse } from "./harness.ts";

it("tells of each turn once its end is stored, however it ended", async () => {
  const { runtime, clock } = await openHouse({
    cognition: (turn) => {
      if (turn.text === "fail") throw new Error("broken");
      if (turn.text === "hang") return new Promise(() => {});
      return turn.text === "no" ? { decline: "busy" } : { text: "yes", usage: { inputTokens: 3, outputTokens: 1 } };
    },
  });
  const seen: EndedTurn[] = [];
  runtime.observe((turn) => seen.push(turn));
  await runtime.enroll({ id: "ada", name: "Ada", settings: { deadlineMs: 1_000 } });
  const reply = await runtime.send("ada", "yes?", { from: "user:1", lane: "task" });
  expect(seen).toMatchObject([
    {
      tenant: "default",
      turn: reply.turn,
      persona: "ada",
      conversation: reply.conversation,
      lane: "task",
      attempt: 1,
      outcome: "answered",
      items: 1,
      latencyMs: { waited: 0, begin: 0, firstToken: 0, cognition: 0, settle: 0 },
      usage: { inputTokens: 3, outputTokens: 1 },
      calls: [],
    },
  ]);
  await expect(runtime.send("ada", "no", { from: "user:1" })).rejects.toMatchObject({ code: "declined" });
  await runtime.send("ada", "hang", { from: "user:2" }).accepted;
  await turns();
  clock.advance(1_000);
  await turns();
  await runtime.send("ada", "fail", { from: "user:3" }).accepted;
  await turns();
  expect(seen.map(({ outcome }) => outcome)).toEqual(["answered", "declined", "timeout", "failed"]);
  expect(seen[2]?.latencyMs).toEqual({ waited: 0, begin: 0, cognition: 1_000, settle: 0 });
});

it("goes on when an observer throws, and warns", async () => {
  const { runtime, warnings } = await openHouse();
  let after = 0;
  runtime.observe(() => {
    throw new Error("not my day");
  });
  runtime.observe(() => {
    after += 1;
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  expect((await runtime.send("ada", "hi", { from: "user:1" })).text).toBe("hi");
  expect(after).toBe(1);
  await turns();
  expect(warnings).toMatchObject([{ code: "observer_failed", cause: { message: "not my day" } }]);
});

it("stops telling whoever has left, and only that one", async () => {
  const { runtime } = await openHouse({ clock: new ManualClock() });
  let told = 0;
  const observer = () => {
    told += 1;
  };
  const leave = runtime.observe(observer);
  runtime.observe(observer);
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.send("ada", "hi", { from: "user:1" });
  expect(told).toBe(2);
  leave();
  leave();
  await runtime.send("ada", "hi", { from: "user:1" });
  expect(told).toBe(3);
});
