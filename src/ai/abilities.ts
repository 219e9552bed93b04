/** What a model can be told beside the prompt, as far as the packages that speak its protocol know. */
import type * as Anthropic from "@ai-sdk/anthropic/internal";
import type * as Google from "@ai-sdk/google/internal";
import * as z from "zod";
import { KINDS } from "./options.ts";

export const abilitiesSchema = z.strictObject({
  /** `other`: a model that the host has made. */
  kind: z.enum([...KINDS, "other"]),
  /** It takes a temperature. */
  temperature: z.boolean(),
  /** It takes a budget of tokens for thinking. */
  budget: z.boolean(),
  /** What it takes of one. */
  leastBudget: z.int().min(0),
  mostBudget: z.int().min(0),
  /** It decides itself how long it thinks, when it is told a level. */
  adaptive: z.boolean(),
  /** It can be kept from thinking. */
  rests: z.boolean(),
  /** It compresses a long context. */
  compresses: z.boolean(),
});

export type Abilities = z.output<typeof abilitiesSchema>;

/** More than any model thinks, and few enough to be set aside. */
const MOST_BUDGET = 1_000_000;
/** What Anthropic demands. */
const LEAST_BUDGET = 1_024;
/** Of the longest answer of a model, what is left beside its thoughts. */
const LEFT_TO_SAY = 4_096;

/** Of a model of which nothing is known but that the AI SDK can call it. */
export const UNKNOWN: Abilities = {
  kind: "other",
  temperature: true,
  budget: false,
  leastBudget: 0,
  mostBudget: MOST_BUDGET,
  adaptive: true,
  rests: true,
  compresses: false,
};

export const OPENAI_COMPATIBLE: Abilities = { ...UNKNOWN, kind: "openai-compatible" };

/** `known`: what the package knows of the model. */
export function anthropicAbilities(
  known: Partial<Pick<typeof Anthropic, "getAnthropicLanguageModelEntry" | "getModelCapabilities">>,
  model: string,
): Abilities {
  const { isKnownModel, maxOutputTokens, rejectsSamplingParameters } = known.getModelCapabilities?.(model) ?? {};
  const longest = isKnownModel === true ? maxOutputTokens : undefined;
  const { reasoning, compaction } = known.getAnthropicLanguageModelEntry?.(model).capabilities.language ?? {};
  return {
    kind: "anthropic",
    temperature: rejectsSamplingParameters !== true,
    budget: reasoning?.budget ?? true,
    leastBudget: LEAST_BUDGET,
    mostBudget: longest === undefined ? MOST_BUDGET : Math.max(longest - LEFT_TO_SAY, LEAST_BUDGET),
    adaptive: reasoning?.adaptive ?? false,
    rests: reasoning?.canDisable ?? true,
    compresses: compaction === true,
  };
}

export function googleAbilities(
  known: Partial<Pick<typeof Google, "getGoogleLanguageModelEntry">>,
  model: string,
): Abilities {
  const { capabilities, requestConfig } = known.getGoogleLanguageModelEntry?.(model) ?? {};
  const { minBudget = 0, maxBudget = MOST_BUDGET } = capabilities?.language.reasoning ?? {};
  const isLeveled = requestConfig?.language.thinkingFormat === "level";
  return {
    kind: "google",
    temperature: true,
    budget: true,
    leastBudget: minBudget,
    mostBudget: maxBudget,
    adaptive: isLeveled,
    rests: !isLeveled && minBudget === 0,
    compresses: false,
  };
}
