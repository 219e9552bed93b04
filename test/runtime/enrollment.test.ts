import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { enroll, gated, openHouse, outcomeOf, pass } from "./harness.ts";

it("is gone only when what became of all its items is stored", async () => {
  const { runtime } = await openHouse({ store: join(temporaryFolder(), "cast.db") });
  await enroll(runtime, "ada", { settings: { paused: true } });
  const sent = Array.from({ length: 3_000 }, () => runtime.send("ada", "?", { from: "user:7" }).accepted);
  await Promise.all(sent);
  await runtime.unenroll("ada", "return");
  expect(runtime.status()).toMatchObject({ accepted: 3_000, declined: 3_000 });
});

it("drains: what waits is answered, nothing new is taken, and then the persona is gone", async () => {
  const { runtime } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const answers = ["a", "b"].map((text) => runtime.send("ada", text, { from: `user:${text}` }));
  await turns();
  const gone = runtime.unenroll("ada");
  await turns();
  expect(runtime.status("ada")).toMatchObject({ draining: true, queued: 1, inFlight: 1 });
  expect(await outcomeOf(runtime.send("ada", "c", { from: "user:c" }))).toMatch(/^persona_draining/);
  await expect(enroll(runtime, "ada")).rejects.toMatchObject({ code: "persona_draining" });
  for (const _ of answers) {
    gate.release();
    await turns();
  }
  await gone;
  expect(await Promise.all(answers.map(outcomeOf))).toEqual(["a", "b"]);
  expect(runtime.personas()).toEqual([]);
  expect(await outcomeOf(runtime.send("ada", "d", { from: "user:d" }))).toMatch(/^persona_not_found/);
});

it("returns: what waits is declined, what runs is answered", async () => {
  const { runtime } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const running = runtime.send("ada", "running", { from: "user:1" });
  await turns();
  const waiting = runtime.send("ada", "waiting", { from: "user:2" });
  await turns();
  const gone = runtime.unenroll("ada", "return");
  expect(await outcomeOf(waiting)).toBe("declined: The persona was unenrolled before it answered (unenrolled)");
  gate.release();
  expect(await outcomeOf(running)).toBe("running");
  await gone;
  expect(runtime.status()).toMatchObject({ personas: 0, answered: 1, declined: 1 });
});

it("returns what a drain still had, and both calls end", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { paused: true } });
  const waiting = runtime.send("ada", "?", { from: "user:1" });
  await turns();
  const drained = runtime.unenroll("ada", "drain");
  await turns();
  expect(runtime.status("ada")).toMatchObject({ draining: true, queued: 1 });
  await Promise.all([drained, runtime.unenroll("ada", "return")]);
  expect(await outcomeOf(waiting)).toMatch(/^declined/);
});

it.each(["memory", "kept.db"])("is not confused by calls at the same moment (%s)", async (name) => {
  const { runtime, warnings } = await openHouse({ store: name === "memory" ? name : join(temporaryFolder(), name) });
  await enroll(runtime, "ada");
  // An idle persona's place is free at once, long before the store knows.
  await Promise.all([runtime.unenroll("ada"), runtime.unenroll("ada", "return"), runtime.unenroll("ada")]);
  await expect(runtime.unenroll("ada")).rejects.toMatchObject({ code: "persona_not_found" });

  await enroll(runtime, "ada");
  await Promise.all([enroll(runtime, "ada", { name: "Ada" }), runtime.unenroll("ada")]);
  expect(runtime.personas()).toEqual([]);

  await Promise.all([enroll(runtime, "ada", { name: "First" }), enroll(runtime, "ada", { name: "Second" })]);
  expect(runtime.personas()).toMatchObject([{ id: "ada", name: "Second" }]);
  expect((await runtime.readiness()).ready).toBe(true);
  expect((await runtime.send("ada", "still there?", { from: "user:7" })).text).toBe("still there?");
  expect(warnings).toEqual([]);
});

it("changes a persona and keeps its inbox", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { paused: true }, cognition: () => "the old one" });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await turns();
  expect(runtime.status("ada")).toMatchObject({ queued: 1, held: "paused" });
  const changed = await runtime.enroll({ id: "ada", name: " Lady Ada ", cognition: () => "the new one" });
  expect(changed).toMatchObject({ name: "Lady Ada", cognition: "function", settings: { paused: false } });
  expect(await outcomeOf(answer)).toBe("the new one");
  expect(runtime.status()).toMatchObject({ personas: 1 });
});

it("keeps the function of a persona that is enrolled again without one", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => "her own words" });
  expect(await runtime.enroll({ id: "ada", name: "Lady Ada" })).toMatchObject({
    name: "Lady Ada",
    cognition: "function",
  });
  expect((await runtime.send("ada", "?", { from: "user:7" })).text).toBe("her own words");
});

it("counts what was just accepted", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { paused: true } });
  await runtime.send("ada", "?", { from: "user:7" }).accepted;
  expect(runtime.status("ada")).toMatchObject({ queued: 1 });
});

it("knows a persona that comes back, and its conversations", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  const before = await runtime.send("ada", "before", { from: "user:7" });
  await runtime.unenroll("ada");
  await enroll(runtime, "ada");
  const after = await runtime.send("ada", "after", { from: "user:7" });
  expect(after.conversation).toBe(before.conversation);
  expect(await runtime.messages(after.conversation)).toHaveLength(4);
});

it("holds what a persona without its function has, until it is given again after a restart", async () => {
  const store = join(temporaryFolder(), "kept.db");
  const first = await openHouse({ store });
  await enroll(first.runtime, "ada", { cognition: () => new Promise(() => {}) });
  await enroll(first.runtime, "bob");
  await first.runtime.send("ada", "running", { from: "user:1" }).accepted;
  await first.runtime.send("ada", "waiting", { from: "user:2" }).accepted;
  await until(() => first.runtime.status("ada").inFlight === 1);
  await first.runtime.close({ graceMs: 0 });

  const { runtime, clock } = await openHouse({ store });
  await pass(clock, 60_000);
  expect(runtime.status("ada")).toMatchObject({
    cognition: "absent",
    held: "cognition_absent",
    queued: 2,
    inFlight: 0,
  });
  expect(runtime.status("bob")).toMatchObject({ cognition: "function" });
  expect((await runtime.send("bob", "hello", { from: "user:1" })).text).toBe("hello");
  const heard: string[] = [];
  await enroll(runtime, "ada", {
    cognition: ({ text }) => {
      heard.push(text);
      return text;
    },
  });
  await until(() => runtime.status().answered === 3);
  expect(heard).toEqual(["running", "waiting"]);
});
