/** Tenants of one runtime: each has everything to itself. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { encodeId, type IdKind, nextKey } from "../../src/ids.ts";
import { ManualClock, PersonaError } from "../../src/index.ts";
import { PersonaRuntime } from "../../src/runtime/runtime.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Runtime, RuntimeEvent } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { echo, enroll, eventsOf, openHouse, openOver, outcomeOf, pass } from "./harness.ts";

const FROM = { from: "user:7" };

it("lets personas of different tenants have the same id, also after a restart", async () => {
  const store = join(temporaryFolder(), "tenants.db");
  const first = await openHouse({ store });
  const acme = first.runtime.tenant("acme");
  await enroll(first.runtime, "ada", { instructions: "ours" });
  await enroll(acme, "ada", { instructions: "theirs", settings: { paused: true } });
  const ours = await first.runtime.send("ada", "hello", FROM);
  const theirs = await acme.send("ada", "hello", FROM).accepted;
  expect(theirs.conversation).not.toBe(ours.conversation);
  await first.runtime.unenroll("ada");
  expect(first.runtime.has("ada")).toBe(false);
  expect(acme.status("ada")).toMatchObject({ instructions: "theirs", queued: 1 });
  await first.runtime.close();

  const second = await openHouse({ store });
  expect(second.runtime.personas()).toEqual([]);
  const again = second.runtime.tenant("acme");
  await again.configure("ada", { settings: { paused: false } });
  await until(() => again.status().answered === 1);
  const texts = (await again.messages(theirs.conversation)).map(({ text }) => text);
  expect(texts).toEqual(["hello", "hello"]);
  expect((await again.send("ada", "more", FROM)).conversation).toBe(theirs.conversation);
});

it("is the default tenant where nobody says otherwise, and checks names", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  expect(runtime.tenant("acme").tenant("default").has("ada")).toBe(true);
  for (const name of ["", "Acme", "a b", "../a", "a".repeat(129), "a\0"]) {
    expect(() => runtime.tenant(name)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  }
  for (const owner of ["", " ", " user:7", "user:7\n", "u".repeat(257), 7 as unknown as string]) {
    expect(() => runtime.tenant("acme", { owner })).toThrow(expect.objectContaining({ code: "invalid_input" }));
  }
});

it("closes with any of its views", async () => {
  const { runtime } = await openHouse();
  await runtime.tenant("acme").close();
  expect(await outcomeOf(runtime.send("ada", "hi", FROM))).toMatch(/^runtime_closed/);
});

/** Everything there is to reach by an id, in a tenant that has it, and an id of the same kind that names nothing. */
async function furnish(runtime: Runtime, clock: ManualClock, salt: number) {
  await enroll(runtime, "ada");
  await enroll(runtime, "mute", { cognition: () => ({ decline: "no" }) });
  await enroll(runtime, "idle", { settings: { paused: true } });
  const reply = await runtime.send("ada", "hello", FROM);
  const room = await runtime.createRoom({ members: ["mute"] });
  const posted = await runtime.post(room.id, "anybody?", FROM);
  const late = await runtime.send("idle", "too late", { ...FROM, expiresInMs: 1 }).accepted;
  await pass(clock, 10);
  const [letter] = await runtime.deadLetters();
  expect(letter?.item).toBe(late.items[0]?.id);
  const nothing = (kind: IdKind) => encodeId(kind, nextKey(clock.now() + 1_000, 0), salt);
  return [
    { name: "room", id: room.id, nothing: nothing("conversation") },
    { name: "session", id: reply.conversation, nothing: nothing("conversation") },
    { name: "reply", id: reply.id, nothing: nothing("message") },
    { name: "message", id: posted.message, nothing: nothing("message") },
    { name: "turn", id: reply.turn, nothing: nothing("turn") },
    { name: "item", id: reply.answers[0] ?? "", nothing: nothing("item") },
    { name: "dead item", id: late.items[0]?.id ?? "", nothing: nothing("item") },
    { name: "persona", id: "ada", nothing: "ida" },
  ];
}

