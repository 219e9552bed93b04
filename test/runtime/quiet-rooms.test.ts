/** Rooms in which personas really talk to each other, and stop. */
import { expect, it } from "vitest";
import type { Runtime, RuntimeEvent } from "../../src/types.ts";
import { turns, until } from "../support/event-loop.ts";
import { enroll, type House, openHouse, outcomeOf, pass } from "./harness.ts";

const GAP_MS = 10_000;

/** Ada and Bob answer each other by name, whatever they hear. */
async function salon({ runtime }: House, settings = {}): Promise<string> {
  let said = 0;
  await enroll(runtime, "ada", { cognition: () => `@bob, this is number ${++said}`, settings });
  await enroll(runtime, "bob", { cognition: () => `@ada, this is number ${++said}`, settings });
  return (await runtime.createRoom({ members: ["ada", "bob"] })).id;
}

async function speakers(runtime: Runtime, room: string): Promise<string[]> {
  return (await runtime.messages(room)).map(({ from }) => from.id);
}

/** What became of the items that were not answered. */
async function reasons(runtime: Runtime): Promise<(string | undefined)[]> {
  return (await eventsUntilNow(runtime)).flatMap((event) => (event.type === "item" ? [event.item.reason] : []));
}

async function eventsUntilNow(runtime: Runtime): Promise<RuntimeEvent[]> {
  const found: RuntimeEvent[] = [];
  const ended = new AbortController();
  for await (const event of runtime.events({ after: 0, signal: ended.signal })) {
    found.push(event);
    if ("rev" in event && event.rev === runtime.rev) ended.abort();
  }
  return found;
}

it("lets them talk at their own pace, and stops them after so many hops", async () => {
  const house = await openHouse();
  const room = await salon(house);
  await house.runtime.post(room, "@ada what do you say?", { from: "user:7" });
  await turns();
  // Bob hears the guest too. After that each answers the other, no faster than the gap.
  expect(await speakers(house.runtime, room)).toHaveLength(3);
  expect(await house.runtime.why("bob")).toMatchObject({
    held: { gate: "room_gap", until: house.clock.now() + GAP_MS },
  });
  for (let n = 0; n < 40; n += 1) await pass(house.clock, GAP_MS);
  expect(house.runtime.status()).toMatchObject({ queued: 0, inFlight: 0 });
  const said = new Map((await house.runtime.messages(room)).map((message) => [message.id, message]));
  let longest = 0;
  for (const message of said.values()) {
    let chain = 0;
    for (let one = message; one.replyTo !== undefined; chain += 1) {
      const answered = said.get(one.replyTo);
      expect(answered?.from.id).not.toBe(one.from.id);
      one = answered ?? one;
    }
    longest = Math.max(longest, chain);
  }
  expect(longest).toBe(8);
});

it("stops them at the cap until a human speaks", async () => {
  const house = await openHouse({ maxHops: 64 });
  const room = await salon(house, { roomCap: 3, roomGapMs: 0 });
  await house.runtime.post(room, "@ada go on", { from: "user:7" });
  await turns(300);
  expect(await reasons(house.runtime)).toContain("room_cap");
  const before = await speakers(house.runtime, room);
  expect(before.filter((id) => id === "ada")).toHaveLength(1 + 3);
  await house.runtime.post(room, "@ada more of that", { from: "user:7" });
  await turns(300);
  expect((await speakers(house.runtime, room)).length).toBeGreaterThan(before.length + 4);
});

it("hears undirected talk, does not answer it, and remembers it in the next turn", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => "I think so." });
  const remembered: string[] = [];
  await enroll(runtime, "bob", {
    cognition: async (turn) => {
      remembered.push(...(await turn.history()).map(({ text }) => text));
      return "Yes.";
    },
  });
  const room = await runtime.createRoom({ members: ["ada", "bob"] });
  await runtime.post(room.id, "Shall we?", { from: "user:7" });
  await turns();
  expect((await reasons(runtime)).sort()).toEqual(["undirected", "undirected"]);
  await runtime.post(room.id, "Bob: are you sure?", { from: "user:7" });
  await turns();
  expect(remembered).toContain("I think so.");
});

