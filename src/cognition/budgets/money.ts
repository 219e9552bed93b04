/**
 * What calls to models cost, without a float that drifts: prices in millionths of a millionth of a
 * dollar for each token, sums in billionths of a dollar, both whole numbers.
 */
import type { Price, Usage } from "../../types.ts";

/** More than any call has; a larger number is a lie or a mistake. Keeps sums of money below 2^53. */
export const MAX_TOKENS = 100_000_000;
/** Of a million tokens. */
export const MAX_PRICE_USD = 10_000;

const NANO = 1_000_000_000;
const PICO_PER_TOKEN = 1_000_000;
const PICO_PER_NANO = 1_000n;

export const nanoOf = (usd: number): number => Math.round(usd * NANO);

/** The nearest float, which is exact as it is printed: up to a million dollars it can be brought back. */
export const usdOf = (nano: number): number => nano / NANO;

/** Rounded up to a billionth of a dollar, once for the whole call. */
export function costOf(usage: Usage, price: Price): number {
  const { inputTokens, outputTokens, cachedInputTokens = 0 } = usage;
  const { inputUsdPerMTok, outputUsdPerMTok, cachedInputUsdPerMTok = inputUsdPerMTok } = price;
  const pico =
    picoOf(inputTokens - cachedInputTokens, inputUsdPerMTok) +
    picoOf(cachedInputTokens, cachedInputUsdPerMTok) +
    picoOf(outputTokens, outputUsdPerMTok);
  return Number((pico + PICO_PER_NANO - 1n) / PICO_PER_NANO);
}

/** Whether somebody can have used that: counts of tokens, the parts not more than the whole. */
export function isPlausible(usage: Usage): boolean {
  const { inputTokens, outputTokens, cachedInputTokens = 0, reasoningTokens = 0 } = usage;
  const counts = [inputTokens, outputTokens, cachedInputTokens, reasoningTokens];
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0 && count <= MAX_TOKENS)) return false;
  return cachedInputTokens <= inputTokens && reasoningTokens <= outputTokens;
}

function picoOf(tokens: number, usdPerMTok: number): bigint {
  return BigInt(tokens) * BigInt(Math.round(usdPerMTok * PICO_PER_TOKEN));
}
