import { expect, it } from "vitest";
import { turns, until } from "../support/event-loop.ts";
import { enroll, openHouse } from "./harness.ts";

it("gives a message to each member, and says who had no room for it", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => ({ decline: "listening" }) });
  await enroll(runtime, "bob", { settings: { maxQueued: 1, paused: true } });
  await enroll(runtime, "cid");
  const room = await runtime.createRoom({ name: "salon", members: ["bob", "ada", "bob"] });
  expect(room).toMatchObject({ name: "salon", members: ["ada", "bob"] });
  const first = await runtime.post(room.id, "hello", { from: "user:7" });
  expect(first.items.map(({ persona }) => persona).sort()).toEqual(["ada", "bob"]);
  expect(await runtime.post(room.id, "again", { from: "user:7" })).toMatchObject({
    items: [{ persona: "ada" }],
    refused: [{ persona: "bob", code: "inbox_full" }],
  });
  expect(await runtime.removeMember(room.id, "ada")).toMatchObject({ members: ["bob"] });
  await expect(runtime.post(room.id, "anybody?", { from: "user:7" })).rejects.toMatchObject({ code: "inbox_full" });
  expect(await runtime.addMember(room.id, "cid")).toMatchObject({ members: ["bob", "cid"] });
  expect(await runtime.post(room.id, "cid?", { from: "user:7" })).toMatchObject({ items: [{ persona: "cid" }] });
  expect(await runtime.room(room.id)).toMatchObject({ members: ["bob", "cid"] });
  const texts = (await runtime.messages(room.id)).map(({ text }) => text);
  expect(texts).not.toContain("anybody?");
});

it("lets personas answer each other, and ends that", async () => {
  const { runtime } = await openHouse();
  const settings = { answerUndirected: true, roomGapMs: 0 };
  for (const id of ["ada", "bob"]) await enroll(runtime, id, { cognition: ({ text }) => `${text}'`, settings });
  const room = await runtime.createRoom({ members: ["ada", "bob"] });
  await runtime.post(room.id, "x", { from: "user:7" });
  await turns(300);
  const messages = await runtime.messages(room.id);
  const longest = Math.max(...messages.map(({ text }) => text.length)) - 1;
  expect(longest).toBe(8);
  expect(messages.filter(({ from }) => from.kind === "persona").map(({ from }) => from.id)).toContain("bob");
  // Nobody hears himself: what ada answers is bob's, or the guest's.
  const senders = new Map(messages.map(({ id, from }) => [id, from.id]));
  for (const { from, replyTo } of messages) if (replyTo) expect(senders.get(replyTo)).not.toBe(from.id);
  // Every item that the replies made is accepted and decided, too.
  const { accepted, answered, queued, inFlight } = runtime.status();
  expect({ accepted, queued, inFlight }).toEqual({ accepted: answered, queued: 0, inFlight: 0 });
  expect(answered).toBeGreaterThanOrEqual(16);
});

it("does not give a persona what was said in its own name", async () => {
  const { runtime } = await openHouse();
  for (const id of ["ada", "bob"]) await enroll(runtime, id, { cognition: () => ({ decline: "listening" }) });
  const room = await runtime.createRoom({ members: ["ada", "bob"] });
  for (const from of ["persona:ada", { kind: "persona", id: "ada" }] as const) {
    expect(await runtime.post(room.id, "as ada", { from })).toMatchObject({ items: [{ persona: "bob" }] });
  }
});

it("warns of a member that had no room for a reply, which is in the room all the same", async () => {
  const { runtime, warnings } = await openHouse();
  await enroll(runtime, "ada");
  await enroll(runtime, "bob", { settings: { maxQueued: 1, paused: true, answerUndirected: true } });
  const room = await runtime.createRoom({ members: ["ada", "bob"] });
  await runtime.post(room.id, "hello", { from: "user:7" });
  await until(() => runtime.status().answered === 1);
  expect((await runtime.messages(room.id)).map(({ text }) => text)).toEqual(["hello", "hello"]);
  expect(warnings).toMatchObject([{ code: "inbox_full", message: expect.stringContaining("bob") }]);
});

it("speaks to one member of a room alone, and to no stranger", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  await enroll(runtime, "bob", { cognition: () => ({ decline: "not asked" }) });
  const room = await runtime.createRoom({ members: ["ada", "bob"] });
  const reply = await runtime.send("ada", "only you", { from: "user:7", conversation: room.id });
  expect(reply).toMatchObject({ text: "only you", conversation: room.id });
  await until(() => runtime.status().declined === 1);
  await runtime.removeMember(room.id, "ada");
  const stranger = runtime.send("ada", "still there?", { from: "user:7", conversation: room.id });
  await expect(stranger.accepted).rejects.toMatchObject({ code: "session_not_found" });
});

it("keeps what is said in a room without members", async () => {
  const { runtime } = await openHouse();
  const room = await runtime.createRoom({});
  expect(await runtime.post(room.id, "echo?", { from: "user:7" })).toMatchObject({ items: [], refused: [] });
  expect(await runtime.messages(room.id)).toMatchObject([{ text: "echo?" }]);
});
