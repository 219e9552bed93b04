/** Several messages in one request. */
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { openHouse } from "./harness.ts";

it("answers each message by itself, in order", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.enroll({ id: "max", name: "Max", settings: { paused: true, maxQueued: 1 } });
  const { body: room } = await send("POST /v1/rooms", { members: ["ada"] });
  const { body: session } = await send("POST /v1/personas/ada/messages", { text: "hello", from: "user:1" });

  const { status, body } = await send("POST /v1/messages", {
    messages: [
      { persona: "ada", text: "one", from: "user:1", idempotency_key: "k" },
      { persona: "nobody", text: "two" },
      { persona: "max", text: "three", from: "user:1" },
      { persona: "max", text: "four", from: "user:1" },
      { conversation_id: room.id, text: "five" },
      { conversation_id: session.conversation_id, text: "six", from: "user:1" },
      { conversation_id: session.conversation_id, text: "seven", reply_to: session.message_id, from: "user:1" },
      { conversation_id: "nowhere", text: "eight" },
    ],
  });
  expect(status).toBe(200);
  expect(body.results).toMatchObject([
    { status: 202, accepted: { conversation_id: session.conversation_id, items: [{ persona: "ada" }] } },
    { status: 404, problem: { code: "persona_not_found" } },
    { status: 202, accepted: { items: [{ persona: "max" }] } },
    { status: 429, problem: { code: "inbox_full" } },
    { status: 202, accepted: { conversation_id: room.id } },
    { status: 202, accepted: { conversation_id: session.conversation_id } },
    { status: 422, problem: { fields: [{ field: "reply_to" }] } },
    { status: 404, problem: { code: "room_not_found" } },
  ]);
  expect(body.results[1]).not.toHaveProperty("accepted");
  const { body: again } = await send("POST /v1/messages", {
    messages: [{ persona: "ada", text: "one", from: "user:1", idempotency_key: "k" }],
  });
  expect(again.results[0].accepted).toMatchObject({
    message_id: body.results[0].accepted.message_id,
    replayed: true,
  });
});

it("keeps the order of what goes to one conversation", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const texts = Array.from({ length: 100 }, (_, n) => `message ${n}`);
  const { body } = await send("POST /v1/messages", {
    messages: texts.map((text) => ({ persona: "ada", text, from: "user:1" })),
  });
  const { conversation_id: conversation } = body.results[0].accepted;
  const said = await runtime.messages(conversation);
  expect(said.map(({ text }) => text)).toEqual(texts);
});

it("keeps it also where one message takes longer to find its place than the next", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const { body: session } = await send("POST /v1/personas/ada/messages", { text: "hello" });
  const { body: room } = await send("POST /v1/rooms", { members: ["ada"] });
  const { body: base } = await send(`POST /v1/rooms/${room.id}/messages`, { text: "hello" });
  const inRoom = { conversation_id: room.id };
  const inSession = { conversation_id: session.conversation_id };
  await send("POST /v1/messages", {
    messages: [
      { ...inSession, text: "first" },
      { persona: "ada", text: "second" },
      { ...inRoom, text: "first", reply_to: base.message_id },
      { ...inRoom, text: "second" },
      { ...inSession, text: "third" },
    ],
  });
  const said = async (id: string) => (await runtime.messages(id)).map(({ text }) => text);
  expect(await said(session.conversation_id)).toEqual(["hello", "first", "second", "third"]);
  expect(await said(room.id)).toEqual(["hello", "first", "second"]);
});

it("takes nothing of a batch in which a message is not valid, and names each field", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const good = { persona: "ada", text: "good" };
  const wrong = async (messages: unknown) => {
    const { status, body } = await send("POST /v1/messages", { messages });
    expect(status).toBe(422);
    return body.fields.map(({ field }: { field: string }) => field);
  };
  expect(await wrong([good, { persona: "ada", text: "" }, { text: "to nobody" }])).toEqual([
    "messages[1].text",
    "messages[2].persona",
  ]);
  expect(await wrong([{ ...good, conversation_id: "x" }])).toEqual(["messages[0].conversation_id"]);
  expect(await wrong([{ ...good, reply_to: "x" }])).toEqual(["messages[0].reply_to"]);
  expect(await wrong([{ ...good, idempotency_key: "with blank" }])).toEqual(["messages[0].idempotency_key"]);
  expect(await wrong([])).toEqual(["messages"]);
  expect(await wrong(Array(101).fill(good))).toEqual(["messages"]);
  expect(runtime.status().accepted).toBe(0);
});

it("counts each message against what its caller may do in a minute", async () => {
  const clock = new ManualClock();
  const tiers = { free: { requestsPerMinute: 3 } };
  const { runtime, send } = await openHouse({ clock }, { clock, auth: { mode: "required" }, limits: { tiers } });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const { secret } = await runtime.keys.create({ user: "7", name: "phone" });
  const messages = Array(5).fill({ persona: "ada", text: "hi" });
  const { body } = await send("POST /v1/messages", { messages }, { authorization: `Bearer ${secret}` });
  expect(body.results.map(({ status }: { status: number }) => status)).toEqual([202, 202, 202, 429, 429]);
  expect(body.results[3].problem.code).toBe("rate_limited");
});