/** Every call that takes an id. */
function callsWith(runtime: Runtime, room: string, id: string): Readonly<Record<string, () => unknown>> {
  return {
    room: () => runtime.room(id),
    session: () => runtime.session(id),
    messages: () => runtime.messages(id),
    post: () => runtime.post(id, "hi", FROM),
    "post to": () => runtime.post(room, "hi", { ...FROM, replyTo: id }),
    "add to": () => runtime.addMember(id, "eve"),
    "remove from": () => runtime.removeMember(id, "eve"),
    add: () => runtime.addMember(room, id),
    remove: () => runtime.removeMember(room, id),
    open: () => runtime.createRoom({ members: [id] }),
    send: () => runtime.send(id, "hi", FROM),
    "send into": () => runtime.send("eve", "hi", { ...FROM, conversation: id }),
    configure: () => runtime.configure(id, { settings: { paused: true } }),
    unenroll: () => runtime.unenroll(id),
    status: () => runtime.status(id),
    why: () => runtime.why(id),
    explain: () => runtime.explain(id),
    item: () => runtime.item(id),
    letters: () => runtime.deadLetters({ persona: id }),
    replay: () => runtime.replay(id),
    discard: () => runtime.discard(id),
  };
}

/** The refusal, with the id left out of its words. */
async function refusalOf(call: (() => unknown) | undefined, id: string): Promise<unknown> {
  try {
    await call?.();
    return "none";
  } catch (error) {
    if (!(error instanceof PersonaError)) throw error;
    const fields = error.fields.map(({ field, message }) => ({ field, message: message.replace(id, "…") }));
    return { code: error.code, message: error.message.replace(id, "…"), fields };
  }
}

const views: Readonly<Record<string, (runtime: Runtime) => Runtime>> = {
  tenant: (runtime) => runtime.tenant("acme"),
  owner: (runtime) => runtime.tenant("acme", { owner: "user:7" }),
};

it.each(Object.keys(views))("finds nothing of another tenant by any id, as if it did not exist (%s)", async (name) => {
  let salt = 0;
  const { runtime, clock } = await openOver((store) => {
    salt = store.salt;
    return store;
  });
  const things = await furnish(runtime, clock, salt);
  await enroll(runtime.tenant("acme"), "eve");
  const other = views[name]?.(runtime) ?? runtime;
  const room = await other.createRoom({});
  const before = runtime.status();
  for (const { name: thing, id, nothing } of things) {
    const calls = callsWith(other, room.id, id);
    const empty = callsWith(other, room.id, nothing);
    for (const call of Object.keys(calls)) {
      const refusal = await refusalOf(calls[call], id);
      expect(refusal, `${call} ${thing}`).toMatchObject({ code: expect.any(String) });
      expect(refusal, `${call} ${thing}`).toEqual(await refusalOf(empty[call], nothing));
    }
  }
  expect(await other.deadLetters()).toEqual([]);
  expect(other.personas().map(({ id }) => id)).toEqual(["eve"]);
  expect(runtime.status()).toEqual(before);
  expect(await runtime.deadLetters()).toHaveLength(1);
});

it("keeps idempotency keys of tenants and of persons apart", async () => {
  const { runtime } = await openHouse();
  const acme = runtime.tenant("acme");
  const views = [runtime, acme, acme.tenant("acme", { owner: "user:7" }), acme.tenant("acme", { owner: "user:8" })];
  for (const view of [runtime, acme]) await enroll(view, "ada");
  const accepted = await Promise.all(
    views.map(async (view, n) => {
      const from = { from: n === 3 ? "user:8" : "user:7" };
      const answer = view.send("ada", `from ${n}`, { ...from, idempotencyKey: "once" });
      return answer.accepted;
    }),
  );
  expect(accepted.map(({ replayed }) => replayed)).toEqual([false, false, false, false]);
  expect(new Set(accepted.map(({ message }) => message)).size).toBe(4);
  const again = views[2]?.send("ada", "from 2", { ...FROM, idempotencyKey: "once" });
  expect(await again?.accepted).toMatchObject({ replayed: true, message: accepted[2]?.message });
});

