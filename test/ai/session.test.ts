/** What a role says reaches the request, in the words of each protocol; what does not is named. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { aiSdk, providers } from "../../src/ai.ts";
import type { RoleInput } from "../../src/catalogue/schema.ts";
import { defineTool } from "../../src/index.ts";
import type { Cognition, NotHonoured, ResolvedSession } from "../../src/types.ts";
import { sessionOf } from "../catalogue/entries.ts";
import { enroll, openHouse } from "../runtime/harness.ts";
import { inOrder, type ModelRequest, type Protocol, SIGNATURE, say } from "../support/model-server.ts";
import { at, type ModelHouse, openModels, openServer, PROTOCOLS } from "./harness.ts";

const from = "user:7";

const map = defineTool({
  name: "map",
  description: "Where a town is.",
  parameters: z.object({ town: z.string() }),
  execute: ({ town }) => `${town} is there.`,
});

interface Heard extends ModelHouse {
  readonly request: ModelRequest;
  readonly text: string;
  readonly turn: string;
}

/** Has this model answer one turn of such a session. */
async function ask(kind: Protocol, session: ResolvedSession, model = "m", responder = say(["Yes."])): Promise<Heard> {
  const server = await openServer(responder);
  const house = await openModels({ local: { ...at(server, kind), maxOutputTokens: 1_000 } });
  const { providers, runtime } = house;
  const cognition: Cognition = (turn) =>
    providers.cognition(`local:${model}`)?.({ ...turn, signal: turn.signal, session });
  await enroll(runtime, "eve", { cognition });
  const { text, turn } = await runtime.send("eve", "Hello", { from });
  return { ...house, request: server.requests[0] as ModelRequest, text, turn };
}

const named = async (kind: Protocol, role: Partial<RoleInput>, model = "m"): Promise<readonly NotHonoured[]> => {
  const { providers } = await openModels({ local: at(await openServer(), kind) });
  return providers.cognition(`local:${model}`)?.notHonoured?.(sessionOf({ role })) ?? [];
};

/** What of a request is about these settings. */
function settingsIn({ protocol, body, headers }: ModelRequest): object {
  if (protocol === "openai-compatible") return pick(body, ["max_tokens", "temperature", "reasoning_effort"]);
  if (protocol === "google") return body.generationConfig;
  const betas = headers["anthropic-beta"];
  const fields = ["max_tokens", "temperature", "thinking", "output_config", "context_management"];
  return { ...pick(body, fields), ...(betas !== undefined && { betas }) };
}

const pick = (body: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));

const ANTHROPIC = "anthropic";
const GOOGLE = "google";
const OPENAI = "openai-compatible";

/** A role, the model it speaks through, what the request says of it, and what is named. */
type Case = readonly [role: Partial<RoleInput>, kind: Protocol, model: string, settings: object, named: object];

