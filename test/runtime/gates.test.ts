/** What holds a persona: which gate, since when, until when. */
import { expect, it } from "vitest";
import type { PersonaChanges } from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { enroll, gated, openHouse, outcomeOf, pass } from "./harness.ts";

const broken = () => {
  throw new Error("kaput");
};

it("says that nothing holds a persona to which nothing is said", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  expect(await runtime.why("ada")).toEqual({
    persona: "ada",
    source: "inline",
    held: undefined,
    queued: 0,
    inStore: 0,
    inFlight: 0,
    breaker: { state: "closed", failures: 0, halfOpenAt: undefined },
    sleep: { mode: "active" },
    energy: 1,
    debt: 0,
    conversations: [],
  });
  await expect(runtime.why("bob")).rejects.toMatchObject({ code: "persona_not_found" });
});

it("opens the breaker after five failures in a row, and lets exactly one turn try", async () => {
  const { runtime, clock } = await openHouse();
  let calls = 0;
  const all = Promise.withResolvers<void>();
  const mind = gated();
  await enroll(runtime, "ada", {
    settings: { maxParallelTurns: 16 },
    cognition: async (turn) => {
      calls += 1;
      if (calls === 8) all.resolve();
      if (calls > 5) return mind.cognition(turn);
      await all.promise;
      return broken();
    },
  });
  const answers = Array.from({ length: 8 }, (_, n) => runtime.send("ada", `word ${n}`, { from: `user:${n}` }));
  const heard = answers.map(outcomeOf);
  await all.promise;
  await turns();
  expect(calls).toBe(8);
  // The other three began before the breaker opened: what becomes of them teaches it nothing.
  const { held, breaker } = await runtime.why("ada");
  expect(held).toMatchObject({ gate: "breaker_open", since: clock.now(), until: breaker.halfOpenAt });
  expect(breaker.state).toBe("open");
  expect((breaker.halfOpenAt ?? 0) - clock.now()).toBeGreaterThanOrEqual(27_000);
  expect((breaker.halfOpenAt ?? 0) - clock.now()).toBeLessThanOrEqual(33_000);
  while (mind.waiting > 0) mind.release();
  await turns();
  expect((await runtime.why("ada")).breaker.state).toBe("open");
  await pass(clock, (breaker.halfOpenAt ?? 0) - clock.now());
  expect(await runtime.why("ada")).toMatchObject({
    held: { gate: "breaker_probing" },
    breaker: { state: "half_open" },
    inFlight: 1,
  });
  expect(calls).toBe(9);
  mind.release();
  await turns();
  expect((await runtime.why("ada")).breaker).toMatchObject({ state: "closed", failures: 0 });
  while (mind.waiting > 0) {
    mind.release();
    await turns();
  }
  expect((await Promise.all(heard)).sort()).toEqual(answers.map((_, n) => `word ${n}`));
});

it("waits twice as long each time the try fails, ten minutes at most", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada", { settings: { breakerFailures: 1 }, cognition: broken });
  const pauses: number[] = [];
  for (let n = 0; n < 8; n += 1) {
    // A new caller each time, whose item has failed at most once.
    runtime.send("ada", "word", { from: `user:${n}` }).then(undefined, () => {});
    await turns();
    const { halfOpenAt } = (await runtime.why("ada")).breaker;
    pauses.push((halfOpenAt ?? 0) - clock.now());
    await pass(clock, pauses.at(-1) ?? 0);
  }
  const expected = [30, 60, 120, 240, 480, 600, 600, 600].map((seconds) => seconds * 1_000);
  for (const [n, pause] of pauses.entries()) {
    const nominal = expected[n] ?? 0;
    expect(pause).toBeGreaterThanOrEqual(0.9 * nominal - 1);
    expect(pause).toBeLessThanOrEqual(1.1 * nominal + 1);
  }
});

