import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Cognition } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { untilDecided } from "../support/until-decided.ts";
import { enroll, gated, openHouse, outcomeOf } from "./harness.ts";

it("lets running turns finish, starts no other, and keeps those", async () => {
  const store = join(temporaryFolder(), "kept.db");
  const first = await openHouse({ store });
  const gate = gated();
  await enroll(first.runtime, "ada", { cognition: gate.cognition });
  const running = first.runtime.send("ada", "running", { from: "user:1" });
  await until(() => gate.waiting === 1);
  const waiting = first.runtime.send("ada", "waiting", { from: "user:2" });
  await waiting.accepted;
  const closed = first.runtime.close();
  await turns();
  gate.release();
  expect(await outcomeOf(running)).toBe("running");
  await closed;
  expect(await outcomeOf(waiting)).toBe(
    "runtime_closed: The runtime was closed before this message was answered; it is kept and answered after the next start",
  );
  expect(gate.heard).toEqual(["running"]);

  const second = await openHouse({ store });
  await enroll(second.runtime, "ada");
  await until(() => second.runtime.status().answered === 1);
  const { conversation } = await waiting.accepted;
  expect((await second.runtime.messages(conversation)).map(({ text }) => text)).toEqual(["waiting", "waiting"]);
});

it("aborts what has not finished within the grace, and the next start answers it once", async () => {
  const store = join(temporaryFolder(), "kept.db");
  const { runtime, clock } = await openHouse({ store });
  let signal: AbortSignal | undefined;
  const late = Promise.withResolvers<string>();
  const cognition: Cognition = (turn) => {
    signal = turn.signal;
    return late.promise;
  };
  await enroll(runtime, "ada", { cognition });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await until(() => signal !== undefined);
  const closed = runtime.close({ graceMs: 3_000 });
  await turns();
  clock.advance(2_999);
  await turns();
  expect(signal?.aborted).toBe(false);
  clock.advance(1);
  await closed;
  expect(signal?.reason).toMatchObject({ code: "runtime_closed" });
  expect(await outcomeOf(answer)).toMatch(/^runtime_closed/);
  late.resolve("too late");
  await turns();

  const second = await openHouse({ store, clock });
  const attempts: number[] = [];
  await enroll(second.runtime, "ada", {
    cognition: ({ attempt }) => {
      attempts.push(attempt);
      return "second life";
    },
  });
  await until(() => second.runtime.status().answered === 1);
  // Nobody is blamed: it did not have to wait for a back-off, and nothing failed.
  expect(attempts).toEqual([2]);
  expect(second.runtime.status()).toMatchObject({ retried: 0, dead: 0 });
  const { conversation, message } = await answer.accepted;
  expect((await second.runtime.messages(conversation)).map(({ text }) => text)).toEqual(["?", "second life"]);
  expect(await second.runtime.explain(message)).toMatchObject({ outcome: "answered", attempt: 2 });
});

it("closes once, however often and however it is told to", async () => {
  const { runtime } = await openHouse({ store: "memory" });
  await enroll(runtime, "ada", { cognition: () => new Promise(() => {}) });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await turns();
  await Promise.all([runtime.close({ graceMs: 0 }), runtime.close(), runtime[Symbol.asyncDispose]()]);
  await runtime.close();
  expect(await outcomeOf(answer)).toMatch(/^runtime_closed: .* so it is gone$/);
});

it("takes nothing when it is closed, and says so", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  const room = await runtime.createRoom({ members: ["ada"] });
  const { id, conversation, turn, answers } = await runtime.send("ada", "?", { from: "user:7" });
  await runtime.close();
  const refused = runtime.send("ada", "?", { from: "user:7" });
  const calls: PromiseLike<unknown>[] = [
    refused,
    refused.accepted,
    runtime.enroll({ id: "bob", name: "Bob" }),
    runtime.unenroll("ada"),
    runtime.post(room.id, "?", { from: "user:7" }),
    runtime.createRoom({}),
    runtime.addMember(room.id, "ada"),
    runtime.messages(conversation),
    runtime.explain(turn),
    runtime.item(answers[0] ?? ""),
    runtime.explain(id),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "runtime_closed", status: 503 });
  expect(() => runtime.status("ada")).toThrow(expect.objectContaining({ code: "runtime_closed" }));
  expect(runtime.status()).toMatchObject({ accepted: 1, answered: 1, queued: 0, driver: true });
  expect(await runtime.readiness()).toEqual({
    ready: false,
    checks: { driver: "ok", store: "failed", accepting: "closing", providers: "ok" },
  });
  expect(await runtime.events().next()).toEqual({ done: true, value: undefined });
});

it("accepts or refuses what was sent in the same moment, and loses nothing of it", async () => {
  const store = join(temporaryFolder(), "kept.db");
  const first = await openHouse({ store });
  await enroll(first.runtime, "ada");
  const sent = [];
  for (let n = 0; n < 40; n += 1) {
    sent.push(first.runtime.send("ada", `${n}`, { from: `user:${n % 8}` }));
    if (n === 20) void first.runtime.close({ graceMs: 0 });
    if (n % 7 === 0) await setImmediate();
  }
  await first.runtime.close();
  const accepted = await Promise.allSettled(sent.map((answer) => answer.accepted));
  const outcomes = await Promise.allSettled(sent);
  for (const { status, reason } of [...accepted, ...outcomes].map((one) => ({ reason: undefined, ...one })))
    if (status === "rejected") expect(reason).toMatchObject({ code: "runtime_closed" });
  const stored = accepted.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(stored.length).toBeGreaterThan(0);
  expect(stored.length).toBeLessThan(40);

  const { runtime, clock } = await openHouse({ store });
  await untilDecided(runtime, clock);
  for (const { items } of stored) expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "answered" });
});

it("does not leave those waiting who wait for a persona to be gone", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => new Promise(() => {}) });
  void runtime.send("ada", "?", { from: "user:7" });
  await turns();
  const gone = expect(runtime.unenroll("ada")).rejects.toMatchObject({ code: "runtime_closed" });
  await turns();
  await runtime.close({ graceMs: 0 });
  await gone;
});
