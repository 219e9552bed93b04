/** Models as a host hands them in: what they stream is taken at the level of the AI SDK's specification. */
import { expect, test } from "vitest";
import * as z from "zod";
import { aiSdk, type Model } from "../../src/ai.ts";
import { defineTool } from "../../src/index.ts";
import type { EndedTurn } from "../../src/types.ts";
import { openHouse } from "../runtime/harness.ts";
import { until } from "../support/event-loop.ts";

const from = "user:7";
const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
};
const stop = { type: "finish", usage, finishReason: { unified: "stop", raw: "stop" } };
const text = (delta: string) => [
  { type: "text-start", id: "1" },
  { type: "text-delta", id: "1", delta },
  { type: "text-end", id: "1" },
];

/** Streams these one after the other; `asked` has what it was asked. */
function modelOf(streams: readonly (readonly unknown[])[], more: object = {}) {
  const asked: { prompt: { role: string; content: unknown }[]; tools?: unknown; toolChoice?: unknown }[] = [];
  const doStream = async (options: (typeof asked)[number]) => {
    const parts = streams[Math.min(asked.length, streams.length - 1)] ?? [];
    asked.push({ ...options, prompt: structuredClone(options.prompt) });
    const stream = new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(part);
        controller.close();
      },
    });
    return { stream };
  };
  const model = { specificationVersion: "v4", provider: "own", modelId: "m", supportedUrls: {}, doStream, ...more };
  return { model: model as unknown as Model, asked };
}

async function openWith(model: Model, options: object = {}) {
  const house = await openHouse({ cognition: aiSdk(model), ...options });
  await house.runtime.enroll({ id: "ada", name: "Ada", settings: { breakerFailures: 0 } });
  const ended = new Promise<EndedTurn>((resolve) => house.runtime.observe(resolve));
  return { ...house, ended };
}

const weather = defineTool({
  name: "weather",
  description: "The weather of a town.",
  parameters: z.object({ town: z.string() }),
  execute: ({ town }) => `Clear in ${town}.`,
});

test("gives a model its thoughts and calls back as it signed them", async () => {
  const thought = [
    { type: "reasoning-start", id: "1" },
    { type: "reasoning-delta", id: "1", delta: "Where " },
    { type: "reasoning-delta", id: "1", delta: "is it?" },
    { type: "reasoning-end", id: "1", providerMetadata: { own: { signature: "s1" } } },
  ];
  const call = {
    type: "tool-call",
    toolCallId: "c1",
    toolName: "weather",
    input: '{"town":"Bern"}',
    providerMetadata: { own: { thought: "s2" } },
  };
  const wants = { ...stop, finishReason: { unified: "tool-calls", raw: "tool_use" } };
  const { model, asked } = modelOf([
    [...thought, ...text("Let me see. "), ...text(""), call, wants],
    [...text("Clear."), stop],
  ]);
  const { runtime } = await openWith(model, { tools: [weather] });
  await runtime.configure("ada", { settings: { tools: ["weather"] } });
  expect((await runtime.send("ada", "The weather in Bern?", { from })).text).toBe("Let me see. Clear.");
  expect(asked[0]).toMatchObject({
    tools: [{ type: "function", name: "weather", description: "The weather of a town." }],
    toolChoice: { type: "auto" },
  });
  expect(asked[1]?.prompt.slice(-2)).toEqual([
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "Where is it?", providerOptions: { own: { signature: "s1" } } },
        { type: "text", text: "Let me see. " },
        {
          type: "tool-call",
          toolCallId: "c1",
          toolName: "weather",
          input: { town: "Bern" },
          providerOptions: { own: { thought: "s2" } },
        },
      ],
    },
    {
      role: "tool",
      content: [
        {
          type: "tool-result",
          toolCallId: "c1",
          toolName: "weather",
          output: { type: "text", value: "Clear in Bern." },
        },
      ],
    },
  ]);
});

test("does not run a tool that the provider has run by itself", async () => {
  const call = { type: "tool-call", toolCallId: "c1", toolName: "search", input: "{}", providerExecuted: true };
  const { model, asked } = modelOf([[call, ...text("Found."), stop]]);
  const { runtime } = await openWith(model);
  expect((await runtime.send("ada", "Search", { from })).text).toBe("Found.");
  expect(asked).toHaveLength(1);
});

test.each([
  ["a status of its own", { error: { message: "Too many.", code: 429 } }, /answered 429: Too many\./, "throttled"],
  ["a status as text", { message: "No such key.", status: "401" }, /answered 401: No such key\./, "failed"],
  [
    "words that stand for one",
    { type: "overloaded_error", message: "Overloaded" },
    /answered 503: Overloaded/,
    "failed",
  ],
  ["words only", { message: "I am tired." }, /broke off or cannot be read \(I am tired\.\)/, "failed"],
  ["nothing", "no", /broke off or cannot be read/, "failed"],
])("takes an error in the stream with %s for what it says", async (_name, error, expected, outcome) => {
  const { model } = modelOf([[{ type: "error", error }]]);
  const { runtime, ended } = await openWith(model);
  await runtime.send("ada", "Hello", { from }).accepted;
  expect((await ended).calls).toMatchObject([{ outcome, error: expect.stringMatching(expected) }]);
});

test.each(["v2", "v3"])("takes a model of the earlier specification %s", async (specificationVersion) => {
  const early = specificationVersion === "v2" ? { inputTokens: 10, outputTokens: 5, totalTokens: 15 } : usage;
  const finishReason = specificationVersion === "v2" ? "stop" : { unified: "stop", raw: "stop" };
  const { model } = modelOf([[...text("Hello."), { type: "finish", usage: early, finishReason }]], {
    specificationVersion,
  });
  const { runtime } = await openWith(model);
  const { id, text: said } = await runtime.send("ada", "Hello", { from });
  expect(said).toBe("Hello.");
  expect((await runtime.explain(id)).cost.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
});

test("ends at the deadline with a model that does not begin", async () => {
  let asked = false;
  const doStream = () => {
    asked = true;
    return new Promise(() => {});
  };
  const { runtime, clock, ended } = await openWith(modelOf([], { doStream }).model);
  await runtime.configure("ada", { settings: { deadlineMs: 1_000 } });
  await runtime.send("ada", "Hello", { from }).accepted;
  await until(() => asked);
  clock.advance(1_000);
  expect(await ended).toMatchObject({ outcome: "timeout", calls: [{ outcome: "failed" }] });
});
