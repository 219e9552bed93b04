/** `/metrics` in Prometheus' text format, read back as a scraper reads it. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { createApp } from "../../src/http/app.ts";
import type { Cognition, ProviderStatus, Providers, Runtime } from "../../src/types.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { turns } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { openHouse } from "./harness.ts";
import { type Sample, samplesOf } from "./samples.ts";

async function scrape(app: Awaited<ReturnType<typeof createApp>>): Promise<readonly Sample[]> {
  const { statusCode, headers, body } = await app.inject({ url: "/metrics" });
  expect(statusCode).toBe(200);
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  return samplesOf(body);
}

function sampleOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  expect(found.length).toBeLessThan(2);
  return found[0]?.value;
}

it("counts what became of items, by outcome, lane and code", async () => {
  const { app, runtime, send } = await openHouse({
    cognition: (turn) => (turn.text === "no" ? { decline: "busy" } : "yes"),
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.enroll({ id: "max", name: "Max", settings: { paused: true, maxQueued: 2 } });
  await send("POST /v1/personas/ada/messages?wait=60", { text: "hi" });
  await send("POST /v1/personas/ada/messages?wait=60", { text: "no" });
  for (const lane of ["voice", "task", "task"]) await send("POST /v1/personas/max/messages", { text: "hi", lane });

  const samples = await scrape(app);
  expect(sampleOf(samples, "persona_enrollments")).toBe(2);
  expect(sampleOf(samples, "persona_items_accepted_total")).toBe(4);
  expect(sampleOf(samples, "persona_items_decided_total", { outcome: "answered" })).toBe(1);
  expect(sampleOf(samples, "persona_items_decided_total", { outcome: "declined" })).toBe(1);
  expect(sampleOf(samples, "persona_items_decided_total", { outcome: "dead" })).toBe(0);
  expect(sampleOf(samples, "persona_items_refused_total", { code: "inbox_full" })).toBe(1);
  expect(sampleOf(samples, "persona_items_waiting", { lane: "voice" })).toBe(1);
  expect(sampleOf(samples, "persona_items_waiting", { lane: "task" })).toBe(1);
  expect(sampleOf(samples, "persona_items_waiting", { lane: "chat" })).toBe(0);
  expect(sampleOf(samples, "persona_driver_up")).toBe(1);
  expect(sampleOf(samples, "persona_native_bytes")).toBe(runtime.fleet().nativeBytes);
  // What is read twice is not counted twice.
  expect(sampleOf(await scrape(app), "persona_items_accepted_total")).toBe(4);
});

it("counts by how much the clock was moved forward", async () => {
  const clock = new ManualClock();
  const { app } = await openHouse({}, { clock });
  expect(sampleOf(await scrape(app), "persona_clock_stepped_seconds_total")).toBe(0);
  clock.step(90_000);
  clock.advance(1_000);
  expect(sampleOf(await scrape(app), "persona_clock_stepped_seconds_total")).toBe(90);
});

it("times the stages of turns by lane and outcome", async () => {
  const clock = new ManualClock();
  const { app, runtime } = await openHouse({
    clock,
    cognition: async (turn) => {
      if (turn.text === "fail") throw new Error("broken");
      clock.advance(2_000);
      return "done";
    },
  });
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const spoken = runtime.send("ada", "hi", { from: "user:1", lane: "task" });
  await spoken.accepted;
  clock.advance(700);
  await runtime.configure("ada", { settings: { paused: false } });
  await spoken;
  await runtime.send("ada", "fail", { from: "user:1", expiresInMs: 5 }).accepted;
  await turns(20);

  const samples = await scrape(app);
  const of = (stage: string, outcome: string, lane: string, rest: Record<string, string> = {}) => {
    const name = "le" in rest ? "bucket" : "sum";
    return sampleOf(samples, `persona_turn_stage_seconds_${name}`, { stage, outcome, lane, ...rest });
  };
  expect(of("waited", "answered", "task")).toBe(0.7);
  expect(of("waited", "answered", "task", { le: "0.5" })).toBe(0);
  expect(of("waited", "answered", "task", { le: "1" })).toBe(1);
  expect(of("cognition", "answered", "task")).toBe(2);
  expect(of("cognition", "answered", "task", { le: "1" })).toBe(0);
  expect(of("cognition", "answered", "task", { le: "+Inf" })).toBe(1);
  expect(of("settle", "answered", "task")).toBe(0);
  expect(of("first_token", "answered", "task", { le: "+Inf" })).toBe(1);
  expect(of("first_token", "failed", "chat", { le: "+Inf" })).toBe(0);
  expect(of("cognition", "failed", "chat", { le: "+Inf" })).toBe(1);
});

it("shows providers by their configured names, and what they reported", async () => {
  const status = (name: string, state: ProviderStatus["state"]): ProviderStatus => ({
    ...{ name, state, failures: 0, inFlight: 2, maxConcurrent: 8, waiting: 3, calls: 9, failed: 4, throttled: 1 },
    ...{ halfOpenAt: undefined, throttledUntil: undefined },
  });
  const answering: Cognition = (turn) => {
    const call = { model: "small", outcome: "answered", startedAt: 0, durationMs: 1 } as const;
    const usage = { inputTokens: 10, outputTokens: 2 };
    // The second is a name that no configuration knows.
    turn.note({ calls: ["local", turn.id].map((provider) => ({ ...call, provider, usage })), costUsd: 0.25 });
    return "done";
  };
  const providers: Providers = {
    cognition: () => undefined,
    status: () => [status("local", "closed"), status("cloud", "open")],
  };
  const { app, runtime, send } = await openHouse({ cognition: answering, providers });
  await runtime.enroll({ id: "ada", name: "Ada" });
  for (const text of ["one", "two"]) await send("POST /v1/personas/ada/messages?wait=60", { text });
  const samples = await scrape(app);
  const of = (name: string, labels: Record<string, string>) => sampleOf(samples, `persona_provider_${name}`, labels);
  expect(of("state", { provider: "cloud", state: "open" })).toBe(1);
  expect(of("state", { provider: "local", state: "open" })).toBe(0);
  expect(of("calls_total", { provider: "local" })).toBe(9);
  expect(of("failed_total", { provider: "cloud" })).toBe(4);
  expect(of("throttled_total", { provider: "cloud" })).toBe(1);
  expect(of("in_flight", { provider: "cloud" })).toBe(2);
  expect(of("waiting", { provider: "cloud" })).toBe(3);
  expect(of("tokens_total", { provider: "local", type: "input" })).toBe(20);
  expect(of("tokens_total", { provider: "other", type: "output" })).toBe(4);
  expect(sampleOf(samples, "persona_spent_usd_total")).toBe(0.5);
});

it("tells requests by pattern, method and status, whatever path is invented", async () => {
  const { app, runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  await send("POST /v1/personas/ada/messages", { text: "hi" });
  await send("POST /v1/personas/ada/messages", { text: "hi again" });
  await send("POST /v1/personas/nobody/messages", { text: "hi" });
  await send("GET /v1/nothing/a");
  await send("PROPFIND /v1/nothing/b");

  const samples = await scrape(app);
  const count = (labels: Record<string, string>) => sampleOf(samples, "persona_http_request_seconds_count", labels);
  const route = "/v1/personas/:id/messages";
  expect(count({ route, method: "POST", status: "202" })).toBe(2);
  expect(count({ route, method: "POST", status: "404" })).toBe(1);
  expect(count({ route: "none", method: "GET", status: "404" })).toBe(1);
  expect(count({ route: "none", method: "other" })).toBe(1);
});

it("has as many series with two thousand personas as with one", async () => {
  const clock = new ManualClock();
  const { app, runtime, send } = await openHouse({ clock });
  const talk = async (id: string, user: number) => {
    await send(`POST /v1/personas/${id}/messages`, { text: "hi", from: `user:${user}` });
    await send(`GET /v1/enrollments/${id}`);
  };
  await runtime.enroll({ id: "persona-0", name: "Persona" });
  await talk("persona-0", 0);
  await turns(20);
  // The first look is itself a request that is counted.
  await scrape(app);
  const before = await scrape(app);
  await Promise.all(
    Array.from({ length: 2_000 }, (_, n) => runtime.enroll({ id: `persona-${n}`, name: `Persona ${n}` })),
  );
  for (let n = 0; n < 200; n += 1) await talk(`persona-${n * 10}`, n);
  await turns(20);
  const after = await scrape(app);

  expect(sampleOf(after, "persona_enrollments")).toBe(2_000);
  // The delay of the event loop is there once its timer has rung.
  const series = (samples: readonly Sample[]) =>
    samples.map(({ name, labels }) => JSON.stringify([name, labels])).filter((one) => !one.includes("eventloop_delay"));
  expect(series(after)).toEqual(series(before));
  expect(JSON.stringify(after)).not.toMatch(/persona-\d|user:|default/);
});

it("counts what the store commits", async () => {
  const { app, runtime, send } = await openHouse({ store: join(tempFolder(), "cast.db") });
  await runtime.enroll({ id: "ada", name: "Ada" });
  await send("POST /v1/personas/ada/messages?wait=60", { text: "hi" });
  const samples = await scrape(app);
  // The enrollment, the message, begin and settle, at least.
  expect(sampleOf(samples, "persona_store_commits_total")).toBeGreaterThanOrEqual(4);
  const commands = sampleOf(samples, "persona_store_commands_total");
  expect(commands).toBe(runtime.fleet().commits?.commands);
  expect(sampleOf(samples, "persona_store_commit_seconds_total")).toBeGreaterThan(0);
});

it("says what the process costs, with the event loop's delay from the second look on", async () => {
  const { app } = await openHouse();
  const first = await scrape(app);
  expect(sampleOf(first, "process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(sampleOf(first, "nodejs_memory_bytes", { kind: "heap_used" })).toBeGreaterThan(1e5);
  expect(sampleOf(first, "process_cpu_seconds_total", { mode: "user" })).toBeGreaterThan(0);
  expect(sampleOf(first, "nodejs_eventloop_delay_seconds", { quantile: "0.99" })).toBeUndefined();
  // A delay shows once the timer behind it has rung.
  let delay: number | undefined;
  while (delay === undefined) {
    await turns(1);
    delay = sampleOf(await scrape(app), "nodejs_eventloop_delay_seconds", { quantile: "0.99" });
  }
  expect(delay).toBeGreaterThanOrEqual(0);
});

it("lets the event loop rest when nobody has looked for five minutes", async () => {
  const clock = new ManualClock();
  const { app } = await openHouse({}, { clock });
  await scrape(app);
  let delay: number | undefined;
  const look = async () => sampleOf(await scrape(app), "nodejs_eventloop_delay_seconds", { quantile: "0.99" });
  while (delay === undefined) {
    await turns(1);
    delay = await look();
  }
  clock.advance(300_000);
  // Measured anew, from this look on.
  expect(await look()).toBeUndefined();
});

it("keeps the apps of one process apart, and forgets the runtime with the app", async () => {
  const one = await openHouse();
  const other = await openHouse();
  await one.runtime.enroll({ id: "ada", name: "Ada" });
  await one.send("POST /v1/personas/ada/messages?wait=60", { text: "hi" });
  expect(sampleOf(await scrape(one.app), "persona_items_accepted_total")).toBe(1);
  expect(sampleOf(await scrape(other.app), "persona_items_accepted_total")).toBe(0);

  let observers = 0;
  const observe: Runtime["observe"] = () => {
    observers += 1;
    return () => {
      observers -= 1;
    };
  };
  const app = await createApp(instead(other.runtime, { observe }), { logger: false });
  expect(observers).toBe(1);
  await app.close();
  expect(observers).toBe(0);
});

it("is not there when it is turned off", async () => {
  const { send } = await openHouse({}, { metrics: false });
  expect((await send("GET /metrics")).body).toMatchObject({ code: "route_not_found" });
});
