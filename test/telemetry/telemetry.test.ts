/** Traces and metrics of turns, as a collector receives them. */
import { spawnSync } from "node:child_process";
import { context, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { ManualClock } from "../../src/clock.ts";
import type { PersonaError } from "../../src/errors.ts";
import { createApp } from "../../src/http/app.ts";
import { defineTool } from "../../src/index.ts";
import { type CollectorOptions, openCollector } from "../../src/telemetry.ts";
import type { Cognition, PersonaWarning, RuntimeOptions } from "../../src/types.ts";
import { openHouse } from "../runtime/harness.ts";
import { turns } from "../support/event-loop.ts";
import { listenForTelemetry } from "./collector.ts";

async function observedHouse(url: string, options: Partial<RuntimeOptions> & { captureContent?: boolean } = {}) {
  const { captureContent, ...others } = options;
  const warnings: PersonaWarning[] = [];
  const clock = new ManualClock();
  const collector = await openCollector({ url, clock, onWarning: (warning) => warnings.push(warning) });
  const { tracerProvider, meterProvider } = collector;
  const house = await openHouse({ clock, telemetry: { tracerProvider, meterProvider, captureContent }, ...others });
  return { ...house, collector, warnings, clock };
}

const ofModel = (clock: ManualClock): Cognition => {
  return (turn) => {
    const startedAt = clock.now();
    clock.advance(3_000);
    const call = { provider: "local", model: "small", startedAt, durationMs: 1_000 };
    turn.note({
      provider: "local",
      model: "small",
      calls: [
        { ...call, outcome: "throttled", error: "429", status: 429 },
        {
          ...call,
          startedAt: startedAt + 1_000,
          outcome: "answered",
          durationMs: 2_000,
          firstTokenMs: 250,
          finishReason: "stop",
          usage: { inputTokens: 40, outputTokens: 9, cachedInputTokens: 32 },
        },
      ],
    });
    return { text: "a secret answer", usage: { inputTokens: 40, outputTokens: 9 } };
  };
};

it("traces a turn with its calls, by the conventions, without what was said", async () => {
  const seen = await listenForTelemetry();
  const clock = new ManualClock();
  const { runtime, collector } = await observedHouse(seen.url, { clock, cognition: ofModel(clock) });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const begun = clock.now();
  const { conversation, turn } = await runtime.send("ada", "a secret question", { from: "user:1" });
  await runtime.close();
  await collector.close();

  expect(seen.resource).toMatchObject({ "service.name": "persona-runtime" });
  const [refused, answered, whole] = seen.spans;
  expect(seen.spans).toHaveLength(3);
  expect(whole).toMatchObject({
    name: "invoke_agent Ada",
    kind: 1,
    startTimeUnixNano: `${begun}000000`,
    endTimeUnixNano: `${begun + 3_000}000000`,
    attributes: {
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.id": "ada",
      "gen_ai.agent.name": "Ada",
      "gen_ai.conversation.id": conversation,
      "gen_ai.provider.name": "local",
      "gen_ai.request.model": "small",
      "gen_ai.usage.input_tokens": 40,
      "gen_ai.usage.output_tokens": 9,
      "persona.turn.id": turn,
      "persona.turn.lane": "chat",
      "persona.turn.outcome": "answered",
      "persona.tenant": "default",
    },
  });
  expect(whole?.parentSpanId).toBeUndefined();
  expect(refused).toMatchObject({
    name: "chat small",
    kind: 3,
    traceId: whole?.traceId,
    parentSpanId: whole?.spanId,
    attributes: { "error.type": "throttled" },
    status: { code: 2, message: "429" },
  });
  expect(answered).toMatchObject({
    name: "chat small",
    parentSpanId: whole?.spanId,
    startTimeUnixNano: `${begun + 1_000}000000`,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.usage.cache_read.input_tokens": 32,
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.response.time_to_first_chunk": 0.25,
    },
  });
  expect(JSON.stringify(seen)).not.toContain("secret");
});

