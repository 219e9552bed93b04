import { describe, expect, it } from "vitest";
import type { Cognition } from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { enroll, gated, openHouse, outcomeOf, pass } from "./harness.ts";

// biome-ignore lint/suspicious/noExplicitAny: what a handler of plain JavaScript may do
type Rubbish = (turn: any) => any;

async function* streamOf(...tokens: unknown[]): AsyncGenerator<unknown> {
  yield* tokens;
}

const thrown = (value: unknown): never => {
  throw value;
};

const unspeakable = Object.create(null);

const HANDLERS: Record<string, [Rubbish, RegExp]> = {
  throws: [() => thrown(new Error("kaput")), /kaput/],
  rejects: [async () => thrown(new Error("kaput")), /kaput/],
  "throws a text": [() => thrown("words"), /words/],
  "throws undefined": [() => thrown(undefined), /undefined/],
  "throws null": [() => thrown(null), /null/],
  "throws a symbol": [() => thrown(Symbol("odd")), /symbol Symbol\(odd\)/],
  "throws an object that has no text": [() => thrown(unspeakable), /object/],
  "throws an error whose message throws": [
    () => thrown(Object.defineProperty(new Error(), "message", { get: () => thrown(unspeakable) })),
    /cannot be described/,
  ],
  "throws an error with a huge message": [() => thrown(new Error("x".repeat(1e7))), /x…$/],
  "returns nothing": [() => undefined, /neither returned nor streamed/],
  "returns an empty text": [() => "", /empty text/],
  "returns a number": [() => 7, /number 7/],
  "returns null": [() => null, /null/],
  "returns a function": [() => () => "text", /function/],
  "returns an empty object": [() => ({}), /without `text` or `decline`/],
  "returns an array": [() => ["text"], /without `text` or `decline`/],
  "returns a text that is none": [() => ({ text: 5 }), /without `text` or `decline`/],
  "returns a stream without tokens": [() => streamOf(), /neither returned nor streamed/],
  "returns a stream of numbers": [() => streamOf(1, 2), /number 1/],
  "streams something else": [(turn) => turn.stream({}), /streamed an object/],
  "throws after streaming": [(turn) => turn.stream("half a ") ?? thrown(new Error("kaput")), /kaput/],
  "returns a stream that breaks": [
    async function* () {
      yield "half";
      thrown(new Error("kaput"));
    },
    /kaput/,
  ],
  "declines without a reason": [() => ({ decline: "" }), /without a reason/],
  "declines with a number": [() => ({ decline: 5 }), /without a reason/],
  "reports NaN as usage": [() => ({ text: "x", usage: { inputTokens: Number.NaN, outputTokens: 1 } }), /usage/],
  "reports null as usage": [() => ({ text: "x", usage: null }), /usage/],
  "returns a thenable that throws": [
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is the point
      get then() {
        return thrown(new Error("kaput"));
      },
    }),
    /kaput/,
  ],
  "returns a getter that throws": [
    () => ({
      get text() {
        return thrown(new Error("kaput"));
      },
    }),
    /kaput/,
  ],
  "returns a getter that throws something without a text": [
    () => ({
      get text() {
        return thrown(unspeakable);
      },
    }),
    /object/,
  ],
  "returns a proxy that throws": [() => new Proxy({}, { has: () => thrown(new Error("kaput")) }), /kaput/],
  "answers ten million characters": [() => "x".repeat(1e7), /10000000 characters/],
  "streams without an end": [
    async function* () {
      for (;;) yield "x".repeat(1_000);
    },
    /characters/,
  ],
};

describe("a handler that", () => {
  it.each(Object.entries(HANDLERS))(
    "%s is tried three times, then its item is dead and says why",
    async (_, [handler, why]) => {
      const { runtime, clock } = await openHouse();
      let calls = 0;
      const cognition: Cognition = (turn) => {
        calls += 1;
        return handler(turn);
      };
      await enroll(runtime, "ada", { cognition });
      const answer = runtime.send("ada", "?", { from: "user:7" });
      const { message, items } = await answer.accepted;
      await pass(clock, 1_100);
      await pass(clock, 4_400);
      const outcome = await outcomeOf(answer);
      expect(outcome).toMatch(/^dead: /);
      expect(outcome).toMatch(why);
      expect(outcome.length).toBeLessThan(2_500);
      expect(calls).toBe(3);
      expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({
        state: "dead",
        attempt: 3,
        reason: "cognition_failed",
      });
      expect(await runtime.explain(message)).toMatchObject({ outcome: "failed", error: expect.stringMatching(why) });
      expect(runtime.status()).toMatchObject({ accepted: 1, retried: 2, dead: 1, answered: 0, queued: 0, inFlight: 0 });
    },
  );
});

it("tries again after 1 s and 4 s, give or take a tenth", async () => {
  const { runtime, clock } = await openHouse();
  const calls: number[] = [];
  await enroll(runtime, "ada", {
    cognition: () => {
      calls.push(clock.now());
      throw new Error("kaput");
    },
  });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  for (let step = 0; step < 60; step += 1) await pass(clock, 100);
  expect(await outcomeOf(answer)).toMatch(/^dead/);
  const [first = 0, second = 0, third = 0] = calls;
  expect(second - first).toBeGreaterThanOrEqual(900);
  expect(second - first).toBeLessThanOrEqual(1_200);
  expect(third - second).toBeGreaterThanOrEqual(3_600);
  expect(third - second).toBeLessThanOrEqual(4_500);
});

