import { describe, expect, it } from "vitest";
import { createRuntime, PersonaError } from "../../src/index.ts";
import type { Runtime } from "../../src/types.ts";
import { enroll, openHouse } from "./harness.ts";

// biome-ignore lint/suspicious/noExplicitAny: what callers without types may give
type Anything = any;
type Case = [name: string, call: (given: Given) => unknown, code: string, field?: string];

interface Given {
  readonly runtime: Runtime;
  readonly room: string;
  readonly session: string;
  readonly message: string;
}

const from = "user:7";
const ada = (more: object) => ({ id: "ada", name: "Ada", ...more }) as Anything;
const FOREIGN = "01a1fbc0-3def-7000-8d9d-9e379e93d4b5";

const CREATE: Case[] = [
  ["no options", () => createRuntime(undefined as Anything), "invalid_input", "options"],
  ["no store", () => createRuntime({} as Anything), "invalid_input", "store"],
  ["an empty store", () => createRuntime({ store: "" }), "invalid_input", "store"],
  ["a store that is no text", () => createRuntime({ store: 7 as Anything }), "invalid_input", "store"],
  ["NaN as seed", () => createRuntime({ store: "memory", seed: Number.NaN }), "invalid_input", "seed"],
  ["a negative seed", () => createRuntime({ store: "memory", seed: -1 }), "invalid_input", "seed"],
  ["a huge seed", () => createRuntime({ store: "memory", seed: 2 ** 60 }), "invalid_input", "seed"],
  ["no turns", () => createRuntime({ store: "memory", maxTurnsInFlight: 0 }), "invalid_input", "maxTurnsInFlight"],
  [
    "too many turns",
    () => createRuntime({ store: "memory", maxTurnsInFlight: 1e9 }),
    "invalid_input",
    "maxTurnsInFlight",
  ],
  ["a clock that is none", () => createRuntime({ store: "memory", clock: {} as Anything }), "invalid_input", "clock"],
  [
    "a cognition that is none",
    () => createRuntime({ store: "memory", cognition: "x" as Anything }),
    "invalid_input",
    "cognition",
  ],
  [
    "a listener that is none",
    () => createRuntime({ store: "memory", onWarning: 1 as Anything }),
    "invalid_input",
    "onWarning",
  ],
  ["an unknown option", () => createRuntime({ store: "memory", maxTurn: 1 } as Anything), "invalid_input", "maxTurn"],
];