it("traces and times calls of tools", async () => {
  const seen = await listenForTelemetry();
  const parameters = z.object({ text: z.string() });
  const echo = defineTool({ name: "echo", description: "Says it back", parameters, execute: ({ text }) => text });
  const { runtime, collector } = await observedHouse(seen.url, {
    tools: [echo],
    cognition: async (turn) => {
      const [tool] = turn.tools;
      await tool?.call({ text: 7 }).catch(() => {});
      return String(await tool?.call({ text: "secret" }));
    },
  });
  await runtime.enroll({ id: "ada", name: "Ada", settings: { tools: ["echo"] } });
  await runtime.send("ada", "hi", { from: "user:1" });
  await collector.close();
  const [invalid, answered, whole] = seen.spans;
  const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "echo" };
  expect(invalid).toMatchObject({ name: "execute_tool echo", attributes: { ...attributes, "error.type": "invalid" } });
  expect(answered).toMatchObject({ name: "execute_tool echo", attributes, parentSpanId: whole?.spanId, status: {} });
  const timed = seen.points.filter(({ metric }) => metric === "gen_ai.execute_tool.duration");
  expect(timed.map(({ count }) => count)).toEqual([1, 1]);
  expect(JSON.stringify(seen)).not.toContain("secret");
});

it("sends the metrics of the conventions, without a persona in them", async () => {
  const seen = await listenForTelemetry();
  const clock = new ManualClock();
  const { runtime, collector } = await observedHouse(seen.url, { clock, cognition: ofModel(clock) });
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.enroll({ id: "max", name: "Max", cognition: () => Promise.reject(new Error("broken")) });
  await runtime.send("ada", "hi", { from: "user:1" });
  await runtime.send("max", "hi", { from: "user:1" }).accepted;
  await turns();
  await collector.close();

  const of = (metric: string) => seen.points.filter((point) => point.metric === metric);
  expect(of("gen_ai.client.token.usage")).toMatchObject([
    { unit: "{token}", sum: 40, attributes: { "gen_ai.token.type": "input", "gen_ai.provider.name": "local" } },
    { unit: "{token}", sum: 9, attributes: { "gen_ai.token.type": "output", "gen_ai.request.model": "small" } },
  ]);
  expect(of("gen_ai.client.operation.duration")).toMatchObject([
    { unit: "s", sum: 1, attributes: { "error.type": "throttled" } },
    { unit: "s", sum: 2 },
  ]);
  expect(of("gen_ai.client.operation.time_to_first_chunk")).toMatchObject([{ count: 1, sum: 0.25 }]);
  expect(of("gen_ai.invoke_agent.duration")).toMatchObject([
    { count: 1, sum: 3 },
    { count: 1, attributes: { "error.type": "failed" } },
  ]);
  expect(JSON.stringify(seen.points)).not.toMatch(/ada|max|user:1/i);
});

it("traces what was said when that is asked for", async () => {
  const seen = await listenForTelemetry();
  const { runtime, collector } = await observedHouse(seen.url, { captureContent: true });
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.send("ada", "a question", { from: "user:1" });
  await collector.close();
  const attributes = seen.spans[0]?.attributes ?? {};
  expect(JSON.parse(String(attributes["gen_ai.input.messages"]))).toEqual([
    { role: "user", parts: [{ type: "text", content: "a question" }] },
  ]);
  expect(JSON.parse(String(attributes["gen_ai.output.messages"]))).toEqual([
    { role: "assistant", parts: [{ type: "text", content: "a question" }], finish_reason: "answered" },
  ]);
});

it("goes on from the trace that a request names, and links those that were merged", async () => {
  const seen = await listenForTelemetry();
  const { runtime, collector } = await observedHouse(seen.url);
  const app = await createApp(runtime, { logger: false });
  onTestFinished(() => app.close());
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const [first, second] = ["0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"];
  for (const [text, traceparent] of [
    ["one", `00-${first}-b7ad6b7169203331-01`],
    ["two", `00-${second}-00f067aa0ba902b7-01`],
  ] as const) {
    const payload = { text };
    const { statusCode } = await app.inject({
      method: "POST",
      url: "/v1/personas/ada/messages",
      payload,
      headers: { traceparent },
    });
    expect(statusCode).toBe(202);
  }
  await runtime.configure("ada", { settings: { paused: false } });
  await turns();
  // What is no traceparent is ignored: the trace begins with the turn.
  for (const traceparent of [
    "00-0-0-00",
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `ff-${first}-b7ad6b7169203331-01`,
  ]) {
    await runtime.send("ada", "three", { from: "user:1", traceparent });
  }
  await collector.close();
  const [merged, ...others] = seen.spans;
  expect(merged).toMatchObject({
    traceId: second,
    parentSpanId: "00f067aa0ba902b7",
    links: [{ traceId: first, spanId: "b7ad6b7169203331" }],
    attributes: { "persona.turn.items": 2 },
  });
  expect(others).toHaveLength(3);
  for (const { parentSpanId } of others) expect(parentSpanId).toBeUndefined();
});