describe("a role's field reaches the request, or is named", () => {
  test.each<Case>([
    // Nothing said, nothing sent.
    [{}, OPENAI, "m", { max_tokens: 1_000 }, {}],
    [{}, ANTHROPIC, "m", { max_tokens: 1_000 }, {}],
    [{}, GOOGLE, "m", { maxOutputTokens: 1_000 }, {}],

    [{ temperature: 0 }, OPENAI, "m", { max_tokens: 1_000, temperature: 0 }, {}],
    [{ temperature: 0 }, ANTHROPIC, "m", { max_tokens: 1_000, temperature: 0 }, {}],
    [{ temperature: 0 }, GOOGLE, "m", { maxOutputTokens: 1_000, temperature: 0 }, {}],
    [{ temperature: 1.5 }, OPENAI, "m", { max_tokens: 1_000, temperature: 1.5 }, {}],
    [{ temperature: 1.5 }, ANTHROPIC, "m", { max_tokens: 1_000, temperature: 1 }, { temperature: /1 at most/ }],
    [{ temperature: 1.5 }, GOOGLE, "m", { maxOutputTokens: 1_000, temperature: 1.5 }, {}],
    [{ temperature: 0.5 }, ANTHROPIC, "claude-opus-5-5", { max_tokens: 1_000 }, { temperature: /none of this model/ }],
    [
      { temperature: 0.5, thinking_level: "low" },
      ANTHROPIC,
      "m",
      { max_tokens: 2_024, thinking: { type: "enabled", budget_tokens: 1_024 } },
      { temperature: /none of a model that thinks/ },
    ],

    [{ thinking_enabled: true }, OPENAI, "m", { max_tokens: 5_096, reasoning_effort: "medium" }, {}],
    [
      { thinking_enabled: true },
      ANTHROPIC,
      "m",
      { max_tokens: 5_096, thinking: { type: "enabled", budget_tokens: 4_096 } },
      {},
    ],
    [
      { thinking_enabled: true },
      GOOGLE,
      "gemini-3-pro-preview",
      { maxOutputTokens: 5_096, thinkingConfig: { thinkingLevel: "medium" } },
      {},
    ],
    [{ thinking_enabled: false }, OPENAI, "m", { max_tokens: 1_000, reasoning_effort: "none" }, {}],
    [{ thinking_enabled: false }, ANTHROPIC, "m", { max_tokens: 1_000, thinking: { type: "disabled" } }, {}],
    [{ thinking_enabled: false }, GOOGLE, "m", { maxOutputTokens: 1_000, thinkingConfig: { thinkingBudget: 0 } }, {}],
    [
      { thinking_enabled: false },
      ANTHROPIC,
      "claude-opus-5-5",
      { max_tokens: 2_024, output_config: { effort: "low" } },
      { thinking_enabled: /cannot be kept from thinking/ },
    ],
    [
      { thinking_enabled: false },
      GOOGLE,
      "gemini-3-pro-preview",
      { maxOutputTokens: 2_024, thinkingConfig: { thinkingLevel: "low" } },
      { thinking_enabled: /cannot be kept from thinking/ },
    ],

    [{ thinking_level: "off" }, OPENAI, "m", { max_tokens: 1_000, reasoning_effort: "none" }, {}],
    [{ thinking_level: "low" }, OPENAI, "m", { max_tokens: 2_024, reasoning_effort: "low" }, {}],
    [{ thinking_level: "high" }, OPENAI, "m", { max_tokens: 17_384, reasoning_effort: "high" }, {}],
    [
      { thinking_level: "high" },
      ANTHROPIC,
      "m",
      { max_tokens: 17_384, thinking: { type: "enabled", budget_tokens: 16_384 } },
      {},
    ],
    [
      { thinking_level: "high" },
      ANTHROPIC,
      "claude-opus-4-6",
      { max_tokens: 17_384, thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "high" } },
      {},
    ],
    [
      { thinking_level: "high" },
      GOOGLE,
      "gemini-3-pro-preview",
      { maxOutputTokens: 17_384, thinkingConfig: { thinkingLevel: "high" } },
      {},
    ],
    [
      { thinking_level: "low" },
      GOOGLE,
      "gemini-2.5-flash",
      { maxOutputTokens: 2_024, thinkingConfig: { thinkingBudget: 1_024 } },
      {},
    ],

    [
      { thinking_budget: 2_000 },
      OPENAI,
      "m",
      { max_tokens: 5_096, reasoning_effort: "medium" },
      { thinking_budget: /no budget.*medium/ },
    ],
    [
      { thinking_budget: 2_000 },
      ANTHROPIC,
      "m",
      { max_tokens: 3_000, thinking: { type: "enabled", budget_tokens: 2_000 } },
      {},
    ],
    [
      { thinking_budget: 2_000 },
      ANTHROPIC,
      "claude-opus-5-5",
      { max_tokens: 5_096, thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "medium" } },
      { thinking_budget: /no budget/ },
    ],
    [
      { thinking_budget: 100 },
      ANTHROPIC,
      "m",
      { max_tokens: 2_024, thinking: { type: "enabled", budget_tokens: 1_024 } },
      { thinking_budget: /1024 tokens are the least/ },
    ],
    [
      { thinking_budget: 2_000 },
      GOOGLE,
      "m",
      { maxOutputTokens: 3_000, thinkingConfig: { thinkingBudget: 2_000 } },
      {},
    ],
    [{ thinking_budget: 0 }, GOOGLE, "m", { maxOutputTokens: 1_000, thinkingConfig: { thinkingBudget: 0 } }, {}],
    [
      { thinking_budget: 2_000, thinking_level: "high" },
      GOOGLE,
      "m",
      { maxOutputTokens: 3_000, thinkingConfig: { thinkingBudget: 2_000 } },
      { thinking_level: /the budget decides/ },
    ],
    [
      { thinking_budget: 2_000, thinking_level: "high" },
      ANTHROPIC,
      "m",
      { max_tokens: 3_000, thinking: { type: "enabled", budget_tokens: 2_000 } },
      { thinking_level: /the budget decides/ },
    ],
    [
      { thinking_budget: 2_000, thinking_level: "high" },
      ANTHROPIC,
      "claude-opus-4-6",
      { max_tokens: 3_000, thinking: { type: "enabled", budget_tokens: 2_000 }, output_config: { effort: "high" } },
      {},
    ],

    [{ include_thoughts: true }, OPENAI, "m", { max_tokens: 1_000 }, { include_thoughts: /not switched on/ }],
    [{ include_thoughts: true }, ANTHROPIC, "m", { max_tokens: 1_000 }, { include_thoughts: /not switched on/ }],
    [
      { include_thoughts: true },
      GOOGLE,
      "m",
      { maxOutputTokens: 1_000, thinkingConfig: { includeThoughts: true } },
      {},
    ],
    [
      { include_thoughts: true, thinking_level: "low" },
      OPENAI,
      "m",
      { max_tokens: 2_024, reasoning_effort: "low" },
      { include_thoughts: /no way to ask/ },
    ],
    [
      { include_thoughts: true, thinking_level: "low" },
      ANTHROPIC,
      "m",
      { max_tokens: 2_024, thinking: { type: "enabled", budget_tokens: 1_024 } },
      {},
    ],
    [
      { include_thoughts: false, thinking_level: "low" },
      ANTHROPIC,
      "m",
      { max_tokens: 2_024, thinking: { type: "enabled", budget_tokens: 1_024 } },
      { include_thoughts: /always tells/ },
    ],
    [
      { include_thoughts: false, thinking_level: "low" },
      ANTHROPIC,
      "claude-opus-5-5",
      { max_tokens: 2_024, thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "low" } },
      {},
    ],
    [
      { include_thoughts: true, thinking_level: "low" },
      GOOGLE,
      "gemini-3-pro-preview",
      { maxOutputTokens: 2_024, thinkingConfig: { thinkingLevel: "low", includeThoughts: true } },
      {},
    ],
    [
      { include_thoughts: false, thinking_budget: 512 },
      GOOGLE,
      "m",
      { maxOutputTokens: 1_512, thinkingConfig: { thinkingBudget: 512, includeThoughts: false } },
      {},
    ],
    [
      { include_thoughts: true, thinking_enabled: true, thinking_level: "off", thinking_budget: 5 },
      GOOGLE,
      "m",
      { maxOutputTokens: 1_000, thinkingConfig: { thinkingBudget: 0 } },
      { thinking_enabled: /is off/, thinking_budget: /is off/, include_thoughts: /is off/ },
    ],

    [
      {
        context_compression_enabled: true,
        context_compression_trigger_tokens: 80_000,
        context_compression_target_tokens: 9_000,
      },
      ANTHROPIC,
      "claude-opus-4-6",
      {
        max_tokens: 1_000,
        context_management: {
          edits: [{ type: "compact_20260112", trigger: { type: "input_tokens", value: 80_000 } }],
        },
        betas: "context-management-2025-06-27,compact-2026-01-12",
      },
      { context_compression_target_tokens: /the provider decides/ },
    ],
    [
      { context_compression_enabled: true, context_compression_trigger_tokens: 9_000 },
      ANTHROPIC,
      "claude-opus-4-6",
      {
        max_tokens: 1_000,
        context_management: {
          edits: [{ type: "compact_20260112", trigger: { type: "input_tokens", value: 50_000 } }],
        },
        betas: "context-management-2025-06-27,compact-2026-01-12",
      },
      { context_compression_trigger_tokens: /50000 tokens are the least/ },
    ],
    ...([OPENAI, ANTHROPIC, GOOGLE] as const).map(
      (kind): Case => [
        {
          context_compression_enabled: true,
          context_compression_trigger_tokens: 80_000,
          context_compression_target_tokens: 9_000,
        },
        kind,
        "m",
        kind === GOOGLE ? { maxOutputTokens: 1_000 } : { max_tokens: 1_000 },
        {
          context_compression_enabled: /does not compress/,
          context_compression_trigger_tokens: /does not compress/,
          context_compression_target_tokens: /does not compress/,
        },
      ],
    ),
    [
      { context_compression_trigger_tokens: 80_000 },
      ANTHROPIC,
      "claude-opus-4-6",
      { max_tokens: 1_000 },
      { context_compression_trigger_tokens: /not switched on/ },
    ],

    ...([OPENAI, ANTHROPIC, GOOGLE] as const).map(
      (kind): Case => [
        {
          automatic_activity_detection: true,
          vad_start_sensitivity: "low",
          vad_end_sensitivity: "low",
          vad_prefix_padding_ms: 1,
          vad_silence_duration_ms: 1,
          activity_handling: "no_interrupt",
          turn_coverage: "turn_includes_all_input",
          enable_affective_dialog: true,
        },
        kind,
        "m",
        kind === GOOGLE ? { maxOutputTokens: 1_000 } : { max_tokens: 1_000 },
        {
          automatic_activity_detection: /sound/,
          vad_start_sensitivity: /sound/,
          vad_end_sensitivity: /sound/,
          vad_prefix_padding_ms: /sound/,
          vad_silence_duration_ms: /sound/,
          activity_handling: /sound/,
          turn_coverage: /sound/,
          enable_affective_dialog: /sound/,
        },
      ],
    ),
  ])("%o by %s %s", async (role, kind, model, settings, expected) => {
    const { request } = await ask(kind, sessionOf({ role }), model);
    expect(settingsIn(request)).toEqual(settings);
    const reasons = Object.fromEntries((await named(kind, role, model)).map(({ field, reason }) => [field, reason]));
    expect(Object.keys(reasons).sort()).toEqual(Object.keys(expected).sort());
    for (const [field, reason] of Object.entries(expected)) expect(reasons[field]).toMatch(reason);
  });
});