const CALLS: Case[] = [
  // Definitions
  ["no definition", ({ runtime }) => runtime.enroll(undefined as Anything), "invalid_input", "persona"],
  ["no id", ({ runtime }) => runtime.enroll({ name: "x" } as Anything), "invalid_input", "id"],
  ["no name", ({ runtime }) => runtime.enroll({ id: "x" } as Anything), "invalid_input", "name"],
  ["a malformed id", ({ runtime }) => runtime.enroll(ada({ id: "Ada Lovelace" })), "invalid_input", "id"],
  ["an endless id", ({ runtime }) => runtime.enroll(ada({ id: "a".repeat(129) })), "invalid_input", "id"],
  ["a blank name", ({ runtime }) => runtime.enroll(ada({ name: " \n" })), "invalid_input", "name"],
  [
    "huge instructions",
    ({ runtime }) => runtime.enroll(ada({ instructions: "ä".repeat(32_769) })),
    "invalid_input",
    "instructions",
  ],
  ["a model without provider", ({ runtime }) => runtime.enroll(ada({ model: "large" })), "invalid_input", "model"],
  ["a cognition that is none", ({ runtime }) => runtime.enroll(ada({ cognition: "x" })), "invalid_input", "cognition"],
  ["an unknown field", ({ runtime }) => runtime.enroll(ada({ mood: "good" })), "invalid_input", "mood"],
  [
    "an unknown setting",
    ({ runtime }) => runtime.enroll(ada({ settings: { speed: 1 } })),
    "invalid_input",
    "settings.speed",
  ],
  ...(["maxParallelTurns", "maxQueued", "deadlineMs", "historyTokens"] as const).flatMap((field) =>
    [Number.NaN, -1, 1.5, 1e12, "1", null].map(
      (value): Case => [
        `${value} as ${field}`,
        ({ runtime }) => runtime.enroll(ada({ settings: { [field]: value } })),
        "invalid_input",
        `settings.${field}`,
      ],
    ),
  ),
  [
    "an unknown policy",
    ({ runtime }) => runtime.enroll(ada({ settings: { onUnknownOutcome: "keep" } })),
    "invalid_input",
    "settings.onUnknownOutcome",
  ],
  ["unenroll of nobody", ({ runtime }) => runtime.unenroll("nobody"), "persona_not_found"],
  ["an unknown way to unenroll", ({ runtime }) => runtime.unenroll("ada", "now" as Anything), "invalid_input", "mode"],
  // Messages
  ["a message to nobody", ({ runtime }) => runtime.send("nobody", "?", { from }).accepted, "persona_not_found"],
  ...[undefined, null, 7, {}, 1n, Symbol("id"), "x".repeat(1e6)].map(
    (id): Case => [
      `a message to ${String(id).slice(0, 20)}`,
      ({ runtime }) => runtime.send(id as Anything, "?", { from }).accepted,
      "persona_not_found",
    ],
  ),
  ["a blank text", ({ runtime }) => runtime.send("ada", " ", { from }).accepted, "invalid_input", "text"],
  [
    "a text that is none",
    ({ runtime }) => runtime.send("ada", 7 as Anything, { from }).accepted,
    "invalid_input",
    "text",
  ],
  ["a huge text", ({ runtime }) => runtime.send("ada", "x".repeat(65_537), { from }).accepted, "invalid_input", "text"],
  ["half a surrogate pair", ({ runtime }) => runtime.send("ada", "\ud800", { from }).accepted, "invalid_input", "text"],
  ["no options", ({ runtime }) => runtime.send("ada", "?", undefined as Anything).accepted, "invalid_input", "from"],
  ["no sender", ({ runtime }) => runtime.send("ada", "?", {} as Anything).accepted, "invalid_input", "from"],
  ["a blank sender", ({ runtime }) => runtime.send("ada", "?", { from: " " }).accepted, "invalid_input", "from"],
  [
    "a sender of no kind",
    ({ runtime }) => runtime.send("ada", "?", { from: { kind: "ghost", id: "x" } as Anything }).accepted,
    "invalid_input",
    "from",
  ],
  [
    "an unknown lane",
    ({ runtime }) => runtime.send("ada", "?", { from, lane: "fast" as Anything }).accepted,
    "invalid_input",
    "lane",
  ],
  ...[Number.NaN, -0.1, 1.1, Number.POSITIVE_INFINITY, "1"].map(
    (priority): Case => [
      `${priority} as priority`,
      ({ runtime }) => runtime.send("ada", "?", { from, priority: priority as Anything }).accepted,
      "invalid_input",
      "priority",
    ],
  ),
  ...[Number.NaN, 0, -1, 0.5, 1e15].map(
    (expiresInMs): Case => [
      `${expiresInMs} as expiresInMs`,
      ({ runtime }) => runtime.send("ada", "?", { from, expiresInMs }).accepted,
      "invalid_input",
      "expiresInMs",
    ],
  ),
  [
    "an empty idempotency key",
    ({ runtime }) => runtime.send("ada", "?", { from, idempotencyKey: "" }).accepted,
    "invalid_input",
    "idempotencyKey",
  ],
  [
    "an endless idempotency key",
    ({ runtime }) => runtime.send("ada", "?", { from, idempotencyKey: "k".repeat(256) }).accepted,
    "invalid_input",
    "idempotencyKey",
  ],
  [
    "an unknown option",
    ({ runtime }) => runtime.send("ada", "?", { from, loud: true } as Anything).accepted,
    "invalid_input",
    "loud",
  ],
  [
    "an unknown conversation",
    ({ runtime }) => runtime.send("ada", "?", { from, conversation: FOREIGN }).accepted,
    "session_not_found",
  ],
  [
    "a malformed conversation",
    ({ runtime }) => runtime.send("ada", "?", { from, conversation: "x" }).accepted,
    "session_not_found",
  ],
  [
    "a message as conversation",
    ({ runtime, message }) => runtime.send("ada", "?", { from, conversation: message }).accepted,
    "session_not_found",
  ],
  [
    "another's session",
    ({ runtime, session }) => runtime.send("bob", "?", { from, conversation: session }).accepted,
    "session_not_found",
  ],
  // Rooms
  ["no room", ({ runtime }) => runtime.createRoom(undefined as Anything), "invalid_input", "room"],
  ["a blank name", ({ runtime }) => runtime.createRoom({ name: "" }), "invalid_input", "name"],
  [
    "members that are no list",
    ({ runtime }) => runtime.createRoom({ members: "ada" as Anything }),
    "invalid_input",
    "members",
  ],
  [
    "a member that is no text",
    ({ runtime }) => runtime.createRoom({ members: ["ada", 7 as Anything] }),
    "invalid_input",
    "members[1]",
  ],
  ["an unknown member", ({ runtime }) => runtime.createRoom({ members: ["ada", "nobody"] }), "persona_not_found"],
  ["a session as room", ({ runtime, session }) => runtime.post(session, "?", { from }), "room_not_found"],
  ["an unknown room", ({ runtime }) => runtime.room(FOREIGN), "room_not_found"],
  ["a room that is no text", ({ runtime }) => runtime.room({ toString: () => FOREIGN } as Anything), "room_not_found"],
  ["a symbol as room", ({ runtime }) => runtime.room(Symbol("room") as Anything), "room_not_found"],
  ["a new member of nowhere", ({ runtime }) => runtime.addMember("x", "ada"), "room_not_found"],
  ["nobody as new member", ({ runtime, room }) => runtime.addMember(room, "nobody"), "persona_not_found"],
  ["nobody as former member", ({ runtime, room }) => runtime.removeMember(room, "nobody"), "persona_not_found"],
  ["a blank post", ({ runtime, room }) => runtime.post(room, "", { from }), "invalid_input", "text"],
  [
    "an answer to nothing",
    ({ runtime, room }) => runtime.post(room, "?", { from, replyTo: FOREIGN }),
    "invalid_input",
    "replyTo",
  ],
  [
    "an answer to a room",
    ({ runtime, room }) => runtime.post(room, "?", { from, replyTo: room }),
    "invalid_input",
    "replyTo",
  ],
  // Reading
  ["a room as session", ({ runtime, room }) => runtime.session(room), "session_not_found"],
  ["messages of nowhere", ({ runtime }) => runtime.messages("x"), "session_not_found"],
  ...[Number.NaN, 0, -1, 1.5, 201, "5"].map(
    (limit): Case => [
      `${limit} as limit`,
      ({ runtime, session }) => runtime.messages(session, { limit: limit as Anything }),
      "invalid_input",
      "limit",
    ],
  ),
  [
    "messages after a room",
    ({ runtime, session, room }) => runtime.messages(session, { after: room }),
    "invalid_input",
    "after",
  ],
  [
    "messages after a number",
    ({ runtime, session }) => runtime.messages(session, { after: 5 as Anything }),
    "invalid_input",
    "after",
  ],
  ["an explanation of nothing", ({ runtime }) => runtime.explain(FOREIGN), "turn_not_found"],
  ["an explanation of a room", ({ runtime, room }) => runtime.explain(room), "turn_not_found"],
  ["an explanation of NaN", ({ runtime }) => runtime.explain(Number.NaN as Anything), "turn_not_found"],
  ["an item that is a message", ({ runtime, message }) => runtime.item(message), "turn_not_found"],
  ["the status of nobody", ({ runtime }) => runtime.status("nobody"), "persona_not_found"],
  ...[Number.NaN, -1, 0.5, "1"].map(
    (after): Case => [
      `events after ${after}`,
      ({ runtime }) => runtime.events({ after: after as Anything }),
      "invalid_input",
      "after",
    ],
  ),
  ["a signal that is none", ({ runtime }) => runtime.events({ signal: {} as Anything }), "invalid_input", "signal"],
  ...[Number.NaN, -1, "soon"].map(
    (graceMs): Case => [
      `${graceMs} as grace`,
      ({ runtime }) => runtime.close({ graceMs: graceMs as Anything }),
      "invalid_input",
      "graceMs",
    ],
  ),
];