it("tells a registered SDK, goes on from the active span, and runs cognition inside of the turn's", async () => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new StackContextManager().enable());
  onTestFinished(() => {
    trace.disable();
    context.disable();
  });
  const tracer = trace.getTracer("test");
  const { runtime } = await openHouse({
    cognition: () => {
      tracer.startSpan("inside").end();
      return "done";
    },
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const outer = tracer.startSpan("outer");
  const answer = context.with(trace.setSpan(context.active(), outer), () =>
    runtime.send("ada", "hi", { from: "user:1" }),
  );
  await answer;
  const [inside, turn] = exporter.getFinishedSpans();
  expect(turn?.name).toBe("invoke_agent Ada");
  expect(turn?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  expect(inside?.parentSpanContext?.spanId).toBe(turn?.spanContext().spanId);
});

it("harms no turn when what listens throws", async () => {
  const getTracer = () => ({
    startSpan() {
      throw new Error("not my day");
    },
  });
  const { runtime, warnings } = await openHouse({ telemetry: { tracerProvider: { getTracer } as never } });
  await runtime.enroll({ id: "ada", name: "Ada" });
  expect((await runtime.send("ada", "hi", { from: "user:1" })).text).toBe("hi");
  await turns();
  expect(warnings).toMatchObject([{ code: "observer_failed" }]);
});

it("lets neither turns nor the end wait for a collector that hangs", async () => {
  const hanging = Promise.withResolvers<number>();
  const seen = await listenForTelemetry(() => hanging.promise);
  const { runtime, collector, clock, warnings } = await observedHouse(seen.url);
  await runtime.enroll({ id: "ada", name: "Ada" });
  // More than the queue of the SDK holds.
  for (let n = 0; n < 3_000; n += 1) await runtime.send("ada", `${n}`, { from: "user:1" });
  const closed = collector.close();
  while (seen.requests.length === 0) await turns(1);
  clock.advance(3_000);
  await closed;
  expect(warnings).toMatchObject([{ code: "telemetry_failed" }]);
  hanging.resolve(200);
});

it("warns once of a collector that refuses, and again when it has been there in between", async () => {
  let status = 503;
  const seen = await listenForTelemetry(() => status);
  const { runtime, collector, warnings } = await observedHouse(seen.url);
  const flush = () => (collector.tracerProvider as TracerProvider).forceFlush().catch(() => {});
  await runtime.enroll({ id: "ada", name: "Ada" });
  for (const next of [503, 503, 200, 503]) {
    status = next;
    await runtime.send("ada", "hi", { from: "user:1" });
    await flush();
  }
  expect(warnings).toMatchObject([
    { code: "telemetry_failed", cause: { message: "The collector answered 503" } },
    { code: "telemetry_failed" },
  ]);
  expect(seen.spans).toHaveLength(1);
  await collector.close();
});

it("calls a private address only where that is allowed", async () => {
  const warnings: PersonaWarning[] = [];
  const collector = await openCollector({ url: "http://169.254.169.254:4318", onWarning: (one) => warnings.push(one) });
  const { runtime } = await openHouse({ telemetry: { tracerProvider: collector.tracerProvider } });
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.send("ada", "hi", { from: "user:1" });
  await collector.close();
  expect(warnings).toMatchObject([{ code: "telemetry_failed", cause: { code: "url_refused" } }]);
});

it("refuses options that are none", async () => {
  const wrong = (options: object) =>
    openCollector(options as CollectorOptions).catch((error: PersonaError) => error.fields.map(({ field }) => field));
  expect(await wrong({ url: "collector:4318" })).toEqual(["url"]);
  expect(await wrong({ url: "ftp://collector" })).toEqual(["url"]);
  expect(await wrong({ url: "http://127.0.0.1:4318", everyMs: 1, colour: "red" })).toEqual(["everyMs", "colour"]);
  await expect(openHouse({ telemetry: { tracerProvider: {} as never } })).rejects.toMatchObject({
    fields: [{ field: "telemetry.tracerProvider" }],
  });
});

it("says what to install when the packages are not there, and needs none of them otherwise", async () => {
  const script = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(name, context, next) {
        if (!/^@opentelemetry\\/(sdk|resources|otlp)/.test(name)) return next(name, context);
        throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
      },
    });
    const { createRuntime } = await import(${JSON.stringify(source("index.ts"))});
    await (await createRuntime({ store: "memory" })).close();
    const { openCollector } = await import(${JSON.stringify(source("telemetry.ts"))});
    await openCollector({ url: "http://127.0.0.1:4318" }).catch(({ code, message }) => console.log(code, message));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^package_missing .*: npm install @opentelemetry\/sdk-trace /);
});

const source = (file: string) => new URL(`../../src/${file}`, import.meta.url).href;
