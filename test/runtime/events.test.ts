import { join } from "node:path";
import { expect, it } from "vitest";
import { ManualClock, PersonaError } from "../../src/index.ts";
import { PersonaRuntime } from "../../src/runtime/runtime.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Runtime, RuntimeEvent } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { echo, enroll, openHouse, openOver } from "./harness.ts";

/** Collects until the stream ends. */
function listen(runtime: Runtime, options = {}) {
  const events: RuntimeEvent[] = [];
  const ended = (async () => {
    for await (const event of runtime.events(options)) events.push(event);
  })();
  return { events, ended, revs: () => events.flatMap((event) => ("rev" in event ? [event.rev] : [])) };
}

it("tells of everything in the order in which it happened", async () => {
  const { runtime } = await openHouse();
  const { events, ended } = listen(runtime);
  await enroll(runtime, "ada", {
    cognition: (turn) => {
      turn.stream("he");
      turn.stream("llo");
      return undefined;
    },
  });
  const { id, turn, conversation, answers } = await runtime.send("ada", "hi", { from: "user:7" });
  await enroll(runtime, "shy", { cognition: () => ({ decline: "no" }) });
  await expect(runtime.send("shy", "hi", { from: "user:7" })).rejects.toThrow();
  const room = await runtime.createRoom({ members: ["ada"] });
  await runtime.unenroll("shy");
  await turns();
  await runtime.close();
  await ended;
  expect(events).toMatchObject([
    { type: "enrollment", persona: "ada", removed: false },
    { type: "message", message: { text: "hi", conversation } },
    { type: "turn_started", turn, persona: "ada", conversation, items: answers },
    { type: "token", turn, token: "he" },
    { type: "token", turn, token: "llo" },
    { type: "message", message: { id, text: "hello" } },
    { type: "turn", turn, outcome: "answered", reply: id },
    { type: "enrollment", persona: "shy", removed: false },
    { type: "message" },
    { type: "turn_started" },
    { type: "turn", outcome: "declined", reply: undefined },
    { type: "item", item: { state: "declined", reason: "no" } },
    { type: "room", room: { id: room.id, members: ["ada"] } },
    { type: "enrollment", persona: "shy", removed: true },
  ]);
});

it("tells a reader that was away in the same order, although the log goes further by then", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  const late = runtime.events();
  await runtime.send("ada", "hi", { from: "user:7" });
  await enroll(runtime, "bob");
  await runtime.send("ada", "bye", { from: "user:7" });
  const turn = ["message", "turn_started", "token", "message", "turn"];
  const expected = [...turn, "enrollment", ...turn];
  const told: string[] = [];
  while (told.length < expected.length) {
    const { value } = await late.next();
    if (value !== undefined) told.push(value.type);
  }
  expect(told).toEqual(expected);
});

it("gives each durable event once and in order, under load, to whoever comes whenever", async () => {
  const { runtime } = await openHouse({ store: join(temporaryFolder(), "kept.db") });
  for (let n = 0; n < 10; n += 1) await enroll(runtime, `p${n}`);
  const listeners = [listen(runtime, { after: 0 })];
  const sent = [];
  for (let n = 0; n < 300; n += 1) {
    sent.push(runtime.send(`p${n % 10}`, `${n}`, { from: `user:${n % 30}`, lane: "voice" }));
    if (n % 50 === 0) listeners.push(listen(runtime, { after: n / 50 }));
    if (n % 5 === 0) await turns(1);
  }
  await Promise.all(sent);
  await turns();
  await runtime.close();
  await Promise.all(listeners.map(({ ended }) => ended));
  const [whole, ...later] = listeners.map(({ revs }) => revs());
  expect(whole?.length).toBe(910);
  expect(whole).toEqual([...new Set(whole)].sort((a, b) => a - b));
  later.forEach((revs, n) => void expect(revs).toEqual(whole?.filter((rev) => rev > n)));
});

it("reads the log once for all who have come equally far, and for each tenant its own", async () => {
  const asked: string[] = [];
  const { runtime } = await openOver((store) =>
    instead(store, {
      changes: (tenant, after, limit) => {
        asked.push(`${tenant} ${after}`);
        return store.changes(tenant, after, limit);
      },
    }),
  );
  const acme = runtime.tenant("acme");
  const readers = Array.from({ length: 20 }, (_, n) => listen(n % 2 === 0 ? runtime : acme));
  const late = Array.from({ length: 5 }, () => listen(runtime, { after: 0 }));
  for (const view of [runtime, acme]) {
    await enroll(view, "ada");
    await view.send("ada", "hi", { from: "user:7" });
    await turns();
  }
  await runtime.close();
  await Promise.all([...readers, ...late].map(({ ended }) => ended));
  expect(asked).toEqual([...new Set(asked)]);
  for (const { events } of [...readers, ...late])
    expect(events.flatMap((event) => ("rev" in event ? [event.type] : []))).toEqual([
      ...["enrollment", "message", "message", "turn"],
    ]);
  const revs = (view: number) => readers[view]?.revs() ?? [];
  expect(revs(0).some((rev) => revs(1).includes(rev))).toBe(false);
});

it("begins the turn that answers a message before it tells others of the message", async () => {
  const order: string[] = [];
  const { runtime } = await openOver((store) =>
    instead(store, {
      begin: (turn) => {
        order.push("begin");
        return store.begin(turn);
      },
      changes: (tenant, after, limit) => {
        order.push("log");
        return store.changes(tenant, after, limit);
      },
    }),
  );
  await enroll(runtime, "ada");
  const { ended } = listen(runtime);
  await turns();
  order.length = 0;
  await runtime.send("ada", "hi", { from: "user:7" });
  expect(order.slice(0, 2)).toEqual(["begin", "log"]);
  await runtime.close();
  await ended;
});