it.each<[PersonaChanges["sleep"], string, boolean]>([
  [{ mode: "mentioned_only" }, "what do you think, bob?", false],
  [{ mode: "mentioned_only" }, "@ada what do you think?", true],
  [{ mode: "human_only" }, "hello", true],
  [{ mode: "sleeping" }, "@ada wake up", false],
  [{ mode: "until_topic", topic: "primes" }, "near the topic", true],
  [{ mode: "until_topic", topic: "primes", threshold: 0.9 }, "near the topic", false],
])("asleep as %o it hears %j: awake %s", async (sleep, text, wakes) => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  const room = await runtime.createRoom({ members: ["ada"] });
  expect(await runtime.configure("ada", sleep === undefined ? {} : { sleep })).toMatchObject({ sleep });
  await runtime.post(room.id, "said by a machine", { from: "agent:x" });
  await turns();
  expect(await runtime.why("ada")).toMatchObject({ held: { gate: "asleep" }, queued: 1, sleep });
  await runtime.post(room.id, text, { from: "user:7", similarity: 0.8 });
  await turns();
  expect(runtime.status("ada")).toMatchObject(
    wakes ? { sleep: { mode: "active" }, queued: 0 } : { sleep, queued: 2, held: "asleep" },
  );
});

it("wakes at its time", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada");
  const until = clock.now() + 3_600_000;
  await runtime.configure("ada", { sleep: { mode: "sleeping", until } });
  const answer = outcomeOf(runtime.send("ada", "are you there?", { from: "user:7" }));
  await pass(clock, 3_599_000);
  expect(runtime.status("ada")).toMatchObject({ held: "asleep", heldUntil: until, queued: 1 });
  await pass(clock, 1_000);
  expect(await answer).toBe("are you there?");
  expect(runtime.status("ada").sleep).toEqual({ mode: "active" });
});

it("keeps a human's own words going when a persona with a temperament is overwhelmed", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada", { settings: { temperament: true, computeBudget: 0.1 } });
  const machine = outcomeOf(runtime.send("ada", "from a machine", { from: "agent:x" }));
  const human = outcomeOf(runtime.send("ada", "from a human", { from: "user:7" }));
  expect(await human).toBe("from a human");
  expect((await runtime.why("ada")).held).toMatchObject({ gate: "overwhelmed" });
  expect((await runtime.why("ada")).held?.until).toBeGreaterThan(clock.now());
  await pass(clock, 60_000);
  expect(await machine).toBe("from a machine");
});

it("gets tired from work and rested by doing nothing", async () => {
  const { runtime, clock } = await openHouse();
  const mind = gated();
  await enroll(runtime, "ada", { settings: { temperament: true, complexity: 10 }, cognition: mind.cognition });
  const work = outcomeOf(runtime.send("ada", "hard work", { from: "user:7" }));
  await pass(clock, 60_000);
  mind.release();
  await work;
  expect((await runtime.why("ada")).energy).toBe(0);
  runtime.send("ada", "more work", { from: "agent:x", priority: 0 }).then(undefined, () => {});
  await turns();
  expect((await runtime.why("ada")).held).toMatchObject({ gate: "tired" });
  await pass(clock, 60_000);
  expect(mind.heard).toEqual(["hard work", "more work"]);
});

it("lets the latest take the place of the waiting one", async () => {
  const { runtime } = await openHouse();
  const mind = gated();
  await enroll(runtime, "ada", { cognition: mind.cognition });
  const options = { from: "user:7", coalesce: "latest", mergeKey: "position" } as const;
  const sent = [outcomeOf(runtime.send("ada", "now", options))];
  await turns();
  for (const text of ["1", "2", "3"]) sent.push(outcomeOf(runtime.send("ada", text, options)));
  await turns();
  mind.release();
  await turns();
  mind.release();
  expect(await Promise.all(sent)).toEqual([
    "now",
    expect.stringMatching(/^declined: .*superseded/),
    expect.stringMatching(/^declined: .*superseded/),
    "3",
  ]);
  expect(mind.heard).toEqual(["now", "3"]);
});

