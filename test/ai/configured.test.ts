import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { describe, expect, test } from "vitest";
import { aiSdk, type ModelsOptions, type ProviderOptions, providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import { createRuntime, PersonaError } from "../../src/index.ts";
import type { Cognition } from "../../src/types.ts";
import { enroll, openHouse, outcomeOf, pass } from "../runtime/harness.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { until } from "../support/event-loop.ts";
import { refuse, say } from "../support/model-server.ts";
import { at, openModels, openServer } from "./harness.ts";

const local = { kind: "openai-compatible", baseUrl: "https://models.example/v1" } as const;

async function faults(configured: unknown, models?: unknown): Promise<string> {
  try {
    await providers(configured as Record<string, ProviderOptions>, models as ModelsOptions);
    return "none";
  } catch (error) {
    if (!(error instanceof PersonaError)) throw error;
    return `${error.code}: ${error.fields.map(({ field, message }) => `${field} ${message}`).join("; ") || error.message}`;
  }
}

describe("what providers are configured with is checked", () => {
  test.each([
    [{}, undefined, /^invalid_input: providers must name at least one/],
    [{ "Big One": local }, undefined, /^invalid_input: Big One /],
    [{ local: {} }, undefined, /^invalid_input: local\.kind must be given, or else `create`/],
    [{ local: { ...local, kind: "openai" } }, undefined, /^invalid_input: local\.kind /],
    [{ local: { kind: "openai-compatible" } }, undefined, /^invalid_input: local\.baseUrl must be given/],
    [{ local: { kind: "anthropic" } }, undefined, /^invalid_input: local\.apiKey must be given/],
    [{ local: { kind: "google" } }, undefined, /^invalid_input: local\.apiKey must be given/],
    [{ local: { ...local, baseUrl: "models.example" } }, undefined, /^invalid_input: local\.baseUrl must be a URL/],
    [
      { local: { ...local, baseUrl: "ftp://models.example" } },
      undefined,
      /^invalid_input: local\.baseUrl must be an https/,
    ],
    [
      { local: { ...local, baseUrl: "http://models.example" } },
      undefined,
      /^invalid_input: local\.baseUrl must be an https/,
    ],
    [
      { local: { ...local, baseUrl: "https://a:b@models.example" } },
      undefined,
      /^invalid_input: local\.baseUrl must hold no user/,
    ],
    [
      { local: { ...local, baseUrl: "https://models.example/v1?key=7" } },
      undefined,
      /^invalid_input: local\.baseUrl must end/,
    ],
    [{ local: { ...local, apiKey: "a\r\nb" } }, undefined, /^invalid_input: local\.apiKey must be visible/],
    [{ local: { ...local, headers: { "a b": "c" } } }, undefined, /^invalid_input: local\.headers/],
    [{ local: { ...local, maxConcurrent: 0 } }, undefined, /^invalid_input: local\.maxConcurrent/],
    [{ local: { ...local, surprise: 1 } }, undefined, /^invalid_input: local\.surprise is no known field/],
    [{ local: { create: () => {}, apiKey: "secret" } }, undefined, /^invalid_input: local\.apiKey must be left out/],
    [{ local }, { default: "m" }, /^invalid_input: default must be `provider:model`/],
    [{ local }, { default: "other:m" }, /^provider_unknown: No provider "other" .* there are local/],
    [{ local }, { fallback: ["local:a", "other:m"] }, /^provider_unknown: No provider "other"/],
    [{ local }, { default: "local:m" }, /^none/],
  ])("%o with %o", async (configured, models, expected) => {
    expect(await faults(configured, models)).toMatch(expected);
  });

  test("an error never shows a key", async () => {
    expect(await faults({ local: { ...local, apiKey: "sk-canary\u0000" } })).not.toContain("canary");
  });
});

test("a persona of a provider that is not configured is not enrolled, and one without a model has the default", async () => {
  const server = await openServer(say(["By default."]));
  const { runtime } = await openModels({ local: at(server) }, { default: "local:d" });
  const unknown = runtime.enroll({ id: "bob", name: "Bob", model: "other:m" });
  await expect(unknown).rejects.toMatchObject({ code: "provider_unknown", message: expect.stringContaining("local") });
  expect(runtime.has("bob")).toBe(false);
  await enroll(runtime, "cy");
  expect((await runtime.send("cy", "Hello", { from: "user:7" })).text).toBe("By default.");
  expect(server.requests[0]?.body.model).toBe("d");
  await enroll(runtime, "di", { cognition: () => "My own.", model: "other:m" });
  expect((await runtime.send("di", "Hello", { from: "user:7" })).text).toBe("My own.");
  expect(["ada", "cy", "di"].map((id) => runtime.status(id).cognition)).toEqual(["provider", "provider", "function"]);
});

test("without a default, personas without a model are answered as without providers", async () => {
  const server = await openServer();
  const { runtime } = await openModels({ local: at(server) });
  await enroll(runtime, "cy");
  expect((await runtime.send("cy", "Hello", { from: "user:7" })).text).toBe("Hello");
  expect(server.requests).toHaveLength(0);
});

test("a persona whose provider is not configured any more holds what it is sent until it is again", async () => {
  const server = await openServer(say(["Back."]));
  const store = `${temporaryFolder()}/kept.db`;
  const before = await createRuntime({ store, providers: await providers({ local: at(server) }) });
  await enroll(before, "ada", { model: "local:m" });
  await before.close();
  const other = await providers({ other: at(server) }, { default: "other:m" });
  const between = await createRuntime({ store, providers: other });
  const answer = between.send("ada", "Hello", { from: "user:7" });
  await answer.accepted;
  expect(between.status("ada")).toMatchObject({ cognition: "absent", held: "cognition_absent", queued: 1 });
  const lost = outcomeOf(answer);
  await between.close();
  expect(await lost).toMatch(/^runtime_closed/);
  const after = await createRuntime({ store, providers: await providers({ local: at(server) }) });
  await until(() => after.status().answered === 1);
  await after.close();
});

test("a function that asks a model itself gives its room back, also when its prompt cannot be made", async () => {
  const server = await openServer();
  const clock = new ManualClock();
  const made = await providers({ local: at(server) }, { clock, default: "local:m" });
  const { runtime } = await openHouse({ clock });
  const cognition: Cognition = (turn) =>
    made.cognition(undefined)?.({ ...turn, history: () => Promise.reject(new Error("no history")) });
  await enroll(runtime, "ada", { cognition });
  void outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
  await until(() => runtime.fleet().retried === 1);
  expect(made.status()).toMatchObject([{ inFlight: 0, calls: 0 }]);
});

test("providers are only called where that is allowed", async () => {
  const server = await openServer();
  const { runtime } = await openModels({ local: { ...local, baseUrl: "https://127.0.0.1:1/v1" } });
  void outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
  await until(() => runtime.fleet().retried === 1);
  expect(runtime.fleet().providers).toMatchObject([{ failures: 1 }]);
  expect(runtime.status("ada").breaker.failures).toBe(0);
  expect(server.connections).toBe(0);
});

test("a redirect is not followed", async () => {
  const elsewhere = await openServer();
  const server = await openServer((_request, response) => {
    response.writeHead(307, { location: `${elsewhere.url("openai-compatible")}/chat/completions` });
    response.end();
  });
  const { runtime } = await openModels({ local: at(server) });
  void outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
  await until(() => runtime.fleet().retried === 1);
  expect(runtime.fleet().providers).toMatchObject([{ failures: 1 }]);
  expect(elsewhere.connections).toBe(0);
});

describe("a model object of the AI SDK", () => {
  test("is a cognition, with a breaker of its own", async () => {
    const server = await openServer(say(["I am a model."], { used: { input: 3, output: 4 } }));
    const clock = new ManualClock();
    const sdk = createOpenAICompatible({ name: "mine", baseURL: server.url("openai-compatible"), includeUsage: true });
    const cognition = aiSdk(sdk.chatModel("m"), { clock, seed: 1, maxConcurrent: 2, maxOutputTokens: 9 });
    const { runtime } = await openHouse({ clock, cognition });
    for (const id of ["ada", "bob", "cy"]) await enroll(runtime, id);
    const reply = await runtime.send("ada", "Who are you?", { from: "user:7" });
    expect(reply.text).toBe("I am a model.");
    expect(server.requests[0]?.body).toMatchObject({ model: "m", max_tokens: 9 });
    expect((await runtime.explain(reply.id)).cognition).toMatchObject({ provider: "mine.chat", model: "m" });
    server.respond = refuse(503);
    void outcomeOf(runtime.send("bob", "Hello", { from: "user:7" }));
    for (let count = 1; count <= 5; count += 1) {
      await until(() => cognition.status().failed === count);
      await pass(clock, 1_000);
    }
    expect(cognition.status()).toMatchObject({ name: "mine.chat", state: "open", calls: 6, maxConcurrent: 2 });
  });

  test.each([
    ["gpt-5", undefined, /^invalid_input: model must be a model object/],
    [undefined, undefined, /^invalid_input: model must be a model object/],
    [{ provider: "a", modelId: "b", doStream: () => {} }, { maxConcurrent: 0 }, /^invalid_input: maxConcurrent/],
  ])("is checked: %o with %o", (model, options, expected) => {
    const make = () => aiSdk(model as never, options);
    expect(make).toThrow(PersonaError);
    try {
      make();
    } catch (error) {
      const { code, fields } = error as PersonaError;
      expect(`${code}: ${fields.map(({ field, message }) => `${field} ${message}`).join()}`).toMatch(expected);
    }
  });

  test("whose stream breaks off after it has spoken has used all that was reserved, and is to blame", async () => {
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    const parts = [
      { type: "stream-start", warnings: [] },
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: "Well, " },
      { type: "error", error: new TypeError("terminated", { cause }) },
    ];
    const stream = () =>
      new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
    const broken = {
      specificationVersion: "v4",
      provider: "broken",
      modelId: "m",
      supportedUrls: {},
      doGenerate: hangs,
      doStream: async () => ({ stream: stream() }),
    };
    const clock = new ManualClock();
    const cognition = aiSdk(broken as never, { clock, maxOutputTokens: 100 });
    const { runtime } = await openHouse({ clock, cognition });
    await enroll(runtime, "ada");
    void outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
    await until(() => runtime.fleet().retried === 1);
    expect(runtime.status("ada").breaker.failures).toBe(1);
    expect(await runtime.spending({ by: "model" })).toMatchObject([{ calls: 1, outputTokens: 100, unconfirmed: 1 }]);
  });

  test("is not blamed at the deadline for a call that never went out", async () => {
    const clock = new ManualClock();
    const cognition = aiSdk(deaf as never, { clock });
    const slow: Cognition = (turn) => {
      const { signal } = turn;
      const reserve = () =>
        new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return cognition({ ...turn, signal, reserve });
    };
    const { runtime } = await openHouse({ clock });
    await enroll(runtime, "ada", { cognition: slow, settings: { deadlineMs: 1_000 } });
    void outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
    await until(() => cognition.status().inFlight === 1);
    await pass(clock, 1_000);
    expect(cognition.status()).toMatchObject({ inFlight: 0, calls: 0, failed: 0, failures: 0 });
  });

  test("ends with its turn, also when the model does not listen to its signal", async () => {
    const clock = new ManualClock();
    const cognition = aiSdk(deaf as never, { clock });
    const { runtime } = await openHouse({ clock, cognition });
    await enroll(runtime, "ada", { settings: { deadlineMs: 1_000 } });
    void outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
    await until(() => cognition.status().calls === 1);
    await pass(clock, 1_000);
    expect(cognition.status()).toMatchObject({ inFlight: 0, failures: 1 });
  });
});

const hangs = () => new Promise<never>(() => {});
const deaf = {
  specificationVersion: "v4",
  provider: "deaf",
  modelId: "m",
  supportedUrls: {},
  doGenerate: hangs,
  doStream: hangs,
};