it("tries items that failed together one by one, and blames each only for what it did alone", async () => {
  const { runtime, clock } = await openHouse();
  const calls: string[] = [];
  await enroll(runtime, "ada", { settings: { paused: true } });
  const answers = ["good", "bad", "late"].map((text) => runtime.send("ada", text, { from: "user:7" }));
  await turns();
  await enroll(runtime, "ada", {
    cognition: ({ trigger, context, attempt }) => {
      calls.push(`${context.length} ${trigger.text} ${attempt}`);
      if ([trigger, ...context].some(({ text }) => text === "bad")) throw new Error("kaput");
      return `fine: ${trigger.text}`;
    },
  });
  for (let step = 0; step < 30; step += 1) await pass(clock, 1_000);
  expect(await Promise.all(answers.map(outcomeOf))).toEqual([
    "fine: good",
    expect.stringMatching(/^dead: .*kaput/),
    "fine: late",
  ]);
  expect(calls).toEqual(["2 late 1", "0 good 2", "0 bad 2", "0 bad 3", "0 bad 4", "0 late 2"]);
});

it("aborts at the deadline, and a result that comes later changes nothing", async () => {
  const { runtime, clock } = await openHouse();
  const late = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  await enroll(runtime, "ada", {
    settings: { deadlineMs: 500 },
    cognition: (turn) => {
      if (turn.attempt > 1) return "second";
      expect(turn.deadline).toBe(clock.now() + 500);
      signals.push(turn.signal);
      return late.promise;
    },
  });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  const { message } = await answer.accepted;
  await pass(clock, 499);
  expect(signals[0]?.aborted).toBe(false);
  await pass(clock, 1);
  expect(signals[0]?.reason).toMatchObject({ code: "cognition_timeout", message: "ada did not answer within 0.5 s" });
  late.resolve("late");
  await turns();
  expect(runtime.status()).toMatchObject({ answered: 0, queued: 1, retried: 1 });
  await pass(clock, 1_100);
  expect(await outcomeOf(answer)).toBe("second");
  expect((await runtime.messages((await answer).conversation)).map(({ text }) => text)).toEqual(["?", "second"]);
  expect(await runtime.explain(message)).toMatchObject({ attempt: 2, outcome: "answered" });
});

it("shows a signal that is asked for too late as aborted", async () => {
  const { runtime, clock } = await openHouse();
  let signalLater = (): AbortSignal => AbortSignal.abort();
  await enroll(runtime, "ada", {
    settings: { deadlineMs: 500 },
    cognition: (turn) => {
      signalLater = () => turn.signal;
      return new Promise(() => {});
    },
  });
  void runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 500);
  expect(signalLater()).toMatchObject({ aborted: true, reason: { code: "cognition_timeout" } });
});

it("gives a voice at most 20 s", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada", { cognition: (turn) => `${turn.deadline - clock.now()}` });
  expect((await runtime.send("ada", "?", { from: "user:7", lane: "voice" })).text).toBe("20000");
  expect((await runtime.send("ada", "?", { from: "user:7" })).text).toBe("120000");
});

it("lets a persona that hangs delay nobody else", async () => {
  const { runtime, clock } = await openHouse();
  const settings = { maxParallelTurns: 100, breakerFailures: 0 };
  await enroll(runtime, "stuck", { cognition: () => new Promise(() => {}), settings });
  await enroll(runtime, "ada");
  const stuck = Array.from({ length: 50 }, (_, n) => runtime.send("stuck", "?", { from: `user:${n}` }));
  await turns();
  expect(runtime.status("stuck")).toMatchObject({ inFlight: 50 });
  const before = clock.now();
  for (let n = 0; n < 20; n += 1) expect((await runtime.send("ada", `${n}`, { from: "user:7" })).text).toBe(`${n}`);
  expect(clock.now()).toBe(before);
  await pass(clock, 120_000);
  await pass(clock, 1_100);
  await pass(clock, 120_000);
  await pass(clock, 4_400);
  await pass(clock, 120_000);
  expect(await outcomeOf(stuck[0] as never)).toMatch(/^dead: .*cognition_timeout/);
  expect(runtime.status()).toMatchObject({ dead: 50, answered: 20, queued: 0, inFlight: 0 });
});

it("records a decline with its reason, and does not try again", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada", { cognition: () => ({ decline: "busy with engines" }) });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  expect(await outcomeOf(answer)).toBe("declined: The persona declined to answer: busy with engines");
  const { items } = await answer.accepted;
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "declined", reason: "busy with engines" });
  await pass(clock, 60_000);
  expect(runtime.status()).toMatchObject({ declined: 1, retried: 0, dead: 0 });
});

it("gives up what waits longer than it may, and never what is being answered", async () => {
  const { runtime, clock } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const running = runtime.send("ada", "running", { from: "user:7", expiresInMs: 50 });
  await turns();
  const waiting = runtime.send("ada", "waiting", { from: "user:7", expiresInMs: 50 });
  await pass(clock, 50);
  expect(await outcomeOf(waiting)).toMatch(/^dead: .*expired/);
  gate.release();
  expect(await outcomeOf(running)).toBe("running");
});