test.each(PROTOCOLS)("a turn of %s is told its role, its words and its step", async (kind) => {
  const session = sessionOf({ role: { vocabulary_hint: "Zermatt", refinement_prompt: "Be short." }, sequence: {} });
  const said = JSON.stringify((await ask(kind, session)).request.body);
  for (const part of ["Guide them.", "Be short.", "Zermatt", "[Current step: s0]"]) expect(said).toContain(part);
});

describe.each(PROTOCOLS)("a model that thinks, by %s", (kind) => {
  const session = sessionOf({ role: { thinking_budget: 2_048, include_thoughts: true, tool_allowlist: ["map"] } });

  test("keeps its thoughts out of the reply", async () => {
    const { text } = await ask(kind, session, "m", say(["Yes."], { thoughts: "Hm, let me see." }));
    expect(text).toBe("Yes.");
  });

  test("gets its thoughts back with what a tool gave, as the protocol wants them", async () => {
    const calls = [{ id: "c1", name: "map", input: { town: "Bern" } }];
    const server = await openServer(inOrder(say([], { calls, thoughts: "I need a map." }), say(["There."])));
    const house = await openModels({ local: at(server, kind) }, {}, { tools: [map] });
    const cognition: Cognition = (turn) =>
      house.providers.cognition("local:m")?.({ ...turn, signal: turn.signal, session });
    await enroll(house.runtime, "eve", { cognition, settings: { tools: ["map"] } });
    expect((await house.runtime.send("eve", "Where?", { from })).text).toBe("There.");
    const { body } = server.requests[1] as ModelRequest;
    if (kind === "anthropic") {
      expect(body.messages.at(-2).content).toMatchObject([
        { type: "thinking", thinking: "I need a map.", signature: SIGNATURE },
        { type: "tool_use", name: "map" },
      ]);
    } else if (kind === "google") {
      expect(body.contents.at(-2).parts.at(-1)).toMatchObject({
        functionCall: { name: "map" },
        thoughtSignature: SIGNATURE,
      });
    } else {
      expect(body.messages.at(-2)).toMatchObject({ role: "assistant", tool_calls: [{ function: { name: "map" } }] });
    }
  });

  test("has set aside what it may think", async () => {
    const server = await openServer(say(["Yes."], { used: undefined }));
    const house = await openModels({ local: { ...at(server, kind), maxOutputTokens: 1_000 } });
    const reserved: number[] = [];
    const cognition: Cognition = (turn) => {
      const reserve: typeof turn.reserve = (call) => {
        reserved.push(call.maxOutputTokens);
        return turn.reserve(call);
      };
      return house.providers.cognition("local:m")?.({ ...turn, signal: turn.signal, session, reserve });
    };
    await enroll(house.runtime, "eve", { cognition });
    await house.runtime.send("eve", "Hello", { from });
    const thinking = kind === "openai-compatible" ? 4_096 : 2_048;
    expect(reserved).toEqual([1_000 + thinking]);
    const { body } = server.requests[0] as ModelRequest;
    expect(body.max_tokens ?? body.generationConfig.maxOutputTokens).toBe(1_000 + thinking);
  });
});