it("drops nothing for a reader that keeps up, however many turns begin at once", async () => {
  const { runtime } = await openHouse({ store: "memory", maxTurnsInFlight: 4_096 });
  const ids = Array.from({ length: 600 }, (_, n) => `p${n}`);
  await Promise.all(ids.map((id) => enroll(runtime, id)));
  const { events, ended } = listen(runtime);
  await turns();
  await Promise.all(ids.map((id) => runtime.send(id, "hi", { from: "user:7" })));
  await turns();
  await runtime.close();
  await ended;
  expect(events.filter(({ type }) => type === "lagged")).toEqual([]);
  expect(events.filter(({ type }) => type === "turn_started").length).toBe(600);
});

it("resumes after a restart where a reader was, in the same words", async () => {
  const store = join(temporaryFolder(), "kept.db");
  const first = await openHouse({ store });
  const before = listen(first.runtime);
  await enroll(first.runtime, "ada");
  for (const text of ["a", "b", "c"]) await first.runtime.send("ada", text, { from: "user:7" });
  await first.runtime.close();
  await before.ended;
  const durable = before.events.filter((event) => "rev" in event);

  const second = await openHouse({ store });
  const after = listen(second.runtime, { after: before.revs()[2] });
  await enroll(second.runtime, "ada");
  await second.runtime.send("ada", "d", { from: "user:7" });
  await second.runtime.close();
  await after.ended;
  const missed = durable.slice(3);
  const [resumed, live] = [after.events.slice(0, missed.length), after.events.slice(missed.length)];
  expect(resumed).toEqual(missed);
  expect(live.map(({ type }) => type)).toEqual(["enrollment", "message", "turn_started", "token", "message", "turn"]);
});

it("says when it cannot go back so far, and when it was never there", async () => {
  const clock = new ManualClock();
  const store = await openSqliteStore(join(temporaryFolder(), "kept.db"), { clock, keepChanges: 20 });
  const runtime = await PersonaRuntime.start({
    store,
    clock,
    seed: 1,
    maxTurnsInFlight: 10,
    maxHops: 8,
    cognition: echo,
  });
  await enroll(runtime, "ada");
  for (let n = 0; n < 20; n += 1) await runtime.send("ada", `${n}`, { from: "user:7" });
  const behind = listen(runtime, { after: 1 });
  const foreign = listen(runtime, { after: 1e9 });
  await runtime.send("ada", "last", { from: "user:7" });
  await turns();
  await runtime.close();
  await Promise.all([behind.ended, foreign.ended]);
  const [gap, next] = behind.events;
  expect(gap).toMatchObject({ type: "gap", oldest: expect.any(Number) });
  expect(next).toMatchObject({ rev: gap?.type === "gap" ? gap.oldest : 0 });
  expect(behind.events.filter(({ type }) => type === "gap")).toHaveLength(1);
  expect(foreign.events[0]).toMatchObject({ type: "gap" });
  expect(foreign.events).toContainEqual(
    expect.objectContaining({ message: expect.objectContaining({ text: "last" }) }),
  );
});

it("lets a slow reader lose tokens and nothing else, and tells it how many", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", {
    async *cognition() {
      for (let n = 0; n < 1_000; n += 1) yield `${n} `;
    },
  });
  const slow = runtime.events();
  await runtime.send("ada", "a", { from: "user:7" });
  await runtime.send("ada", "b", { from: "user:7" });
  await turns();
  const events: RuntimeEvent[] = [];
  for await (const event of slow) {
    events.push(event);
    if (event.type === "lagged") break;
  }
  const kept = events.filter(({ type }) => type === "token" || type === "turn_started").length;
  expect(kept).toBeLessThan(300);
  expect(events.filter((event) => "rev" in event).map(({ type }) => type)).toEqual([
    "message",
    "message",
    "turn",
    "message",
    "message",
    "turn",
  ]);
  expect(events.at(-1)).toEqual({ type: "lagged", missed: 2_002 - kept });
});

it("ends for who was not reading when the runtime closed, and can be resumed", async () => {
  const { runtime } = await openHouse();
  const late = runtime.events();
  await enroll(runtime, "ada");
  await runtime.close();
  expect(await late.next()).toEqual({ done: true, value: undefined });
});

it("throws what the store says while it cannot be read, and then has ended", async () => {
  const broken = new PersonaError("store_unavailable", "No.");
  const { runtime } = await openOver((store) => instead(store, { changes: () => Promise.reject(broken) }));
  const events = runtime.events();
  await enroll(runtime, "ada");
  await expect(events.next()).rejects.toBe(broken);
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

it("ends when its reader goes, by signal or by itself", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  const leaving = new AbortController();
  const signalled = listen(runtime, { signal: leaving.signal });
  const waiting = runtime.events();
  const pending = waiting.next();
  await turns();
  leaving.abort();
  await signalled.ended;
  await waiting.return?.();
  expect(await pending).toMatchObject({ done: true });
  expect(await runtime.events({ signal: AbortSignal.abort() }).next()).toMatchObject({ done: true });
  await runtime.send("ada", "?", { from: "user:7" });
  await turns();
  expect(signalled.events).toEqual([]);
});

it("answers calls of next that overlap one after the other", async () => {
  const { runtime } = await openHouse();
  const events = runtime.events();
  const three = [events.next(), events.next(), events.next()];
  for (const id of ["ada", "bob", "cid"]) await enroll(runtime, id);
  const personas = (await Promise.all(three)).map(({ value }) => (value.type === "enrollment" ? value.persona : ""));
  expect(personas).toEqual(["ada", "bob", "cid"]);
  await events.return?.();
});
