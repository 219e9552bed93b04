import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costOf, isPlausible, MAX_PRICE_USD, MAX_TOKENS, nanoOf, usdOf } from "../../src/cognition/budgets/money.ts";
import { budgetsSchema, priceSchema } from "../../src/cognition/budgets/settings.ts";

const usage = (inputTokens: number, outputTokens: number) => ({ inputTokens, outputTokens });

describe("what a call costs", () => {
  it("is exact where floats drift", () => {
    const price = { inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.2 };
    expect(costOf(usage(1_000_000, 1_000_000), price)).toBe(300_000_000);
    expect(usdOf(300_000_000)).toBe(0.3);
    expect(costOf(usage(3, 0), { inputUsdPerMTok: 0.0375, outputUsdPerMTok: 0 })).toBe(113);
  });

  it("is rounded up, once for a call", () => {
    expect(costOf(usage(1, 1), { inputUsdPerMTok: 0.000001, outputUsdPerMTok: 0.000001 })).toBe(1);
    expect(costOf(usage(0, 0), { inputUsdPerMTok: 5, outputUsdPerMTok: 5 })).toBe(0);
  });

  it("is less for what the provider had in its cache", () => {
    const price = { inputUsdPerMTok: 3, outputUsdPerMTok: 15, cachedInputUsdPerMTok: 0.3 };
    expect(costOf({ ...usage(1_000, 100), cachedInputTokens: 900 }, price)).toBe(300_000 + 270_000 + 1_500_000);
    expect(costOf({ ...usage(1_000, 100), cachedInputTokens: 900 }, { inputUsdPerMTok: 3, outputUsdPerMTok: 15 })).toBe(
      4_500_000,
    );
  });

  it("is a whole number whatever is called", () => {
    const most = { inputUsdPerMTok: MAX_PRICE_USD, outputUsdPerMTok: MAX_PRICE_USD };
    expect(Number.isSafeInteger(costOf(usage(MAX_TOKENS, MAX_TOKENS), most))).toBe(true);
  });

  it("can be shown in dollars and brought back", () => {
    fc.assert(fc.property(fc.nat({ max: 1e15 }), (nano) => nanoOf(usdOf(nano)) === nano));
  });
});

it.each([
  usage(-1, 0),
  usage(Number.NaN, 1),
  usage(1, Number.POSITIVE_INFINITY),
  usage(1.5, 1),
  usage(MAX_TOKENS + 1, 0),
  usage("7" as never, 1),
  { ...usage(5, 5), cachedInputTokens: 6 },
  { ...usage(5, 5), reasoningTokens: 6 },
  {} as never,
])("does not believe a usage of %j", (told) => {
  expect(isPlausible(told)).toBe(false);
});

describe("what is configured", () => {
  const faults = (input: unknown) =>
    budgetsSchema.safeParse(input).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

  it("has a day as its window and declines, unless it says otherwise", () => {
    expect(budgetsSchema.parse({ persona: { usd: 5 } })).toEqual({
      persona: { usd: 5, windowMs: 86_400_000, onExhausted: "decline" },
    });
  });

  it.each([
    [{ fleet: {} }, "fleet: must have `tokens`, `usd` or both"],
    [{ turn: { tokens: 5, windowMs: 1_000 } }, 'turn: Unrecognized key: "windowMs"'],
    [{ owner: { usd: 0 } }, "owner.usd: Too small: expected number to be >0"],
    [{ owner: { usd: 0.1234567891 } }, "owner.usd: must have at most 9 decimal places"],
    [{ owner: { usd: Number.NaN } }, "owner.usd: Invalid input: expected number, received NaN"],
    [{ persona: { tokens: 1.5 } }, "persona.tokens: Invalid input: expected int, received number"],
    [{ persona: { tokens: 5, windowMs: 999 } }, "persona.windowMs: Too small: expected number to be >=1000"],
    [
      { persona: { tokens: 5, onExhausted: "wait" } },
      'persona.onExhausted: Invalid option: expected one of "decline"|"hold"',
    ],
    [{ team: { tokens: 5 } }, ': Unrecognized key: "team"'],
  ])("is refused when it is %j", (input, fault) => {
    expect(faults(input)).toEqual([fault]);
  });

  it("has prices that are kept exactly", () => {
    const price = { inputUsdPerMTok: 0.0000001, outputUsdPerMTok: -1 };
    expect(priceSchema.safeParse(price).error?.issues.map(({ path }) => path.join("."))).toEqual([
      "inputUsdPerMTok",
      "outputUsdPerMTok",
    ]);
  });
});
