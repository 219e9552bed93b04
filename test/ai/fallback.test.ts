import { expect, test } from "vitest";
import { heardFrom, outcomeOf, pass } from "../runtime/harness.ts";
import { until } from "../support/event-loop.ts";
import { breakOff, hang, type ModelServer, type Responder, refuse, say } from "../support/model-server.ts";
import { at, type ModelHouse, openModels, openServer } from "./harness.ts";

const from = "user:7";

/** Ada's model is `first:m`, which `second:s` stands in for. */
async function openTwo(
  first: Responder,
  second: Responder,
): Promise<ModelHouse & Record<"first" | "second", ModelServer>> {
  const servers = { first: await openServer(first), second: await openServer(second) };
  const configured = { first: at(servers.first), second: at(servers.second, "anthropic") };
  return { ...(await openModels(configured, { fallback: ["second:s"] })), ...servers };
}

test.each([
  ["fails", refuse(500)],
  ["is not there", refuse(503)],
  ["does not know us", refuse(401)],
  ["does not have the model", refuse(404)],
  ["throttles", refuse(429, "Later.", { "retry-after": "60" })],
  ["is cut before the first token", breakOff([], "cut")],
  ["ends before the first token", breakOff([], "end")],
])("when a provider %s, the next model answers", async (_name, respond) => {
  const { runtime, first, second } = await openTwo(respond, say(["I ", "can."]));
  const answer = runtime.send("ada", "Hello", { from });
  expect(await heardFrom(answer)).toEqual(["I ", "can."]);
  const { cognition } = await runtime.explain((await answer).id);
  expect(cognition).toMatchObject({ provider: "second", model: "s" });
  expect(cognition.calls.map(({ provider, outcome }) => [provider, outcome])).toEqual([
    ["first", expect.stringMatching(/^(failed|throttled|refused)$/)],
    ["second", "answered"],
  ]);
  expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  expect(second.requests[0]?.body.model).toBe("s");
});

test.each([
  ["what was streamed cannot be taken back", breakOff(["Well, "], "cut")],
  ["the request is to blame", refuse(400)],
])("no other model is tried when %s", async (_name, respond) => {
  const { runtime, first, second } = await openTwo(respond, say(["I can."]));
  void outcomeOf(runtime.send("ada", "Hello", { from }));
  await until(() => runtime.fleet().retried === 1);
  expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
  expect(runtime.status("ada").breaker.failures).toBe(1);
});

test("no other model is tried when the turn is over", async () => {
  const { runtime, clock, first, second } = await openTwo(hang, say(["I can."]));
  await runtime.configure("ada", { settings: { deadlineMs: 5_000 } });
  void outcomeOf(runtime.send("ada", "Hello", { from }));
  await until(() => first.requests.length === 1);
  await pass(clock, 5_000);
  await first.requests[0]?.closed;
  await until(() => runtime.fleet().retried === 1);
  expect(second.requests).toHaveLength(0);
});

test("while a provider is open or throttled nobody calls it, and the next model answers at once", async () => {
  const { runtime, clock, first, second } = await openTwo(refuse(500), say(["I can."]));
  for (let n = 0; n < 8; n += 1) expect((await runtime.send("ada", "Hello", { from })).text).toBe("I can.");
  expect([first.requests.length, second.requests.length]).toEqual([5, 8]);
  expect(await runtime.readiness()).toMatchObject({ ready: true, checks: { providers: "degraded" } });
  first.respond = say(["So can I."]);
  await pass(clock, 33_000);
  expect((await runtime.send("ada", "Hello", { from })).text).toBe("So can I.");
  first.respond = refuse(429, "Later.", { "retry-after": "5" });
  expect((await runtime.send("ada", "Hello", { from })).text).toBe("I can.");
  expect((await runtime.send("ada", "Hello", { from })).text).toBe("I can.");
  expect(first.requests).toHaveLength(7);
});

test("when all are shut, what is sent waits for the one that opens first", async () => {
  const later = (seconds: string) => refuse(429, "Later.", { "retry-after": seconds });
  const { runtime, clock, first, second } = await openTwo(later("40"), later("9"));
  const start = clock.now();
  const answer = runtime.send("ada", "Hello", { from });
  await until(() => second.requests.length === 1 && runtime.fleet().inFlight === 0);
  await runtime.enroll({ id: "bob", name: "Bob", model: "first:m" });
  const other = runtime.send("bob", "Hello", { from });
  await until(() => runtime.status("bob").held === "provider_throttled");
  expect(runtime.status("bob").heldUntil).toBe(start + 9_000);
  second.respond = say(["Now."]);
  await pass(clock, 9_000);
  expect([(await answer).text, (await other).text]).toEqual(["Now.", "Now."]);
  expect(first.requests).toHaveLength(1);
});

test("who waits for a busy provider goes to the next model as soon as that one is shut", async () => {
  const first = await openServer(hang);
  const second = await openServer(say(["I can."]));
  const configured = { first: { ...at(first), maxConcurrent: 1 }, second: at(second) };
  const { runtime, providers } = await openModels(configured, { fallback: ["second:s"] });
  await runtime.enroll({ id: "bob", name: "Bob", model: "first:m" });
  first.respond = (request, response) => {
    void held.then(() => refuse(429, "Later.", { "retry-after": "50" })(request, response));
  };
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const answers = [runtime.send("ada", "Hello", { from }), runtime.send("bob", "Hello", { from })];
  await until(() => providers.status()[0]?.waiting === 1);
  expect(second.requests).toHaveLength(0);
  resolve();
  expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(["I can.", "I can."]);
  expect(first.requests).toHaveLength(1);
});

test("a turn that goes on to a busy provider waits for room there", async () => {
  const first = await openServer(refuse(500));
  const open: (() => void)[] = [];
  const second = await openServer(async (request, response) => {
    await new Promise<void>((resolve) => open.push(resolve));
    await say(["I can."])(request, response);
  });
  const configured = { first: at(first), second: { ...at(second), maxConcurrent: 1 } };
  const { runtime, providers } = await openModels(configured, { fallback: ["second:s"] });
  await runtime.enroll({ id: "bob", name: "Bob", model: "first:m" });
  const answers = [runtime.send("ada", "Hello", { from }), runtime.send("bob", "Hello", { from })];
  await until(() => providers.status()[1]?.waiting === 1);
  expect(runtime.fleet().inFlight).toBe(2);
  for (let n = 1; n <= 2; n += 1) {
    await until(() => open.length > 0);
    open.shift()?.();
  }
  expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(["I can.", "I can."]);
  expect(providers.status()[1]).toMatchObject({ inFlight: 0, waiting: 0 });
});
