/** What does not fit into native memory waits in the database, in order, and is lost by nothing. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { createRuntime, type RuntimeOptions } from "../../src/index.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { echo, enroll, gated, openHouse, outcomeOf } from "./harness.ts";

const WINDOWS = { voice: 2, chat: 4, task: 2, background: 2 };
const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

it("pages a backlog in, in the order of each conversation", async () => {
  const heard: string[] = [];
  const { runtime } = await openHouse({ store: join(temporaryFolder(), "cast.db") });
  const settings = { paused: true, windows: WINDOWS };
  await enroll(runtime, "ada", {
    settings,
    cognition: (turn) => {
      for (const { text } of [...turn.context, turn.trigger]) heard.push(text);
      return echo(turn);
    },
  });
  const sent = numbers(300).map((n) => runtime.send("ada", n, { from: `user:${Number(n) % 3}` }));
  await Promise.all(sent.map(({ accepted }) => accepted));
  await turns();
  expect(runtime.status("ada")).toMatchObject({ queued: 300, inStore: 296 });
  expect(await runtime.why("ada")).toMatchObject({ queued: 300, inStore: 296, held: { gate: "paused" } });
  await runtime.configure("ada", { settings: { paused: false } });
  await Promise.all(sent);
  for (const caller of [0, 1, 2])
    expect(heard.filter((n) => Number(n) % 3 === caller)).toEqual(numbers(300).filter((n) => Number(n) % 3 === caller));
  expect(runtime.status()).toMatchObject({ accepted: 300, answered: 300, queued: 0, inStore: 0 });
});

it("lets a caller through while chat waits in the database", async () => {
  const { runtime } = await openHouse({ store: join(temporaryFolder(), "cast.db") });
  const mind = gated();
  await enroll(runtime, "ada", { cognition: mind.cognition, settings: { windows: WINDOWS } });
  const sent = numbers(40).map((n) => outcomeOf(runtime.send("ada", n, { from: `user:${n}` })));
  await until(() => mind.waiting === 1);
  const spoken = outcomeOf(runtime.send("ada", "spoken", { from: "user:caller", lane: "voice" }));
  await until(() => runtime.status("ada").lanes.voice === 1);
  mind.release();
  await until(() => mind.heard.length === 2);
  expect(mind.heard[1]).toBe("spoken");
  while (runtime.status().answered < 41) {
    mind.release();
    await turns();
  }
  expect(await Promise.all([...sent, spoken])).toEqual([...numbers(40), "spoken"]);
});

it("finds what expired in the database, and gives back all of it when its persona goes", async () => {
  const { runtime, clock } = await openHouse({ store: join(temporaryFolder(), "cast.db") });
  await enroll(runtime, "ada", { settings: { paused: true, windows: WINDOWS } });
  const sent = numbers(20).map((n) =>
    outcomeOf(runtime.send("ada", n, { from: "user:7", ...(Number(n) > 9 ? { expiresInMs: 1_000 } : {}) })),
  );
  await turns();
  clock.advance(2_000);
  await runtime.configure("ada", { settings: { paused: false } });
  const outcomes = await Promise.all(sent);
  expect(outcomes.slice(0, 10).every((text) => text.split("+").length > 0 && !text.includes(":"))).toBe(true);
  expect(outcomes.slice(10).every((text) => /^dead: .*expired/.test(text))).toBe(true);

  await runtime.configure("ada", { settings: { paused: true } });
  const waiting = numbers(20).map((n) => outcomeOf(runtime.send("ada", n, { from: "user:7" })));
  await turns();
  await runtime.unenroll("ada", "return");
  expect((await Promise.all(waiting)).every((text) => /^declined: .*unenrolled/.test(text))).toBe(true);
  expect(runtime.status()).toMatchObject({ queued: 0, inStore: 0, personas: 0 });
});

it("keeps pause, sleep and backlog over a restart", async () => {
  const clock = new ManualClock();
  const options: RuntimeOptions = { store: join(temporaryFolder(), "cast.db"), clock, seed: 1, cognition: echo };
  const first = await createRuntime(options);
  await enroll(first, "ada", { settings: { windows: WINDOWS } });
  await enroll(first, "bob", { settings: { paused: true } });
  const sleep = { mode: "mentioned_only", until: clock.now() + 60_000 } as const;
  const room = await first.createRoom({ members: ["ada"] });
  await first.configure("ada", { sleep });
  for (const n of numbers(20)) await first.post(room.id, n, { from: "user:7" });
  void outcomeOf(first.send("bob", "?", { from: "user:7" }));
  await turns();
  await first.close();
  const since = clock.now();
  clock.advance(1_000);

  const second = await createRuntime(options);
  expect(second.status("ada")).toMatchObject({
    sleep,
    held: "asleep",
    heldSince: since,
    heldUntil: sleep.until,
    queued: 20,
    inStore: 16,
  });
  expect(second.status("bob")).toMatchObject({
    held: "paused",
    heldSince: since,
    queued: 1,
    settings: { paused: true },
  });
  await second.post(room.id, "Ada, are you there?", { from: "user:7" });
  await until(() => second.status().queued === 1);
  expect(second.status("ada").sleep).toEqual({ mode: "active" });
  await second.close();

  const third = await createRuntime(options);
  expect(third.status("ada").sleep).toEqual({ mode: "active" });
  expect(third.status()).toMatchObject({ queued: 1, personas: 2 });
  await third.close();
});