it("merges tasks that have the same key, and only those", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { paused: true } });
  const task = (text: string, mergeKey?: string) =>
    outcomeOf(runtime.send("ada", text, { from: "user:7", lane: "task", ...(mergeKey ? { mergeKey } : {}) }));
  const sent = [task("a", "code"), task("b", "code"), task("c", "mail"), task("d"), task("e")];
  await turns();
  await runtime.configure("ada", { settings: { paused: false } });
  expect(await Promise.all(sent)).toEqual(["a+b", "a+b", "c", "d", "e"]);
});

it("evicts the least important when memory is all there is, and says so", async () => {
  const { runtime } = await openHouse({ store: "memory" });
  await enroll(runtime, "ada", { settings: { paused: true, windows: { chat: 2 } } });
  const events: string[] = [];
  const ended = new AbortController();
  const listening = (async () => {
    for await (const event of runtime.events({ signal: ended.signal }))
      if (event.type === "item") events.push(`${event.item.state} ${event.item.reason}`);
  })();
  const send = (text: string, priority: number) => outcomeOf(runtime.send("ada", text, { from: "user:7", priority }));
  const sent = [send("first", 0.5), send("low", 0.1), send("second", 0.5), send("lower", 0.05)];
  await turns();
  await runtime.configure("ada", { settings: { paused: false } });
  expect(await Promise.all(sent)).toEqual([
    "first+second",
    expect.stringMatching(/^declined: .*evicted/),
    "first+second",
    expect.stringMatching(/^declined: .*evicted/),
  ]);
  ended.abort();
  await listening;
  expect(events).toEqual(["declined evicted", "declined evicted"]);
});

it.each<[string, unknown, string[]]>([
  ["nothing that exists", { settings: { breakers: 1 } }, ["settings.breakers"]],
  ["a setting beyond its bounds", { settings: { breakerFailures: 1_001 } }, ["settings.breakerFailures"]],
  ["a window of 0", { settings: { windows: { chat: 0 } } }, ["settings.windows.chat"]],
  ["an unknown lane", { settings: { windows: { mail: 1 } } }, ["settings.windows.mail"]],
  ["a mood that is no number", { settings: { computeBudget: Number.NaN } }, ["settings.computeBudget"]],
  ["a sleep without a mode", { sleep: {} }, ["sleep.mode"]],
  ["a sleep that is over", { sleep: { mode: "sleeping", until: 1 } }, ["sleep.until"]],
  ["an end of being awake", { sleep: { mode: "active", until: 1 } }, ["sleep.until"]],
  ["a topic that nobody waits for", { sleep: { mode: "sleeping", topic: "x" } }, ["sleep.topic"]],
  ["a threshold of nothing", { sleep: { mode: "human_only", threshold: 0.5 } }, ["sleep.threshold"]],
  ["waiting for no topic", { sleep: { mode: "until_topic" } }, ["sleep.topic"]],
  ["no changes", "paused", ["changes"]],
])("refuses %s", async (_, changes, fields) => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  const before = runtime.status("ada");
  const refused = runtime.configure("ada", changes as PersonaChanges);
  await expect(refused).rejects.toMatchObject({ code: "invalid_input", fields: fields.map((field) => ({ field })) });
  expect(runtime.status("ada")).toEqual(before);
});

it("changes what is given and nothing else", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { instructions: "Be kind.", settings: { deadlineMs: 5, windows: { chat: 7 } } });
  const before = runtime.status("ada");
  const nothing = { settings: { deadlineMs: undefined, windows: { chat: undefined } } } as unknown as PersonaChanges;
  for (const none of [{}, nothing]) expect(await runtime.configure("ada", none)).toEqual(before);
  const changed = await runtime.configure("ada", { settings: { roomCap: 3, windows: { task: 9 } } });
  const settings = { ...before.settings, roomCap: 3, windows: { ...before.settings.windows, task: 9 } };
  expect(changed).toEqual({ ...before, settings });
  await expect(runtime.configure("bob", {})).rejects.toMatchObject({ code: "persona_not_found" });
});
