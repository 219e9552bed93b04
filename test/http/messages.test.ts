/** Messages to personas, in sessions and in rooms: accepted, waited for, repeated, read again. */
import { expect, it } from "vitest";
import type { Cognition } from "../../src/types.ts";
import { until } from "../support/event-loop.ts";
import { openHouse, WatchedClock } from "./harness.ts";

const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** A cognition that answers when it is told to. */
function slowly() {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  const cognition: Cognition = () => {
    asked.resolve();
    return answer.promise;
  };
  return { cognition, asked: asked.promise, answer: answer.resolve };
}

it("answers 202 with ids at once, and the reply can be read later", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const { status, body } = await send("POST /v1/personas/ada/messages", { text: "hi" });
  expect(status).toBe(202);
  expect(body).toEqual({
    message_id: uuid,
    conversation_id: uuid,
    items: [{ id: uuid, persona: "ada" }],
    refused: [],
    replayed: false,
  });
  const again = await send("POST /v1/personas/ada/messages?wait=60", { text: "again" });
  expect(again.body.conversation_id).toBe(body.conversation_id);
  const { body: page } = await send(`GET /v1/sessions/${body.conversation_id}/messages`);
  expect(page.messages[0]).toEqual({
    id: body.message_id,
    conversation_id: body.conversation_id,
    from: { kind: "human", id: "user:local" },
    text: "hi",
    created_at: expect.any(Number),
  });
});

it("answers 200 with the reply when it comes in time", async () => {
  const clock = new WatchedClock();
  const { runtime, send } = await openHouse({}, { clock });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const { status, body } = await send("POST /v1/personas/ada/messages?wait=60", {
    text: "hi",
    from: { kind: "agent", id: "clock", name: "Clock" },
    lane: "task",
    urgent: true,
  });
  expect(status).toBe(200);
  await clock.idle();
  expect(body.reply).toEqual({
    id: uuid,
    text: "heard: hi",
    persona: "ada",
    conversation_id: body.conversation_id,
    turn_id: uuid,
    answers: [body.items[0].id],
  });
  const { body: explanation } = await send(`GET /v1/explanations/${body.reply.id}`);
  expect(explanation).toMatchObject({
    turn_id: body.reply.turn_id,
    reply_id: body.reply.id,
    outcome: "answered",
    why: { lane: "task" },
    items: [{ id: body.items[0].id, message_id: body.message_id, role: "trigger", state: "answered" }],
  });
  const { body: item } = await send(`GET /v1/items/${body.items[0].id}`);
  expect(item).toMatchObject({ state: "answered", persona: "ada", message_id: body.message_id, attempt: 1 });
  const { body: page } = await send(`GET /v1/sessions/${body.conversation_id}/messages?after=${body.message_id}`);
  expect(page.messages).toMatchObject([
    { id: body.reply.id, from: { kind: "persona", id: "ada" }, turn_id: body.reply.turn_id },
  ]);
});

it("answers 202 when the wait runs out, and not before", async () => {
  const clock = new WatchedClock();
  const { cognition, asked, answer } = slowly();
  const { runtime, send } = await openHouse({}, { clock });
  await runtime.enroll({ id: "ada", name: "Ada", cognition });
  const waiting = clock.alarm(30_000);
  let settled = false;
  const response = send("POST /v1/personas/ada/messages?wait=30", { text: "hi" }).finally(() => {
    settled = true;
  });
  await Promise.all([waiting, asked]);
  clock.advance(29_999);
  await runtime.readiness();
  expect(settled).toBe(false);
  clock.advance(1);
  const { status, body } = await response;
  expect(status).toBe(202);
  expect(body).not.toHaveProperty("reply");
  answer("late");
  const item = await send(`POST /v1/sessions/${body.conversation_id}/messages?wait=60`, { text: "still there?" });
  expect(item.status).toBe(200);
});

it("answers a waiting request with what became of the item instead of a reply", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "shy", name: "Shy", cognition: () => ({ decline: "not_now" }) });
  const declined = await send("POST /v1/personas/shy/messages?wait=60", { text: "hi" });
  expect(declined).toMatchObject({ status: 409, body: { code: "declined", instance: "/v1/personas/shy/messages" } });
  expect(declined.body.detail).toContain("not_now");
});

it("knows a repeated message by its idempotency key, also while waiting", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const key = { "idempotency-key": "once" };
  const first = await send("POST /v1/personas/ada/messages?wait=60", { text: "hi" }, key);
  const second = await send("POST /v1/personas/ada/messages?wait=60", { text: "hi" }, key);
  expect(second.status).toBe(200);
  expect(second.body).toEqual({ ...first.body, replayed: true });
  const { body: page } = await send(`GET /v1/sessions/${first.body.conversation_id}/messages`);
  expect(page.messages).toHaveLength(2);
  const other = await send("POST /v1/personas/ada/messages", { text: "something else" }, key);
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency_conflict" } });
});

