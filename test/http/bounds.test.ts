/** Every number, text and choice of the settings and of a message, at its bounds and beyond them. */
import { describe, expect, it } from "vitest";
import { openHouse } from "./harness.ts";

interface Bounds {
  readonly takes: readonly unknown[];
  readonly refuses: readonly unknown[];
}

const whole = (least: number, most: number): Bounds => ({
  takes: [least, most],
  refuses: [least - 1, most + 1, least + 0.5, `${most}`, true, null, 1e300],
});
const share = (most: number): Bounds => ({ takes: [0, 0.5, most], refuses: [-0.001, most + 0.001, "0", null] });
const yesOrNo: Bounds = { takes: [true, false], refuses: ["true", 1, null] };

const SETTINGS: Record<string, Bounds> = {
  max_parallel_turns: whole(1, 1_024),
  max_queued: whole(1, 1_000_000),
  deadline_ms: whole(1, 3_600_000),
  history_tokens: whole(0, 1_000_000),
  on_unknown_outcome: { takes: ["auto", "retry", "ask", "drop"], refuses: ["keep", "", null] },
  paused: yesOrNo,
  "windows.voice": whole(1, 10_000),
  "windows.chat": whole(1, 10_000),
  "windows.task": whole(1, 10_000),
  "windows.background": whole(1, 10_000),
  "windows.fast": { takes: [], refuses: [1] },
  breaker_failures: whole(0, 1_000),
  breaker_open_ms: whole(1, 600_000),
  room_gap_ms: whole(0, 600_000),
  room_cap: whole(1, 10_000),
  answer_undirected: yesOrNo,
  temperament: yesOrNo,
  tools: { takes: [[]], refuses: [["add", "add"], "add", null, {}] },
  complexity: share(10),
  compute_budget: share(1),
  budget: {
    takes: [
      null,
      { tokens: 1, window_ms: 1_000, on_exhausted: "decline" },
      { tokens: 1_000_000_000_000, window_ms: 31_622_400_000, on_exhausted: "hold" },
    ],
    refuses: [{}, { window_ms: 1_000 }, [], 5],
  },
  "budget.tokens": whole(1, 1_000_000_000_000),
};

/** `windows.chat` and 5 are `{ windows: { chat: 5 } }`. */
const nested = (path: string, value: unknown) =>
  path.split(".").reduceRight((inner, name) => ({ [name]: inner }), value) as object;

/** The broken fields, each once: a number can be too large in two ways. */
function blamed({ fields }: { fields: readonly { field: string }[] }): string[] {
  return [...new Set(fields.map(({ field }) => field))];
}

describe.each(["PUT", "PATCH"])("settings by %s", (method) => {
  it.each(Object.entries(SETTINGS))("%s", async (path, { takes, refuses }) => {
    const { runtime, send } = await openHouse();
    await runtime.enroll({ id: "ada", name: "Ada" });
    const give = (value: unknown) => {
      const settings = nested(path, value);
      return send(`${method} /v1/enrollments/ada`, method === "PUT" ? { name: "Ada", settings } : { settings });
    };
    for (const value of takes) {
      const { status, body } = await give(value);
      expect.soft(status, `${value}`).toBe(200);
      expect.soft(body.settings, `${value}`).toMatchObject(nested(path, value));
    }
    const { body: before } = await send("GET /v1/enrollments/ada");
    for (const value of refuses) {
      const { status, body } = await give(value);
      expect.soft({ status, code: body.code, blamed: blamed(body) }, `${value}`).toEqual({
        status: 422,
        code: "invalid_input",
        blamed: [`settings.${path}`],
      });
    }
    expect((await send("GET /v1/enrollments/ada")).body).toEqual(before);
  });
});

it("knows the bounds of every setting", async () => {
  const { send } = await openHouse();
  const { body } = await send("PUT /v1/enrollments/ada", { name: "Ada" });
  const names = Object.entries<object | null>(body.settings).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.keys(value).map((inner) => `${name}.${inner}`)
      : [name],
  );
  expect(Object.keys(SETTINGS)).toEqual(expect.arrayContaining(names));
});

