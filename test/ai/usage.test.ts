import { describe, expect, test } from "vitest";
import { providers } from "../../src/ai.ts";
import { openHouse, outcomeOf } from "../runtime/harness.ts";
import { until } from "../support/event-loop.ts";
import { breakOff, hang, refuse, say, type Used } from "../support/model-server.ts";
import { at, openModels, openServer, type PROTOCOLS } from "./harness.ts";

/** What the explanation says that was used, when a provider says this. */
async function believed(used: Used | undefined, kind: (typeof PROTOCOLS)[number] = "openai-compatible") {
  const server = await openServer(say(["Yes."], { used }));
  const { runtime } = await openModels({ local: at(server, kind) });
  const reply = await runtime.send("ada", "Hello", { from: "user:7" });
  expect(reply.text).toBe("Yes.");
  return (await runtime.explain(reply.id)).cost.usage;
}

test.each([
  ["openai-compatible", { inputTokens: 12, outputTokens: 9, cachedInputTokens: 5, reasoningTokens: 3 }],
  ["google", { inputTokens: 12, outputTokens: 9, cachedInputTokens: 5, reasoningTokens: 3 }],
  ["anthropic", { inputTokens: 12, outputTokens: 9, cachedInputTokens: 5 }],
] as const)("%s: what was used is reported, with what was cached and what was thought", async (kind, expected) => {
  expect(await believed({ input: 12, output: 9, cached: 5, reasoning: 3 }, kind)).toMatchObject(expected);
});

test.each([
  ["nothing", undefined],
  ["less than nothing", { input: -5, output: 3 }],
  ["parts of tokens", { input: 1.5, output: 3 }],
  ["more than there are", { input: 1e15, output: 3 }],
  ["that nothing was used at all", { input: 0, output: 0 }],
])("a provider that says %s is not believed, and its answer counts", async (_name, used) => {
  expect(await believed(used)).toBeUndefined();
});

test.each([
  [{ cached: 99 }, { inputTokens: 10, outputTokens: 5, reasoningTokens: 0 }],
  [{ cached: -1 }, { inputTokens: 10, outputTokens: 5, reasoningTokens: 0 }],
  [{ reasoning: 99 }, { inputTokens: 10, outputTokens: 5, cachedInputTokens: 0 }],
])("of parts that are more than the whole nothing is kept: %o", async (lie, expected) => {
  expect(await believed({ input: 10, output: 5, ...lie })).toEqual(expected);
});

test("what is no number at all is an answer that cannot be read", async () => {
  const server = await openServer(say(["Yes."], { used: { input: "many" as unknown as number, output: 1 } }));
  const { runtime } = await openModels({ local: at(server) });
  runtime.send("ada", "Hello", { from: "user:7" }).then(
    () => {},
    () => {},
  );
  await until(() => runtime.fleet().retried === 1);
  expect(runtime.fleet().providers).toMatchObject([{ failed: 1 }]);
});

describe("budgets", () => {
  const prices = { "local:m": { inputUsdPerMTok: 1, outputUsdPerMTok: 2 } };

  test.each([
    ["what was really used, when it says so", say(["Yes."], { used: { input: 20, output: 7 } }), [20, 7, 0]],
    ["all that was reserved, when it does not", say(["Yes."], { used: undefined }), ["reserved", 100, 1]],
    ["all that was reserved, when it lies", say(["Yes."], { used: { input: -1, output: 7 } }), ["reserved", 100, 1]],
    ["all that was reserved, when the answer broke off", breakOff(["Well, "], "cut"), ["reserved", 100, 1]],
    ["nothing, when it refused", refuse(400), [0, 0, 0]],
    ["nothing, when it was not there", refuse(503), [0, 0, 0]],
  ] as const)("a call is booked with %s", async (_name, respond, [input, output, unconfirmed]) => {
    const server = await openServer(respond);
    const { runtime } = await openModels({ local: { ...at(server), maxOutputTokens: 100 } }, {}, { prices });
    void outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
    await until(() => runtime.fleet().answered + runtime.fleet().retried === 1);
    const [spent] = await runtime.spending({ by: "model" });
    expect(spent).toMatchObject({ of: "local:m", calls: 1, outputTokens: output, unconfirmed });
    if (input === "reserved") expect(spent?.inputTokens).toBeGreaterThan(5);
    else expect(spent?.inputTokens).toBe(input);
  });

  test("a call that does not fit into the budget is not made, and no other model is asked", async () => {
    const server = await openServer(hang);
    const local = { ...at(server), maxOutputTokens: 100 };
    const budgets = { turn: { tokens: 50 } };
    const { runtime } = await openModels({ local, other: local }, { fallback: ["other:m"] }, { budgets });
    expect(await outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }))).toMatch(/^declined: .*budget/);
    expect(server.connections).toBe(0);
    expect(runtime.fleet().providers).toMatchObject([{ calls: 0, inFlight: 0 }, { calls: 0 }]);
  });

  test.each([
    ["the default model", undefined, { default: "local:m" }, "local:m"],
    ["a model that stands in", "local:priced", { fallback: ["local:other"] }, "local:other"],
  ])(
    "in dollars need a price of %s too, before anybody is enrolled with it",
    async (_name, model, models, unpriced) => {
      const made = await providers({ local: at(await openServer()) }, models);
      const priced = { "local:priced": { inputUsdPerMTok: 1, outputUsdPerMTok: 2 } };
      const { runtime } = await openHouse({ providers: made, prices: priced, budgets: { fleet: { usd: 1 } } });
      const refusal = { code: "price_unknown", message: expect.stringContaining(unpriced) };
      await expect(runtime.enroll({ id: "bob", name: "Bob", ...(model && { model }) })).rejects.toMatchObject(refusal);
      expect(runtime.has("bob")).toBe(false);
      await runtime.enroll({ id: "cy", name: "Cy", cognition: () => "free" });
    },
  );
});
