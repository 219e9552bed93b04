/** What is not valid is refused, and everything that is wrong with it is said at once. */
import type { InjectOptions } from "fastify";
import { describe, expect, it } from "vitest";
import { openHouse } from "./harness.ts";

const json = { "content-type": "application/json" };
const hello = { text: "hello" };
const KIB_64 = 65_536;

interface Case {
  readonly request: string;
  readonly payload?: unknown;
  readonly headers?: Record<string, string>;
  readonly expected: readonly [status: number, code: string, fields?: readonly string[]];
}

async function check({ request, payload, headers, expected: [status, code, fields] }: Case): Promise<void> {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const [method, url] = request.split(" ");
  const before = runtime.status();
  const response = await app.inject({ method, url, payload, headers } as InjectOptions);
  const problem = response.json();
  expect.soft(response.statusCode).toBe(status);
  expect.soft(problem).toMatchObject({ status, code, type: `urn:persona-runtime:problem:${code}` });
  expect.soft(response.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  if (fields) expect.soft(problem.fields.map((fault: { field: string }) => fault.field)).toEqual(fields);
  // A refusal never reaches the disk.
  expect.soft(runtime.status().accepted).toBe(before.accepted);
}

const toAda = "POST /v1/personas/ada/messages";

describe("fields", () => {
  const cases: Record<string, Case> = {
    "a missing text": { request: toAda, payload: {}, expected: [422, "invalid_input", ["text"]] },
    "an empty text": { request: toAda, payload: { text: "" }, expected: [422, "invalid_input", ["text"]] },
    "a blank text": { request: toAda, payload: { text: " \n" }, expected: [422, "invalid_input", ["text"]] },
    "a text that is a number": { request: toAda, payload: { text: 5 }, expected: [422, "invalid_input", ["text"]] },
    "a text beyond 64 KiB": {
      request: toAda,
      payload: { text: "x".repeat(KIB_64 + 1) },
      expected: [422, "invalid_input", ["text"]],
    },
    "a text beyond 64 KiB only in bytes": {
      request: toAda,
      payload: { text: "é".repeat(KIB_64 / 2 + 1) },
      expected: [422, "invalid_input", ["text"]],
    },
    "half of a surrogate pair": {
      request: toAda,
      payload: String.raw`{"text":"\ud83d"}`,
      headers: json,
      expected: [422, "invalid_input", ["text"]],
    },
    "an unknown field": {
      request: toAda,
      payload: { ...hello, txet: 1 },
      expected: [422, "invalid_input", ["txet"]],
    },
    "every broken part at once": {
      request: `${toAda}?wait=61&wiat=1`,
      payload: { text: 5, priority: 2, from: { kind: "robot", id: "x" }, more: 1 },
      headers: { "idempotency-key": "two words" },
      expected: [422, "invalid_input", ["text", "from", "priority", "more", "wait", "wiat", "idempotency-key"]],
    },
    "a priority that overflows to infinity": {
      request: toAda,
      payload: '{"text":"hello","priority":1e400}',
      headers: json,
      expected: [422, "invalid_input", ["priority"]],
    },
    "a priority below the bound": {
      request: toAda,
      payload: { ...hello, priority: -0.1 },
      expected: [422, "invalid_input", ["priority"]],
    },
    "an unknown lane": {
      request: toAda,
      payload: { ...hello, lane: "fast" },
      expected: [422, "invalid_input", ["lane"]],
    },
    "an expiry in the past": {
      request: toAda,
      payload: { ...hello, expires_in_ms: 0 },
      expected: [422, "invalid_input", ["expires_in_ms"]],
    },
    "a reply_to outside of a room": {
      request: toAda,
      payload: { ...hello, reply_to: "x" },
      expected: [422, "invalid_input", ["reply_to"]],
    },
    "a sender without a kind": {
      request: toAda,
      payload: { ...hello, from: { id: "x" } },
      expected: [422, "invalid_input", ["from"]],
    },
    "an array as the body": { request: toAda, payload: [], expected: [422, "invalid_input", ["body"]] },
    "no body": { request: toAda, expected: [422, "invalid_input", ["body"]] },
    "nesting a hundred thousand deep": {
      request: toAda,
      payload: `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      headers: json,
      expected: [422, "invalid_input", ["body"]],
    },
    "an idempotency key beyond 255 characters": {
      request: toAda,
      payload: hello,
      headers: { "idempotency-key": "k".repeat(256) },
      expected: [422, "invalid_input", ["idempotency-key"]],
    },
    "a wait in exponents": {
      request: `${toAda}?wait=1e1`,
      payload: hello,
      expected: [422, "invalid_input", ["wait"]],
    },
    "a wait that is empty": { request: `${toAda}?wait=`, payload: hello, expected: [422, "invalid_input", ["wait"]] },
    "a wait that is given twice": {
      request: `${toAda}?wait=1&wait=2`,
      payload: hello,
      expected: [422, "invalid_input", ["wait"]],
    },
    "a page of nothing": {
      request: "GET /v1/rooms/x/messages?limit=0",
      expected: [422, "invalid_input", ["limit"]],
    },
    "a page beyond the bound": {
      request: "GET /v1/sessions/x/messages?limit=101",
      expected: [422, "invalid_input", ["limit"]],
    },
    "an event id that is no number": {
      request: "GET /v1/events",
      headers: { "last-event-id": "abc" },
      expected: [422, "invalid_input", ["last-event-id"]],
    },
    "members that are no ids": {
      request: "POST /v1/rooms",
      payload: { name: " ", members: [1, "ada"] },
      expected: [422, "invalid_input", ["name", "members[0]"]],
    },
    "a malformed persona id and a bad definition": {
      request: "PUT /v1/enrollments/Ada%20L",
      payload: { name: " ", settings: { max_queued: 0, max_parallel_turns: 1025, deadline_ms: 1.5, pausd: true } },
      expected: [
        422,
        "invalid_input",
        ["id", "name", "settings.max_parallel_turns", "settings.max_queued", "settings.deadline_ms", "settings.pausd"],
      ],
    },
    "a model without a provider": {
      request: "PUT /v1/enrollments/bob",
      payload: { name: "Bob", model: "gpt" },
      expected: [422, "invalid_input", ["model"]],
    },
    "instructions beyond 64 KiB": {
      request: "PUT /v1/enrollments/bob",
      payload: { name: "Bob", instructions: "x".repeat(KIB_64 + 1) },
      expected: [422, "invalid_input", ["instructions"]],
    },
    "changes of nothing that is known": {
      request: "PATCH /v1/enrollments/ada",
      payload: { name: "Ada L.", settings: { maxQueued: 5 }, sleep: { mode: "active", topc: "x" } },
      expected: [422, "invalid_input", ["settings.maxQueued", "sleep.topc", "name"]],
    },
    "changes that are null": {
      request: "PATCH /v1/enrollments/ada",
      payload: { settings: null, sleep: null },
      expected: [422, "invalid_input", ["settings", "sleep"]],
    },
    "changes without a body": { request: "PATCH /v1/enrollments/ada", expected: [422, "invalid_input", ["body"]] },
    "a query where there is none": {
      request: "PATCH /v1/enrollments/ada?wait=1",
      payload: {},
      expected: [422, "invalid_input", ["wait"]],
    },
    "a page of dead letters beyond the bound": {
      request: "GET /v1/dead-letters?limit=101&persona=&from=x",
      expected: [422, "invalid_input", ["persona", "limit", "from"]],
    },
    "a page of dead letters after something else": {
      request: "GET /v1/dead-letters?after=x",
      expected: [422, "invalid_input", ["after"]],
    },
    "an unknown way to leave": {
      request: "DELETE /v1/enrollments/ada?mode=kill",
      expected: [422, "invalid_input", ["mode"]],
    },
  };
  it.each(Object.entries(cases))("refuses %s", (_name, one) => check(one));
});

describe("bodies", () => {
  const cases: Record<string, Case> = {
    "broken JSON": { request: toAda, payload: '{"text":', headers: json, expected: [400, "unparsable_body"] },
    "an empty body that claims to be JSON": {
      request: toAda,
      payload: "",
      headers: json,
      expected: [400, "unparsable_body"],
    },
    NaN: { request: toAda, payload: '{"text":"x","priority":NaN}', headers: json, expected: [400, "unparsable_body"] },
    "bytes that are not UTF-8": {
      request: toAda,
      payload: Buffer.from([...Buffer.from('{"text":"'), 0xc3, 0x28, ...Buffer.from('"}')]),
      headers: json,
      expected: [400, "unparsable_body"],
    },
    "a poisoned prototype": {
      request: toAda,
      payload: '{"text":"x","__proto__":{"urgent":true}}',
      headers: json,
      expected: [400, "unparsable_body"],
    },
    "a poisoned prototype in escapes": {
      request: toAda,
      payload: String.raw`{"text":"x","\u005f_proto__":{"urgent":true}}`,
      headers: json,
      expected: [400, "unparsable_body"],
    },
    "plain text": {
      request: toAda,
      payload: '{"text":"x"}',
      headers: { "content-type": "text/plain" },
      expected: [415, "unsupported_media_type"],
    },
    "a form": {
      request: toAda,
      payload: "text=x",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      expected: [415, "unsupported_media_type"],
    },
    "a body without a type": {
      request: toAda,
      payload: Buffer.from('{"text":"x"}'),
      expected: [415, "unsupported_media_type"],
    },
    "a body beyond 256 KiB": {
      request: toAda,
      payload: `{"text":"x"${" ".repeat(262_144)}}`,
      headers: json,
      expected: [413, "body_too_large"],
    },
  };
  it.each(Object.entries(cases))("refuses %s", (_name, one) => check(one));
});

describe("names of nothing", () => {
  const uuid = "0198c0de-0000-7000-8000-000000000000";
  const cases: Record<string, Case> = {
    "an unknown path": { request: "GET /v2/rooms", expected: [404, "route_not_found"] },
    "an unknown path with a broken body": {
      request: "POST /v2/rooms",
      payload: "{",
      headers: json,
      expected: [404, "route_not_found"],
    },
    "an unknown path with a body of the wrong type": {
      request: "POST /v2/rooms",
      payload: "x",
      headers: { "content-type": "text/plain" },
      expected: [404, "route_not_found"],
    },
    "a file that the docs do not have": { request: "GET /docs/static/nothing.js", expected: [404, "route_not_found"] },
    "a path that is not percent-encoded": { request: "GET /v1/rooms/%zz", expected: [400, "malformed_request"] },
    "an id beyond any length": { request: `GET /v1/rooms/${"x".repeat(513)}`, expected: [404, "route_not_found"] },
    "an unknown persona": {
      request: "POST /v1/personas/bob/messages",
      payload: hello,
      expected: [404, "persona_not_found"],
    },
    "a malformed persona": {
      request: "POST /v1/personas/B%2F..%00/messages",
      payload: hello,
      expected: [404, "persona_not_found"],
    },
    "an unknown enrollment": { request: "GET /v1/enrollments/bob", expected: [404, "persona_not_found"] },
    "an enrollment called like a property": {
      request: "GET /v1/enrollments/__proto__",
      expected: [404, "persona_not_found"],
    },
    "an unknown enrollment to remove": { request: "DELETE /v1/enrollments/bob", expected: [404, "persona_not_found"] },
    "a room of strangers": {
      request: "POST /v1/rooms",
      payload: { members: ["bob"] },
      expected: [404, "persona_not_found"],
    },
    "a malformed room": { request: "GET /v1/rooms/x", expected: [404, "room_not_found"] },
    "an unknown room": { request: `GET /v1/rooms/${uuid}`, expected: [404, "room_not_found"] },
    "an unknown room to speak in": {
      request: `POST /v1/rooms/${uuid}/messages`,
      payload: hello,
      expected: [404, "room_not_found"],
    },
    "an unknown room to read": { request: `GET /v1/rooms/${uuid}/messages`, expected: [404, "room_not_found"] },
    "an unknown room to join": { request: `PUT /v1/rooms/${uuid}/members/ada`, expected: [404, "room_not_found"] },
    "an unknown room to leave": { request: `DELETE /v1/rooms/${uuid}/members/ada`, expected: [404, "room_not_found"] },
    "an unknown session": {
      request: `POST /v1/sessions/${uuid}/messages`,
      payload: hello,
      expected: [404, "session_not_found"],
    },
    "an unknown session to read": {
      request: `GET /v1/sessions/${uuid}/messages`,
      expected: [404, "session_not_found"],
    },
    "an unknown enrollment to change": {
      request: "PATCH /v1/enrollments/bob",
      payload: { settings: { paused: true } },
      expected: [404, "persona_not_found"],
    },
    "an unknown enrollment to ask why": {
      request: "GET /v1/enrollments/bob/why",
      expected: [404, "persona_not_found"],
    },
    "an unknown dead letter to replay": {
      request: `POST /v1/dead-letters/${uuid}/replay`,
      expected: [404, "dead_letter_not_found"],
    },
    "an unknown dead letter to discard": {
      request: `DELETE /v1/dead-letters/${uuid}`,
      expected: [404, "dead_letter_not_found"],
    },
    "a malformed dead letter": { request: "DELETE /v1/dead-letters/%00", expected: [404, "dead_letter_not_found"] },
    "dead letters of a stranger": { request: "GET /v1/dead-letters?persona=bob", expected: [404, "persona_not_found"] },
    "an unknown item": { request: `GET /v1/items/${uuid}`, expected: [404, "turn_not_found"] },
    "a malformed item": { request: "GET /v1/items/1", expected: [404, "turn_not_found"] },
    "an unknown explanation": { request: `GET /v1/explanations/${uuid}`, expected: [404, "turn_not_found"] },
  };
  it.each(Object.entries(cases))("does not find %s", (_name, one) => check(one));
});

it.each([
  ["PATCH /v1/rooms", "POST"],
  ["OPTIONS /v1/enrollments/ada", "DELETE, GET, HEAD, PATCH, PUT"],
  ["DELETE /v1/rooms/x/messages", "GET, HEAD, POST"],
  ["HEAD /v1/events", "GET"],
  ["PUT /v1/dead-letters", "GET, HEAD"],
  ["GET /v1/dead-letters/x", "DELETE"],
  ["GET /v1/dead-letters/x/replay", "POST"],
  ["POST /docs/static/index.css", "GET, HEAD"],
])("answers %s with the methods that are allowed: %s", async (request, allow) => {
  const { app } = await openHouse();
  const [method, url] = request.split(" ");
  const response = await app.inject({ method, url } as InjectOptions);
  expect(response.statusCode).toBe(405);
  expect(response.headers.allow).toBe(allow);
  expect(method === "HEAD" || response.json().code === "method_not_allowed").toBe(true);
});

it("takes what is exactly at the bounds", async () => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const body = { text: "é".repeat(KIB_64 / 2), priority: 1, expires_in_ms: 1_000_000 };
  const accepted = await send(`${toAda}?wait=60`, body, { "idempotency-key": "k".repeat(255) });
  expect(accepted.status).toBe(200);
  const session = accepted.body.conversation_id;
  expect((await send(`GET /v1/sessions/${session}/messages?limit=100`)).body.messages[0].text).toBe(body.text);
});