it("counts each tenant by itself, and all of them for the operator", async () => {
  const { runtime, clock } = await openHouse({ store: "memory" });
  const acme = runtime.tenant("acme");
  const shy = () => ({ decline: "no" });
  for (const view of [runtime, acme]) {
    await enroll(view, "ada");
    await enroll(view, "idle", { settings: { paused: true, maxQueued: 2 } });
  }
  await enroll(acme, "shy", { cognition: shy });
  await runtime.send("ada", "hi", FROM);
  expect(await outcomeOf(acme.send("shy", "hi", FROM))).toMatch(/^declined/);
  const waiting = ["task", "voice"] as const;
  await Promise.all(waiting.map((lane) => acme.send("idle", "hi", { ...FROM, lane }).accepted));
  expect(await outcomeOf(acme.send("idle", "hi", FROM))).toMatch(/^inbox_full/);
  await runtime.send("idle", "hi", { ...FROM, expiresInMs: 5 }).accepted;
  await pass(clock, 10);
  const nothing = { accepted: 0, answered: 0, declined: 0, dead: 0, retried: 0, refused: 0, refusals: {} };
  expect(runtime.status()).toEqual({
    ...nothing,
    ...{ personas: 2, accepted: 2, answered: 1, dead: 1, queued: 0, inStore: 0, inFlight: 0 },
    ...{ lanes: { voice: 0, chat: 0, task: 0, background: 0 }, store: "memory", driver: true, providers: [] },
  });
  expect(acme.status()).toEqual({
    ...nothing,
    ...{
      personas: 3,
      accepted: 3,
      declined: 1,
      refused: 1,
      refusals: { inbox_full: 1 },
      queued: 2,
      inStore: 0,
      inFlight: 0,
    },
    ...{ lanes: { voice: 1, chat: 0, task: 1, background: 0 }, store: "memory", driver: true, providers: [] },
  });
  expect(runtime.tenant("empty").status()).toMatchObject({ ...nothing, personas: 0, queued: 0 });
  const { nativeBytes, ...fleet } = acme.fleet();
  expect(nativeBytes).toBeGreaterThan(0);
  expect(fleet).toMatchObject({
    ...{
      tenants: 2,
      personas: 5,
      accepted: 5,
      answered: 1,
      declined: 1,
      dead: 1,
      retried: 0,
      refused: 1,
      refusals: { inbox_full: 1 },
    },
    ...{
      queued: 2,
      inStore: 0,
      inFlight: 0,
      store: "memory",
      driver: true,
      providers: [],
      readers: 0,
      commits: undefined,
    },
    lanes: { voice: 1, chat: 0, task: 1, background: 0 },
  });
});

const typesOf = (events: readonly RuntimeEvent[]) => events.map(({ type }) => type);

it("tells each tenant of its own events only, as they come and afterwards", async () => {
  const { runtime } = await openHouse();
  const acme = runtime.tenant("acme");
  const [ours, theirs] = [eventsOf(runtime), eventsOf(acme)];
  await enroll(runtime, "ada");
  await enroll(acme, "eve");
  await acme.createRoom({ name: "salon" });
  await runtime.send("ada", "hi", FROM);
  await turns();
  expect(typesOf(ours)).toEqual(["enrollment", "message", "turn_started", "token", "message", "turn"]);
  expect(theirs).toMatchObject([
    { type: "enrollment", persona: "eve" },
    { type: "room", room: { name: "salon" } },
  ]);
  const durable = (events: readonly RuntimeEvent[]) => events.filter((event) => "rev" in event);
  const later = [eventsOf(runtime, 0), eventsOf(acme, 0)];
  await turns();
  expect(later).toEqual([durable(ours), durable(theirs)]);
});

it("keeps a reader of a quiet tenant up while others fill the log, and tells who was away of the gap", async () => {
  const clock = new ManualClock();
  const store = await openSqliteStore(join(temporaryFolder(), "kept.db"), { clock, keepChanges: 20 });
  const parts = { store, clock, seed: 1, maxTurnsInFlight: 10, maxHops: 8, cognition: echo };
  const runtime = await PersonaRuntime.start(parts);
  const quiet = runtime.tenant("quiet");
  const present = eventsOf(quiet);
  await enroll(quiet, "eve");
  await enroll(runtime, "ada");
  const rev = runtime.rev;
  for (let n = 0; n < 20; n += 1) await runtime.send("ada", `${n}`, FROM);
  const away = eventsOf(quiet, rev);
  const back = quiet.events();
  expect(back.rev).toBe(runtime.rev);
  await quiet.send("eve", "at last", FROM);
  await turns();
  // Nothing is passed over while nobody takes it.
  expect(back.rev).toBeLessThan(runtime.rev);
  expect(await back.next()).toMatchObject({ value: { message: { text: "at last" } } });
  expect(back.rev).toBeLessThan(runtime.rev);
  await runtime.close();
  expect(typesOf(present)).toEqual(["enrollment", "message", "turn_started", "token", "message", "turn"]);
  expect(typesOf(away)).toEqual(["gap", "message", "turn_started", "token", "message", "turn"]);
});