it("says of each member what became of what it heard, whatever waits for it already", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => "I think so." });
  await enroll(runtime, "bob", { settings: { paused: true, maxQueued: 1 } });
  await enroll(runtime, "cleo", { cognition: () => ({ decline: "listening" }), settings: { answerUndirected: true } });
  const room = await runtime.createRoom({ members: ["ada", "bob", "cleo"] });
  await runtime.post(room.id, "Shall we?", { from: "user:7" });
  await until(() => runtime.status().declined === 3);
  const events = await eventsUntilNow(runtime);
  const reply = events.find((event) => event.type === "message" && event.message.text === "I think so.");
  const said = events.flatMap((event) => (event.type === "item" ? [event.item] : []));
  const replyId = reply?.type === "message" ? reply.message.id : "";
  expect(said.filter(({ message }) => message === replyId)).toMatchObject([
    { persona: "bob", state: "declined", reason: "undirected", attempt: 0 },
    { persona: "cleo", state: "declined", reason: "listening", attempt: 1 },
  ]);
  for (const item of said) expect(await runtime.item(item.id)).toEqual(item);
  expect(runtime.status()).toMatchObject({ accepted: 5, answered: 1, declined: 3, queued: 1 });
  expect(await runtime.why("bob")).toMatchObject({ queued: 1 });
});

it("refuses what a persona says to itself, once it is accepted", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { paused: true } });
  const talk = { from: "persona:ada", idempotencyKey: "once" };
  const first = runtime.send("ada", "Am I here?", talk);
  const { items } = await first.accepted;
  expect(items).toMatchObject([{ persona: "ada" }]);
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "declined", reason: "own" });
  const outcome = "declined: The persona said this itself (own)";
  expect(await outcomeOf(first)).toBe(outcome);
  const again = runtime.send("ada", "Am I here?", talk);
  expect(await again.accepted).toMatchObject({ items, replayed: true });
  expect(await outcomeOf(again)).toBe(outcome);
  expect(runtime.status()).toMatchObject({ accepted: 1, declined: 1, queued: 0 });
});

it("answers undirected talk if that is its way", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => "I think so." });
  await enroll(runtime, "bob", { cognition: () => "Me too.", settings: { answerUndirected: true, roomGapMs: 0 } });
  const room = await runtime.createRoom({ members: ["ada", "bob"] });
  await runtime.post(room.id, "Shall we?", { from: "user:7" });
  await turns();
  expect(await speakers(runtime, room.id)).toEqual(["user:7", "ada", "bob", "bob"]);
});

it("lets machines have the last word among themselves, unless they name it", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada", { settings: { roomGapMs: 0 } });
  const room = await runtime.createRoom({ members: ["ada"] });
  const say = async (text: string, from: string) => {
    await runtime.post(room.id, text, { from });
    await turns();
  };
  await say("first", "agent:x");
  // Ada's answer was a machine's message too: the next is one of three.
  await say("second", "agent:x");
  expect(await reasons(runtime)).toEqual(["echo"]);
  await say("@ada third", "agent:x");
  await say("fourth", "user:7");
  await say("fifth", "agent:x");
  expect(runtime.status()).toMatchObject({ answered: 4, declined: 1 });
  await pass(clock, 120_000);
  await say("sixth", "agent:x");
  expect(runtime.status()).toMatchObject({ answered: 5, declined: 1 });
});

it("takes the same words once, and short ones as often as they are said", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada");
  const room = await runtime.createRoom({ members: ["ada"] });
  const say = async (text: string, from = "user:7") => {
    const { items } = await runtime.post(room.id, text, { from });
    await turns();
    return (await runtime.item(items[0]?.id ?? "")).reason ?? "answered";
  };
  expect(await say("Where is the exit, please?")).toBe("answered");
  expect(await say("where is  the EXIT, please?")).toBe("duplicate");
  expect(await say("Where is the exit, please?", "user:8")).toBe("answered");
  expect(await say("yes")).toBe("answered");
  expect(await say("yes")).toBe("answered");
  await pass(clock, 60_000);
  expect(await say("Where is the exit, please?")).toBe("answered");
});

it("does not count a message that was refused", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { settings: { maxQueued: 1, paused: true } });
  const room = await runtime.createRoom({ members: ["ada"] });
  await runtime.post(room.id, "something else altogether", { from: "user:7" });
  const words = "Where is the exit, please?";
  await expect(runtime.post(room.id, words, { from: "user:7" })).rejects.toMatchObject({ code: "inbox_full" });
  await runtime.configure("ada", { settings: { paused: false, maxQueued: 10 } });
  await turns();
  const { items } = await runtime.post(room.id, words, { from: "user:7" });
  await turns();
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "answered" });
});

it("lets nobody answer its own words", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  await enroll(runtime, "bob");
  for (const from of ["persona:ada", { kind: "persona", id: "ada" }] as const) {
    expect(await outcomeOf(runtime.send("ada", "note to self", { from }))).toMatch(/^declined: .*\(own\)$/);
    expect(await outcomeOf(runtime.send("bob", "note to bob", { from }))).toBe("note to bob");
  }
});