it("answers messages with one merge key together, and lets the latest take the place of the one before", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const say = async (body: object) => (await send("POST /v1/personas/ada/messages", { lane: "task", ...body })).body;
  const first = await say({ text: "one", merge_key: "sums" });
  const second = await say({ text: "two", merge_key: "sums" });
  const other = await say({ text: "other", merge_key: "more" });
  const old = await say({ text: "old news", merge_key: "news", coalesce: "latest" });
  const latest = await say({ text: "news", merge_key: "news", coalesce: "latest" });
  await send("PATCH /v1/enrollments/ada", { settings: { paused: false } });
  await until(() => runtime.status().queued + runtime.status().inFlight === 0);
  const itemOf = async ({ items: [{ id }] }: typeof first) => (await send(`GET /v1/items/${id}`)).body;
  const turnOf = async (sent: typeof first) => (await itemOf(sent)).turn_id;
  expect(await turnOf(first)).toBe(await turnOf(second));
  expect(await itemOf(old)).toMatchObject({ state: "declined", reason: "superseded" });
  const turns = await Promise.all([second, other, latest].map(turnOf));
  expect(new Set(turns).size).toBe(3);
  expect(turns).toEqual([uuid, uuid, uuid]);
});

it("takes a repeated message for another one if it would be merged otherwise", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const key = { "idempotency-key": "once" };
  const message = { text: "hi", merge_key: "a" };
  expect((await send("POST /v1/personas/ada/messages", message, key)).status).toBe(202);
  expect((await send("POST /v1/personas/ada/messages", message, key)).body).toMatchObject({ replayed: true });
  for (const other of [{ merge_key: "b" }, { coalesce: "latest" }]) {
    const refused = await send("POST /v1/personas/ada/messages", { ...message, ...other }, key);
    expect(refused).toMatchObject({ status: 422, body: { code: "idempotency_conflict" } });
  }
});

it("says when a full inbox may be tried again", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true, maxQueued: 1 } });
  expect((await send("POST /v1/personas/ada/messages", { text: "one" })).status).toBe(202);
  const refused = await send("POST /v1/personas/ada/messages?wait=60", { text: "two" });
  expect(refused).toMatchObject({ status: 429, body: { code: "inbox_full" } });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
});

it("goes on with a session, whoever opened it", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const opened = await send("POST /v1/personas/ada/messages?wait=60", { text: "hi", from: "user:7" });
  const session = opened.body.conversation_id;
  const more = await send(`POST /v1/sessions/${session}/messages?wait=60`, { text: "more", from: "user:7" });
  expect(more).toMatchObject({ status: 200, body: { conversation_id: session, reply: { text: "heard: more" } } });
  expect(await send(`GET /v1/rooms/${session}`)).toMatchObject({ status: 404, body: { code: "room_not_found" } });
  expect((await send(`GET /v1/rooms/${session}/messages`)).status).toBe(404);
});

it("pages through messages without losing or repeating one", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const { body: room } = await send("POST /v1/rooms", {});
  for (const text of ["1", "2", "3", "4", "5"]) await send(`POST /v1/rooms/${room.id}/messages`, { text });
  const seen: string[] = [];
  for (let after = ""; ; ) {
    const { body: page } = await send(`GET /v1/rooms/${room.id}/messages?limit=2${after}`);
    seen.push(...page.messages.map((message: { text: string }) => message.text));
    if (!page.more) break;
    after = `&after=${page.messages.at(-1).id}`;
  }
  expect(seen).toEqual(["1", "2", "3", "4", "5"]);
});

it("opens rooms, lets personas join and leave, and gives a message to each member", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", cognition: () => ({ decline: "listening" }) });
  await runtime.enroll({ id: "bob", name: "Bob", cognition: () => ({ decline: "listening" }) });
  const opened = await send("POST /v1/rooms", { name: " Salon ", members: ["ada"] });
  expect(opened.status).toBe(201);
  expect(opened.body).toEqual({
    id: uuid,
    name: "Salon",
    owner: "user:local",
    members: ["ada"],
    created_at: expect.any(Number),
  });
  const room = `/v1/rooms/${opened.body.id}`;
  expect(opened.headers.location).toBe(room);
  expect((await send(`PUT ${room}/members/bob`)).body.members).toEqual(["ada", "bob"]);
  // Saying it again changes nothing.
  expect((await send(`PUT ${room}/members/bob`)).body.members).toEqual(["ada", "bob"]);
  const first = await send(`POST ${room}/messages`, { text: "welcome" });
  expect(first.status).toBe(202);
  expect(first.body.items.map((item: { persona: string }) => item.persona)).toEqual(["ada", "bob"]);
  expect((await send(`DELETE ${room}/members/ada`)).body.members).toEqual(["bob"]);
  const second = await send(`POST ${room}/messages`, { text: "only bob", reply_to: first.body.message_id });
  expect(second.body.items).toHaveLength(1);
  expect((await send(`GET ${room}`)).body.members).toEqual(["bob"]);
  expect(await send(`POST ${room}/messages`, { text: "what?", reply_to: opened.body.id })).toMatchObject({
    status: 422,
    body: { code: "invalid_input", fields: [{ field: "reply_to" }], detail: expect.stringMatching(/^reply_to: /) },
  });
  expect((await send(`GET /v1/sessions/${opened.body.id}/messages`)).status).toBe(404);
  const { body: page } = await send(`GET ${room}/messages?after=${first.body.message_id}`);
  expect(page).toMatchObject({ messages: [{ text: "only bob", reply_to: first.body.message_id }], more: false });
});