async function given(): Promise<Given> {
  const { runtime } = await openHouse();
  await enroll(runtime, "ada");
  await enroll(runtime, "bob");
  const room = (await runtime.createRoom({ members: ["ada"] })).id;
  const answer = runtime.send("ada", "hello", { from });
  const { conversation: session, message } = await answer.accepted;
  await answer;
  return { runtime, room, session, message };
}

/** Whether it is thrown or rejected. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

describe("is refused with a code, the field and what would be right, and changes nothing:", () => {
  it.each([...CREATE, ...CALLS])("%s", async (_, call, code, field) => {
    const all = await given();
    const { runtime, room, session } = all;
    const look = async () => [
      runtime.status(),
      runtime.personas(),
      await runtime.messages(session),
      await runtime.messages(room),
      await runtime.room(room),
    ];
    const before = await look();
    const error = await errorOf(() => call(all));
    expect(error).toBeInstanceOf(PersonaError);
    expect(error).toMatchObject({
      code,
      fields: field === undefined ? [] : [{ field, message: /./ }].map(() => expect.objectContaining({ field })),
    });
    expect((error as PersonaError).message.length).toBeLessThan(500);
    expect(await look()).toEqual(before);
    expect((await runtime.send("ada", "still there?", { from })).text).toBe("still there?");
  });
});

it("names every broken field at once", async () => {
  const { runtime } = await openHouse();
  const broken = { id: "A", name: "", settings: { deadlineMs: 0, paused: "no" } } as Anything;
  await expect(runtime.enroll(broken)).rejects.toMatchObject({
    status: 422,
    message: expect.stringMatching(/^The persona is not valid\. id: must be .*; name: must not be blank; settings/),
    fields: ["id", "name", "settings.deadlineMs", "settings.paused"].map((field) => ({ field })),
  });
});
