/** A view of what belongs to one person: their sessions, their rooms, and nothing of anybody else's. */
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ManualClock } from "../../src/index.ts";
import type { Runtime } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { enroll, eventsOf, openHouse, pass } from "./harness.ts";

const SEVEN = { from: "user:7" };
const EIGHT = { from: "user:8" };

const forbidden = expect.objectContaining({ code: "forbidden" });

async function furnish(store = "memory") {
  const house = await openHouse({ store });
  const { runtime, clock } = house;
  await enroll(runtime, "ada");
  await enroll(runtime, "idle", { settings: { paused: true } });
  const [seven, eight] = ["user:7", "user:8"].map((owner) => runtime.tenant("default", { owner })) as [
    Runtime,
    Runtime,
  ];
  return { ...house, runtime, clock, seven, eight };
}

it("has the sessions in which the person talks, and their rooms, and no others", async () => {
  const { runtime, seven, eight } = await furnish();
  const session = await seven.send("ada", "hello", SEVEN);
  const room = await seven.createRoom({ name: "salon", members: ["ada"] });
  expect(room).toMatchObject({ owner: "user:7" });
  expect(await seven.room(room.id)).toEqual(room);
  expect(await seven.session(session.conversation)).toMatchObject({ caller: "user:7" });
  expect(await seven.messages(session.conversation)).toHaveLength(2);
  expect(await seven.explain(session.id)).toMatchObject({ outcome: "answered" });
  expect(await seven.item(session.answers[0] ?? "")).toMatchObject({ state: "answered" });

  await expect(eight.room(room.id)).rejects.toMatchObject({ code: "room_not_found" });
  await expect(eight.addMember(room.id, "idle")).rejects.toMatchObject({ code: "room_not_found" });
  await expect(eight.post(room.id, "hi", EIGHT)).rejects.toMatchObject({ code: "room_not_found" });
  await expect(eight.session(session.conversation)).rejects.toMatchObject({ code: "session_not_found" });
  await expect(eight.messages(session.conversation)).rejects.toMatchObject({ code: "session_not_found" });
  const into = { ...EIGHT, conversation: session.conversation };
  await expect(eight.send("ada", "hi", into)).rejects.toMatchObject({ code: "session_not_found" });
  for (const id of [session.id, session.turn, session.answers[0] ?? ""]) {
    await expect(eight.explain(id)).rejects.toMatchObject({ code: "turn_not_found" });
  }
  await expect(eight.item(session.answers[0] ?? "")).rejects.toMatchObject({ code: "turn_not_found" });
  expect(await runtime.messages(session.conversation)).toHaveLength(2);
});

it("is not taken in by a program that has the id of a person, and gives rooms of before to nobody", async () => {
  const { runtime, seven } = await furnish();
  const program = await runtime.send("ada", "hello", { from: { kind: "agent", id: "user:7" } });
  await expect(seven.session(program.conversation)).rejects.toMatchObject({ code: "session_not_found" });
  const room = await runtime.createRoom({});
  expect(room.owner).toBeUndefined();
  await expect(seven.room(room.id)).rejects.toMatchObject({ code: "room_not_found" });
  const given = await runtime.createRoom({ owner: "user:7" });
  expect(await seven.room(given.id)).toEqual(given);
});

it("speaks as that person only, and rules over nothing", async () => {
  const { seven } = await furnish();
  const room = await seven.createRoom({});
  const others = ["user:8", "agent:ci", { kind: "persona", id: "ada" }, { kind: "agent", id: "user:7" }] as const;
  for (const from of others) {
    await expect(seven.send("ada", "hi", { from })).rejects.toEqual(forbidden);
    await expect(seven.post(room.id, "hi", { from })).rejects.toEqual(forbidden);
  }
  expect((await seven.send("ada", "hi", { from: { kind: "human", id: "user:7", name: "Ann" } })).text).toBe("hi");
  await expect(seven.createRoom({ owner: "user:8" })).rejects.toEqual(forbidden);
  await expect(seven.enroll({ id: "eve", name: "Eve" })).rejects.toEqual(forbidden);
  await expect(seven.configure("ada", { settings: { paused: true } })).rejects.toEqual(forbidden);
  await expect(seven.unenroll("ada")).rejects.toEqual(forbidden);
});

it("takes a reply only to a message of the same conversation", async () => {
  const { seven, eight } = await furnish();
  const [mine, other] = [await seven.createRoom({}), await seven.createRoom({})];
  const { message } = await seven.post(mine.id, "hello", SEVEN);
  const elsewhere = await seven.post(other.id, "hello", SEVEN);
  const foreign = await eight.send("ada", "hello", EIGHT);
  await seven.post(mine.id, "more", { ...SEVEN, replyTo: message });
  expect((await seven.messages(mine.id)).at(-1)).toMatchObject({ replyTo: message });
  for (const replyTo of [elsewhere.message, foreign.id, mine.id, "nonsense"]) {
    await expect(seven.post(mine.id, "hi", { ...SEVEN, replyTo })).rejects.toMatchObject({
      code: "invalid_input",
      fields: [{ field: "replyTo" }],
    });
  }
  expect(await seven.messages(mine.id)).toHaveLength(2);
});

