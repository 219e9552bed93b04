/** Changing an enrolled persona: its settings, its pause, its sleep. */
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { turns, until } from "../support/event-loop.ts";
import { listen, openHouse, sendTo } from "./harness.ts";

async function openToAll() {
  const clock = new ManualClock();
  const { app, runtime } = await openHouse({ clock });
  await runtime.enroll({ id: "ada", name: "Ada", instructions: "Be kind.", settings: { maxQueued: 5 } });
  return { clock, runtime, send: sendTo(await listen(app)) };
}

it("changes what is given, and nothing else", async () => {
  const { send } = await openToAll();
  const { body: before } = await send("GET /v1/enrollments/ada");
  const settings = { breaker_failures: 0, complexity: 0.5, windows: { chat: 7 } };
  const changed = await send("PATCH /v1/enrollments/ada", { settings });
  expect(changed.status).toBe(200);
  expect(changed.body).toEqual({
    ...before,
    settings: {
      ...before.settings,
      breaker_failures: 0,
      complexity: 0.5,
      windows: { ...before.settings.windows, chat: 7 },
    },
  });
  const sleep = { mode: "until_topic", topic: "primes" };
  const asleep = await send("PATCH /v1/enrollments/ada", { sleep });
  expect(asleep.body).toEqual({ ...changed.body, sleep: { ...sleep, threshold: expect.any(Number) } });
  expect((await send("GET /v1/enrollments/ada")).body).toEqual(asleep.body);
});

it.each([{}, { settings: {} }, { settings: { windows: {} } }])("changes nothing by %o", async (nothing) => {
  const { send } = await openToAll();
  await send("PATCH /v1/enrollments/ada", { sleep: { mode: "sleeping", until: 4_102_444_800_000 } });
  const { body: before } = await send("GET /v1/enrollments/ada");
  expect(await send("PATCH /v1/enrollments/ada", nothing)).toMatchObject({ status: 200, body: before });
  expect((await send("GET /v1/enrollments/ada")).body).toEqual(before);
});

it("pauses and resumes: what came meanwhile is answered then", async () => {
  const { clock, runtime, send } = await openToAll();
  await send("PATCH /v1/enrollments/ada", { settings: { paused: true } });
  const pausedAt = clock.now();
  clock.advance(5_000);
  const waiting = send("POST /v1/personas/ada/messages?wait=60", { text: "hi" });
  await until(() => runtime.status("ada").queued === 1);
  const { body: shown } = await send("GET /v1/enrollments/ada");
  expect(shown).toMatchObject({ held: "paused", held_since: pausedAt, lanes: { chat: 1 } });
  expect(shown).not.toHaveProperty("held_until");
  const resumed = await send("PATCH /v1/enrollments/ada", { settings: { paused: false } });
  expect(resumed).toMatchObject({ status: 200, body: { settings: { paused: false, max_queued: 5 } } });
  expect((await waiting).body.reply.text).toBe("heard: hi");
});

it("sleeps until its time, or until somebody is near enough to its topic", async () => {
  const { clock, runtime, send } = await openToAll();
  const wakeAt = clock.now() + 60_000;
  await send("PATCH /v1/enrollments/ada", { sleep: { mode: "sleeping", until: wakeAt } });
  const first = send("POST /v1/personas/ada/messages?wait=60", { text: "good morning" });
  await until(() => runtime.status("ada").queued === 1);
  expect((await send("GET /v1/enrollments/ada")).body).toMatchObject({
    held: "asleep",
    held_until: wakeAt,
    sleep: { mode: "sleeping", until: wakeAt },
  });
  clock.advance(60_000);
  expect((await first).body.reply.text).toBe("heard: good morning");
  await turns();
  expect((await send("GET /v1/enrollments/ada")).body.sleep).toEqual({ mode: "active" });

  const sleep = { mode: "until_topic", topic: "primes", threshold: 0.8 };
  await send("PATCH /v1/enrollments/ada", { sleep });
  await send("POST /v1/personas/ada/messages", { text: "lunch?", similarity: 0.79, lane: "task" });
  await until(() => runtime.status("ada").queued === 1);
  expect((await send("GET /v1/enrollments/ada")).body).toMatchObject({ held: "asleep", sleep });
  const near = await send("POST /v1/personas/ada/messages?wait=60", { text: "is 91 prime?", similarity: 0.8 });
  expect(near.body.reply.text).toBe("heard: is 91 prime?");
});

it("keeps its sleep when it is enrolled again, and wakes when it is told to", async () => {
  const { send } = await openToAll();
  const sleep = { mode: "human_only" };
  await send("PATCH /v1/enrollments/ada", { sleep });
  expect((await send("PUT /v1/enrollments/ada", { name: "Ada L." })).body).toMatchObject({ name: "Ada L.", sleep });
  const awake = await send("PATCH /v1/enrollments/ada", { sleep: { mode: "active" } });
  expect(awake.body.sleep).toEqual({ mode: "active" });
});

it("cannot change a persona of a runtime that is closed", async () => {
  const { runtime, send } = await openToAll();
  await runtime.close();
  const refused = await send("PATCH /v1/enrollments/ada", {});
  expect(refused).toMatchObject({ status: 503, body: { code: "runtime_closed" } });
});