const topic = (text: string) => ({ mode: "until_topic", topic: text });

describe("sleep", () => {
  it.each([
    { mode: "active" },
    { mode: "sleeping" },
    { mode: "sleeping", until: Number.MAX_SAFE_INTEGER },
    { mode: "mentioned_only", until: 4_102_444_800_000 },
    { mode: "human_only" },
    { ...topic("x"), threshold: 0 },
    { ...topic("x".repeat(256)), threshold: 1, until: 4_102_444_800_000 },
  ])("takes %o", async (sleep) => {
    const { runtime, send } = await openHouse();
    await runtime.enroll({ id: "ada", name: "Ada" });
    expect(await send("PATCH /v1/enrollments/ada", { sleep })).toMatchObject({ status: 200, body: { sleep } });
  });

  it.each<[string, object, readonly string[]]>([
    ["no mode", {}, ["mode"]],
    ["an unknown mode", { mode: "dozing" }, ["mode"]],
    ["a time before 1970", { mode: "sleeping", until: -1 }, ["until"]],
    ["a time between milliseconds", { mode: "sleeping", until: 1.5 }, ["until"]],
    ["a time beyond counting", { mode: "sleeping", until: 2 ** 53 }, ["until"]],
    ["a time as a text", { mode: "sleeping", until: "2030-01-01" }, ["until"]],
    ["awake until some time", { mode: "active", until: 1 }, ["until"]],
    ["until a topic without one", { mode: "until_topic" }, ["topic"]],
    ["a blank topic", topic(" "), ["topic"]],
    ["a topic beyond its length", topic("x".repeat(257)), ["topic"]],
    ["a topic that nothing waits for", { mode: "human_only", topic: "x", threshold: 0.5 }, ["topic", "threshold"]],
    ["everything that contradicts being awake", { mode: "active", until: 1, topic: "x" }, ["until", "topic"]],
    ["a threshold below zero", { ...topic("x"), threshold: -0.1 }, ["threshold"]],
    ["a threshold above one", { ...topic("x"), threshold: 1.1 }, ["threshold"]],
    ["an unknown field", { mode: "sleeping", till: 1 }, ["till"]],
  ])("refuses %s", async (_name, sleep, fields) => {
    const { runtime, send } = await openHouse();
    await runtime.enroll({ id: "ada", name: "Ada" });
    const { status, body } = await send("PATCH /v1/enrollments/ada", { sleep, settings: { paused: true } });
    expect(status).toBe(422);
    expect(blamed(body)).toEqual(fields.map((field) => `sleep.${field}`));
    // All or nothing: what was valid beside it did not happen either.
    expect(runtime.status("ada")).toMatchObject({ sleep: { mode: "active" }, settings: { paused: false } });
  });
});

const MESSAGE: Record<string, Bounds> = {
  priority: share(1),
  urgent: yesOrNo,
  expires_in_ms: whole(1, 31_536_000_000),
  merge_key: { takes: ["k", "k".repeat(255)], refuses: ["", "k".repeat(256), 7, null] },
  coalesce: { takes: ["merge", "latest"], refuses: ["newest", true, null] },
  similarity: share(1),
};

it.each(Object.entries(MESSAGE))("%s of a message, to a persona, in a session and in a room", async (field, bounds) => {
  const { runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const { body: first } = await send("POST /v1/personas/ada/messages", { text: "hi" });
  const { body: room } = await send("POST /v1/rooms", { members: ["ada"] });
  for (const to of ["personas/ada", `sessions/${first.conversation_id}`, `rooms/${room.id}`]) {
    const say = (value: unknown) => send(`POST /v1/${to}/messages`, { text: "hi", [field]: value });
    for (const value of bounds.takes) expect.soft((await say(value)).status, `${to}: ${value}`).toBe(202);
    const { accepted } = runtime.status();
    for (const value of bounds.refuses) {
      const { status, body } = await say(value);
      expect.soft({ status, blamed: blamed(body) }, `${to}: ${value}`).toEqual({ status: 422, blamed: [field] });
    }
    expect(runtime.status().accepted).toBe(accepted);
  }
});
