/** What a provider says that it was used; believed as far as it can be true. */
import type { Usage } from "../facts.ts";
import type { ModelPart } from "./options.ts";

/** More tokens than any model takes or gives in one call. */
const MOST = 100_000_000;

/** Undefined when a count is missing or cannot be true. */
export function usageOf(said: Extract<ModelPart, { type: "finish" }>["usage"]): Usage | undefined {
  const { total: inputTokens, cacheRead: cacheReadTokens } = said.inputTokens;
  const { total: outputTokens, reasoning: reasoningTokens } = said.outputTokens;
  if (!isCount(inputTokens) || !isCount(outputTokens) || inputTokens + outputTokens === 0) return undefined;
  return {
    inputTokens,
    outputTokens,
    ...(isCount(cacheReadTokens) && cacheReadTokens <= inputTokens && { cachedInputTokens: cacheReadTokens }),
    ...(isCount(reasoningTokens) && reasoningTokens <= outputTokens && { reasoningTokens }),
  };
}

/** Of several calls together; unknown if that of one of them is. */
export function sum(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (one === undefined || other === undefined) return undefined;
  const optional = (name: "cachedInputTokens" | "reasoningTokens") =>
    one[name] === undefined && other[name] === undefined ? {} : { [name]: (one[name] ?? 0) + (other[name] ?? 0) };
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    ...optional("cachedInputTokens"),
    ...optional("reasoningTokens"),
  };
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MOST;