test("what a compressed context was is no part of the reply", async () => {
  const session = sessionOf({ role: { context_compression_enabled: true } });
  const responder = say(["Yes."], { summary: "They spoke of mountains." });
  const { text, request } = await ask("anthropic", session, "claude-opus-4-6", responder);
  expect(text).toBe("Yes.");
  expect(request.body.context_management).toEqual({ edits: [{ type: "compact_20260112" }] });
});

test.each([
  [
    "openai-compatible",
    "m",
    { openaiCompatible: { reasoningEffort: "low", user: "u" } },
    { reasoning_effort: "high", user: "u" },
  ],
  ["anthropic", "claude-opus-4-6", { anthropic: { effort: "low" } }, { output_config: { effort: "high" } }],
  [
    "google",
    "gemini-3-pro-preview",
    { google: { thinkingConfig: { thinkingLevel: "low" }, serviceTier: "flex" } },
    { generationConfig: { thinkingConfig: { thinkingLevel: "high" } }, serviceTier: "flex" },
  ],
] as const)(
  "what a session says of thinking counts before the configuration of %s",
  async (kind, model, providerOptions, sent) => {
    const server = await openServer(say(["Yes."]));
    const { runtime, providers } = await openModels({
      local: { ...at(server, kind), temperature: 0.9, providerOptions },
    });
    const session = sessionOf({ role: { thinking_level: "high" } });
    const cognition: Cognition = (turn) =>
      providers.cognition(`local:${model}`)?.({ ...turn, signal: turn.signal, session });
    await enroll(runtime, "eve", { cognition });
    await runtime.send("eve", "Hello", { from });
    expect(server.requests[0]?.body).toMatchObject(sent);
  },
);

