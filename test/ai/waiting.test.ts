import { expect, test } from "vitest";
import { providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import type { Cognition } from "../../src/types.ts";
import { enroll, openHouse, outcomeOf, pass } from "../runtime/harness.ts";
import { turns, until } from "../support/event-loop.ts";
import { hang, modelServer, type Responder, refuse, say } from "../support/model-server.ts";
import { at, endedTurn, KEY, openModels, openServer } from "./harness.ts";

const from = "user:7";

test("a provider that is down blames nobody: what it was sent waits, and is answered when it is back", async () => {
  // Where nobody else listens, so that it is free again when the provider comes back.
  const host = "127.0.0.9";
  const server = await modelServer(undefined, { host });
  const { runtime, clock } = await openModels({ local: at(server) });
  await server.close();
  const answer = runtime.send("ada", "Hello", { from });
  for (let count = 1; count <= 5; count += 1) {
    await until(() => runtime.fleet().providers[0]?.failed === count);
    await pass(clock, 1_000);
  }
  await until(() => runtime.status("ada").held === "backing_off");
  const halfOpenAt = runtime.fleet().providers[0]?.halfOpenAt;
  expect(runtime.status("ada")).toMatchObject({ breaker: { state: "closed", failures: 0 }, heldUntil: halfOpenAt });
  await runtime.enroll({ id: "bob", name: "Bob", model: "local:m" });
  const other = runtime.send("bob", "Hello", { from });
  await until(() => runtime.status("bob").held === "provider_open");
  expect((await runtime.why("bob")).held).toMatchObject({ gate: "provider_open", until: halfOpenAt });
  expect(runtime.fleet().providers).toMatchObject([{ state: "open", calls: 5, waiting: 1 }]);
  expect(await runtime.readiness()).toMatchObject({ ready: false, checks: { providers: "failed" } });
  const again = await modelServer(say(["Back."]), { host, port: Number(new URL(server.url("anthropic")).port) });
  try {
    await pass(clock, 60_000);
    expect([(await answer).text, (await other).text]).toEqual(["Back.", "Back."]);
    expect(runtime.fleet()).toMatchObject({ dead: 0, answered: 2, providers: [{ state: "closed", failures: 0 }] });
    expect(runtime.status("bob").held).toBeUndefined();
  } finally {
    await again.close();
  }
});

test("two thousand personas on a dead provider call it 25 times in ten seconds at most, and are answered when it is back", async () => {
  const server = await openServer(refuse(503));
  const clock = new ManualClock();
  const made = await providers({ local: at(server) }, { clock, seed: 1 });
  const { runtime } = await openHouse({ clock, providers: made });
  const ids = Array.from({ length: 2_000 }, (_, n) => `p${n}`);
  await Promise.all(ids.map((id) => runtime.enroll({ id, name: id, model: "local:m" })));
  for (const id of ids) void outcomeOf(runtime.send(id, "Hello", { from }));
  for (let second = 0; second < 10; second += 1) {
    await turns(200);
    clock.advance(1_000);
  }
  await until(() => runtime.fleet().providers[0]?.inFlight === 0);
  expect(server.requests.length).toBeGreaterThanOrEqual(5);
  expect(server.requests.length).toBeLessThanOrEqual(25);
  expect(server.connections).toBeLessThanOrEqual(25);
  expect(runtime.fleet()).toMatchObject({ inFlight: 0, queued: 2_000, dead: 0, providers: [{ state: "open" }] });
  server.respond = say(["Hello."]);
  clock.advance(30_000);
  // They are called one after another, as there is room.
  await until(() => runtime.status().answered >= 50);
  expect(runtime.fleet()).toMatchObject({ dead: 0, providers: [{ state: "closed", failures: 0 }] });
});

test("a provider is called so many times at once, by all runtimes together, and each waits without a turn", async () => {
  const open: (() => void)[] = [];
  let most = 0;
  const server = await openServer(async (request, response) => {
    await new Promise<void>((resolve) => {
      open.push(resolve);
      most = Math.max(most, open.length);
    });
    await say(["Yes."])(request, response);
  });
  const clock = new ManualClock();
  const made = await providers({ local: { ...at(server), maxConcurrent: 3 } }, { clock, default: "local:m" });
  const houses = await Promise.all([openHouse({ clock, providers: made }), openHouse({ clock, providers: made })]);
  const answers = [];
  for (const { runtime } of houses) {
    for (let n = 0; n < 5; n += 1) {
      await runtime.enroll({ id: `p${n}`, name: "P" });
      answers.push(runtime.send(`p${n}`, "Hello", { from }));
    }
  }
  await Promise.all(answers.map(({ accepted }) => accepted));
  await until(() => open.length === 3);
  await turns();
  expect(made.status()).toMatchObject([{ inFlight: 3, maxConcurrent: 3, waiting: 7 }]);
  expect(houses.map(({ runtime }) => runtime.status().inFlight).reduce((sum, count) => sum + count)).toBe(3);
  const held = houses.flatMap(({ runtime }) => runtime.personas()).filter((persona) => persona.held !== undefined);
  expect(new Set(held.map((persona) => persona.held))).toEqual(new Set(["provider_busy"]));
  while (made.status()[0]?.calls !== 10 || open.length > 0) {
    open.shift()?.();
    await turns(1);
  }
  expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(Array(10).fill("Yes."));
  expect(most).toBe(3);
  expect(made.status()).toMatchObject([{ inFlight: 0, waiting: 0 }]);
});

test.each([
  ["seconds", { "retry-after": "7" }, 7_000],
  ["milliseconds", { "retry-after-ms": "2500", "retry-after": "9" }, 2_500],
  [
    "a date, by the provider's clock",
    { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:40 GMT" },
    40_000,
  ],
  [
    "a date that is over",
    { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:00:00 GMT" },
    100,
  ],
  ["a year", { "retry-after": "31536000" }, 600_000],
])("a 429 throttles the provider for what it says in %s", async (_name, headers, pause) => {
  const server = await openServer(refuse(429, "Slow down.", headers as Record<string, string>));
  const { runtime, clock } = await openModels({ local: at(server) });
  const start = clock.now();
  const answer = runtime.send("ada", "Hello", { from });
  await until(() => runtime.fleet().providers[0]?.throttled === 1);
  expect(runtime.fleet().providers).toMatchObject([{ throttledUntil: start + pause, failures: 0, failed: 0 }]);
  await runtime.enroll({ id: "bob", name: "Bob", model: "local:m" });
  const other = runtime.send("bob", "Hello", { from });
  await until(() => runtime.status("bob").held === "provider_throttled");
  expect((await runtime.why("bob")).held).toMatchObject({ gate: "provider_throttled", until: start + pause });
  server.respond = say(["Now."]);
  await pass(clock, pause - 1);
  expect(server.requests).toHaveLength(1);
  await pass(clock, 1);
  expect([(await answer).text, (await other).text]).toEqual(["Now.", "Now."]);
  expect(runtime.status()).toMatchObject({ dead: 0, answered: 2 });
});

test("a 429 that says nothing pauses for about a second, and about twice as long each time", async () => {
  const server = await openServer(refuse(429));
  const { runtime, clock } = await openModels({ local: at(server) });
  const answer = runtime.send("ada", "Hello", { from });
  const pauses = [];
  for (let count = 1; count <= 4; count += 1) {
    await until(() => runtime.fleet().providers[0]?.throttled === count);
    const until_ = runtime.fleet().providers[0]?.throttledUntil ?? 0;
    pauses.push((until_ - clock.now()) / 2 ** (count - 1));
    if (count === 4) server.respond = say(["Now."]);
    await pass(clock, until_ - clock.now());
  }
  for (const pause of pauses) expect(Math.abs(pause - 1_000)).toBeLessThanOrEqual(101);
  expect((await answer).text).toBe("Now.");
});

test.each([
  // status, whether the provider's breaker counts it, whether the item is blamed
  [400, false, true],
  [401, true, false],
  [402, true, false],
  [403, true, false],
  [404, false, true],
  [408, true, false],
  [413, false, true],
  [422, false, true],
  [500, true, true],
  [502, true, false],
  [503, true, false],
  [504, true, false],
  [529, true, false],
])("a %d: the breaker counts it: %s, the item is blamed: %s", async (status, counts, blames) => {
  const server = await openServer(refuse(status, "So it is."));
  const { runtime } = await openModels({ local: at(server) });
  const events = runtime.events();
  void outcomeOf(runtime.send("ada", "Hello", { from }));
  await until(() => runtime.status().retried === 1);
  expect(runtime.fleet().providers).toMatchObject([{ calls: 1, failures: counts ? 1 : 0 }]);
  expect(runtime.status("ada").breaker.failures).toBe(blames ? 1 : 0);
  const explanation = await runtime.explain(await endedTurn(events));
  expect(explanation.outcome).toBe(blames ? "failed" : "cancelled");
  expect(explanation.error).toBe(`local:m answered ${status}: So it is.`);
  expect(explanation.cognition.calls).toMatchObject([{ status, outcome: counts ? "failed" : "refused" }]);
});

test("a persona that waits is let go when it is changed or leaves, and the runtime when it closes", async () => {
  const server = await openServer(hang);
  const { runtime, providers: made } = await openModels({ local: { ...at(server), maxConcurrent: 1 } });
  await runtime.enroll({ id: "bob", name: "Bob", model: "local:m" });
  await runtime.enroll({ id: "cy", name: "Cy", model: "local:m" });
  await runtime.enroll({ id: "di", name: "Di", model: "local:m" });
  const answers = ["ada", "bob", "cy", "di"].map((id) => outcomeOf(runtime.send(id, "Hello", { from })));
  await until(() => made.status()[0]?.waiting === 3);
  await runtime.enroll({ id: "bob", name: "Bob", cognition: () => "By myself." });
  expect(await answers[1]).toBe("By myself.");
  await runtime.unenroll("cy", "return");
  expect(await answers[2]).toMatch(/^declined/);
  expect(made.status()).toMatchObject([{ waiting: 1 }]);
  await runtime.configure("di", { settings: { paused: true } });
  await turns();
  expect(made.status()).toMatchObject([{ waiting: 0 }]);
  expect(runtime.status("di").held).toBe("paused");
  await runtime.configure("di", { settings: { paused: false } });
  await until(() => made.status()[0]?.waiting === 1);
  await runtime.close({ graceMs: 0 });
  await until(() => made.status()[0]?.inFlight === 0);
  expect(made.status()).toMatchObject([{ waiting: 0 }]);
});

test("who is called while it is still being told to wait does not wait for ever", async () => {
  let asked = 0;
  const admission: Cognition["admission"] = {
    enter(_guest, again) {
      asked += 1;
      if (asked > 1) return { answer: () => "Here.", leave: () => {} };
      // As when the moment that it would wait for passes between the two.
      again();
      return { obstacle: "provider_open", until: undefined, cancel: () => {} };
    },
  };
  const { runtime } = await openHouse();
  await enroll(runtime, "ada", { cognition: Object.assign(() => "By the back door.", { admission }) });
  const answer = outcomeOf(runtime.send("ada", "Hello", { from }));
  await turns();
  expect(runtime.status("ada").held).toBeUndefined();
  expect(await answer).toBe("Here.");
});

test("no key comes back: not in errors, explanations, warnings or dead letters", async () => {
  const secret = "x-secret-canary-998877";
  const leaky: Responder = (request, response) => {
    response.writeHead(500, { "content-type": "application/json", "x-echo": KEY });
    const { authorization } = request.headers;
    const said = `bad key ${KEY} in ${authorization}, ${encodeURIComponent(secret)}, ${Buffer.from(KEY).toString("base64")}`;
    response.end(JSON.stringify({ error: { message: said, type: "auth", code: null } }));
  };
  const server = await openServer(leaky);
  const { runtime, clock, warnings } = await openModels({ local: { ...at(server), headers: { "x-team": secret } } });
  const answer = runtime.send("ada", "Hello", { from });
  const [item] = (await answer.accepted).items;
  const error = await new Promise<Error>((resolve) => {
    answer.then(() => {}, resolve);
    void until(() => {
      if (runtime.status().inFlight === 0) clock.advance(20_000);
      return runtime.status().dead === 1;
    });
  });
  const seen = [
    error.message,
    error.stack,
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    JSON.stringify(await runtime.explain(item?.id ?? "")),
    JSON.stringify(await runtime.deadLetters()),
    JSON.stringify(warnings),
  ].join("\n");
  expect(seen).toContain("bad key [redacted]");
  for (const form of [KEY, secret, encodeURIComponent(secret), Buffer.from(KEY).toString("base64")])
    expect(seen).not.toContain(form);
});