it.each(["memory", "letters.db"])("has the dead letters of that person, page by page (%s)", async (name) => {
  const { runtime, clock, seven, eight } = await furnish(name === "memory" ? name : join(temporaryFolder(), name));
  const dead: string[] = [];
  for (const from of [SEVEN, EIGHT, SEVEN, EIGHT, SEVEN]) {
    const { items } = await runtime.send("idle", "late", { ...from, expiresInMs: 1 }).accepted;
    dead.push(items[0]?.id ?? "");
  }
  await pass(clock, 10);
  await until(() => runtime.status().dead === 5);
  const ofSeven = [dead[0], dead[2], dead[4]];
  const itemsOf = async (page: Parameters<Runtime["deadLetters"]>[0]) =>
    (await seven.deadLetters(page)).map(({ item }) => item);
  expect(await itemsOf({})).toEqual(ofSeven);
  expect(await itemsOf({ limit: 2 })).toEqual(ofSeven.slice(0, 2));
  expect(await itemsOf({ persona: "idle", after: dead[1] ?? "" })).toEqual(ofSeven.slice(1));
  await expect(eight.discard(dead[0] ?? "")).rejects.toMatchObject({ code: "dead_letter_not_found" });
  await expect(eight.replay(dead[0] ?? "")).rejects.toMatchObject({ code: "dead_letter_not_found" });
  expect(await runtime.deadLetters()).toHaveLength(5);
  await seven.discard(dead[0] ?? "");
  expect(await itemsOf({})).toEqual(ofSeven.slice(1));
});

it("says why a persona waits without the conversations of others, also after a restart", async () => {
  const store = join(temporaryFolder(), "waiting.db");
  const first = await furnish(store);
  const mine = await first.seven.send("idle", "hello", SEVEN).accepted;
  await first.eight.send("idle", "secret", EIGHT).accepted;
  await first.runtime.close();
  const { runtime, seven } = await furnish(store);
  expect(await seven.why("idle")).toMatchObject({
    held: { gate: "paused" },
    queued: 2,
    conversations: [{ conversation: mine.conversation }],
  });
  expect((await runtime.why("idle")).conversations).toHaveLength(2);
});

async function speakInTokens({ runtime, clock }: { runtime: Runtime; clock: ManualClock }, id: string) {
  await enroll(runtime, id, {
    async *cognition() {
      yield "to";
      yield "ken";
    },
  });
  return pass(clock, 0);
}

it("tells of the events of that person's conversations and of who is enrolled, tokens too", async () => {
  const house = await furnish();
  await speakInTokens(house, "ada");
  const { runtime, clock, seven, eight } = house;
  const [ofSeven, ofEight, ofAll] = [eventsOf(seven), eventsOf(eight), eventsOf(runtime)];
  const start = runtime.rev;
  const { conversation } = await seven.send("ada", "hello", SEVEN);
  const room = await eight.createRoom({ members: ["ada"] });
  await runtime.send("idle", "late", { ...EIGHT, expiresInMs: 1 }).accepted;
  await pass(clock, 10);
  await enroll(runtime, "eve");
  await turns();
  expect(ofSeven).toMatchObject([
    { type: "message", message: { text: "hello", conversation } },
    { type: "turn_started", conversation },
    { type: "token", token: "to", conversation },
    { type: "token", token: "ken", conversation },
    { type: "message", message: { text: "token" } },
    { type: "turn", conversation },
    { type: "enrollment", persona: "eve" },
  ]);
  expect(ofEight).toMatchObject([
    { type: "room", room: { id: room.id, owner: "user:8" } },
    { type: "message", message: { text: "late" } },
    { type: "item", item: { state: "dead" } },
    { type: "enrollment", persona: "eve" },
  ]);
  expect(ofAll).toHaveLength(ofSeven.length + ofEight.length - 1);
  const later = eventsOf(seven, start);
  await turns();
  expect(later).toEqual(ofSeven.filter((event) => "rev" in event));
});

it("tells of the tokens of a conversation that this process has not seen yet", async () => {
  const store = join(temporaryFolder(), "tokens.db");
  const first = await furnish(store);
  await first.seven.send("idle", "hello", SEVEN).accepted;
  await first.runtime.close();
  const house = await furnish(store);
  const events = eventsOf(house.seven);
  await speakInTokens(house, "idle");
  await until(() => events.some(({ type }) => type === "turn"));
  const tokens = events.flatMap((event) => (event.type === "token" ? [event.token] : []));
  expect(tokens).toEqual(["to", "ken"]);
});
