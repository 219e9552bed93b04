import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { turns } from "../support/event-loop.ts";
import { enroll, heardFrom, openHouse, outcomeOf } from "./harness.ts";

it("refuses what an inbox has no room for, says when to come back, and lets others be", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { maxQueued: 3, paused: true } });
  await enroll(runtime, "bob");
  const sent = Array.from({ length: 5 }, (_, n) => runtime.send("ada", `${n}`, { from: "user:7" }));
  const accepted = await Promise.allSettled(sent.map((answer) => answer.accepted));
  expect(accepted.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected"]);
  await expect(sent[4]).rejects.toMatchObject({ code: "inbox_full", status: 429, retryAfterMs: 1_000 });
  expect((await runtime.send("bob", "hi", { from: "user:7" })).text).toBe("hi");
  expect(runtime.status()).toMatchObject({ accepted: 4, refused: 2, queued: 3 });
  const { conversation } = await (sent[0] as NonNullable<(typeof sent)[0]>).accepted;
  expect(await runtime.messages(conversation)).toHaveLength(3);
  await enroll(runtime, "ada", { settings: { maxQueued: 3 } });
  expect(await outcomeOf(sent[2] as never)).toBe("0+1+2");
  expect((await runtime.send("ada", "again", { from: "user:7" })).text).toBe("again");
});

it("takes the same key for the same message, before and after it is answered", async () => {
  const { runtime } = await openHouse();
  let calls = 0;
  const gate = Promise.withResolvers<void>();
  await enroll(runtime, "ada", {
    cognition: async () => {
      await gate.promise;
      calls += 1;
      return "once";
    },
  });
  const say = () => runtime.send("ada", "?", { from: "user:7", idempotencyKey: "k" });
  const first = say();
  const meanwhile = say();
  expect(await first.accepted).toMatchObject({ replayed: false });
  expect(await meanwhile.accepted).toEqual({ ...(await first.accepted), replayed: true });
  await turns();
  gate.resolve();
  const afterwards = say();
  const replies = await Promise.all([first, meanwhile, afterwards]);
  expect(replies).toEqual([replies[0], replies[0], replies[0]]);
  expect(await heardFrom(afterwards)).toEqual(["once"]);
  expect(calls).toBe(1);
  expect(runtime.status()).toMatchObject({ accepted: 1, answered: 1, queued: 0 });
});

it("lets a repetition that comes while the reply is spoken hear it whole", async () => {
  const { runtime } = await openHouse();
  const gate = Promise.withResolvers<void>();
  await enroll(runtime, "ada", {
    async *cognition() {
      yield "one ";
      await gate.promise;
      yield "two";
    },
  });
  const say = () => runtime.send("ada", "?", { from: "user:7", idempotencyKey: "k" });
  const first = say();
  await turns();
  const second = say();
  await turns();
  gate.resolve();
  expect(await heardFrom(first)).toEqual(["one ", "two"]);
  expect(await heardFrom(second)).toEqual(["one two"]);
});

it("keeps no handle of a repetition that nobody waits for", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { paused: true } });
  const say = () => runtime.send("ada", "?", { from: "user:7", idempotencyKey: "k" });
  await say().accepted;
  const repeat = async () => {
    const answer = say();
    await answer.accepted;
    return new WeakRef(answer);
  };
  const repeated = await Promise.all(Array.from({ length: 100 }, repeat));
  await turns(10);
  collect();
  expect(repeated.filter((handle) => handle.deref() !== undefined).length).toBeLessThan(10);
});

it("takes a repetition also when there is no room for another message", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { maxQueued: 1, paused: true } });
  const say = (text: string) => runtime.send("ada", text, { from: "user:7", idempotencyKey: "k" });
  const first = await say("?").accepted;
  expect(await say("?").accepted).toEqual({ ...first, replayed: true });
  await expect(say("another").accepted).rejects.toMatchObject({ code: "inbox_full" });
});

it("lets a repetition share what became of the first instead of a reply, too", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => ({ decline: "no" }) });
  const say = () => runtime.send("ada", "?", { from: "user:7", idempotencyKey: "k" });
  expect(await outcomeOf(say())).toBe("declined: The persona declined to answer: no");
  expect(await outcomeOf(say())).toBe("declined: The persona declined to answer: no");
});

it.each([
  ["other words", { text: "other" }],
  ["another sender", { from: "user:8" }],
  ["another lane", { lane: "task" as const }],
])("does not take the same key for %s", async (_, change) => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { maxQueued: 2, paused: true } });
  await runtime.send("ada", "?", { from: "user:7", idempotencyKey: "k" }).accepted;
  const { text, ...options } = { text: "?", from: "user:7", idempotencyKey: "k", ...change };
  const conflict = runtime.send("ada", text, options);
  await expect(conflict.accepted).rejects.toMatchObject({
    code: "idempotency_conflict",
    fields: [{ field: "idempotencyKey" }],
  });
  // The place that was reserved for it is free again.
  expect(await runtime.send("ada", "next", { from: "user:7" }).accepted).toMatchObject({ replayed: false });
});
