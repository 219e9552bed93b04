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
  /** It decides itself how long it thinks, when it is told a level. */
  adaptive: z.boolean(),
  /** It can be kept from thinking. */
  rests: z.boolean(),
  /** It compresses a long context. */
  compresses: z.boolean(),
});

export type Abilities = z.output<typeof abilitiesSchema>;

/** Of a model of which nothing is known but that the AI SDK can call it. */
export const UNKNOWN: Abilities = {
  kind: "other",
  temperature: true,
  budget: false,
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
  const { reasoning, compaction } = known.getAnthropicLanguageModelEntry?.(model).capabilities.language ?? {};
  return {
    kind: "anthropic",
    temperature: known.getModelCapabilities?.(model).rejectsSamplingParameters !== true,
    budget: reasoning?.budget ?? true,
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
  const isLeveled = requestConfig?.language.thinkingFormat === "level";
  return {
    kind: "google",
    temperature: true,
    budget: true,
    adaptive: isLeveled,
    rests: !isLeveled && (capabilities?.language.reasoning.minBudget ?? 0) === 0,
    compresses: false,
  };
}