test.each([
  ["google", "gemini-2.5-pro", 50, 128, /128 tokens are the least/],
  ["google", "gemini-2.5-pro", 1_000_000, 32_768, /32768 tokens are the most/],
  ["google", "m", 100_000_000, 24_576, /24576 tokens are the most/],
  ["anthropic", "claude-sonnet-4-20250514", 100_000, 59_904, /59904 tokens are the most/],
  ["anthropic", "m", 100_000_000, 1_000_000, /1000000 tokens are the most/],
] as const)(
  "a budget that %s %s does not take (%d) is the nearest that it does",
  async (kind, model, said, sent, reason) => {
    const { request } = await ask(kind, sessionOf({ role: { thinking_budget: said } }), model);
    const { generationConfig, thinking, max_tokens } = request.body;
    expect(generationConfig?.thinkingConfig.thinkingBudget ?? thinking.budget_tokens).toBe(sent);
    expect(generationConfig?.maxOutputTokens ?? max_tokens).toBe(1_000 + sent);
    expect(await named(kind, { thinking_budget: said }, model)).toMatchObject([
      { field: "thinking_budget", reason: expect.stringMatching(reason) },
    ]);
  },
);

test("a model that the host has made is told what all can be told, and the rest is named", async () => {
  const server = await openServer(say(["Yes."]));
  const sdk = createOpenAICompatible({ name: "mine", baseURL: server.url("openai-compatible") });
  const role = { temperature: 0.2, thinking_level: "low", thinking_budget: 9, include_thoughts: true } as const;
  const session = sessionOf({ role });
  const own = aiSdk(sdk.chatModel("m"));
  const made = await providers({ mine: { create: (model) => sdk.chatModel(model) } }, { default: "mine:m" });
  for (const model of [own, made.cognition(undefined) as Cognition]) {
    const { runtime } = await openHouse();
    await enroll(runtime, "eve", { cognition: (turn) => model({ ...turn, signal: turn.signal, session }) });
    await runtime.send("eve", "Hello", { from });
    expect(server.requests.at(-1)?.body).toMatchObject({ temperature: 0.2, reasoning_effort: "low" });
    const fields = model.notHonoured?.(session).map(({ field }) => field);
    expect(fields).toEqual(["thinking_budget", "include_thoughts"]);
  }
});
