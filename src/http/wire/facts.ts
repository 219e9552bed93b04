/** What cognition told of how it came to its answer. */
import * as z from "zod";
import { CALL_OUTCOMES, type PromptFacts, type ProviderCall, type Usage } from "../../facts.ts";
import { TOOL_OUTCOMES } from "../../tool.ts";
import { time } from "./common.ts";
import { inWireNames } from "./names.ts";
import { wire } from "./registry.ts";

export const usageSchema = z
  .object({
    input_tokens: z.int(),
    output_tokens: z.int(),
    cached_input_tokens: z.int().optional(),
    reasoning_tokens: z.int().optional(),
  })
  .register(wire, { id: "Usage", description: "Cached tokens are part of the input, reasoning is part of the output" });

export const callSchema = z
  .object({
    provider: z.string(),
    model: z.string(),
    outcome: z.enum(CALL_OUTCOMES),
    error: z.string().optional(),
    status: z.int().optional().register(wire, { description: "What the provider answered with" }),
    started_at: time,
    first_token_ms: z.number().optional(),
    duration_ms: z.number(),
    usage: usageSchema.optional(),
    finish_reason: z.string().optional(),
    thoughts: z.string().optional().register(wire, { description: "What the model told of them, if its role asks" }),
  })
  .register(wire, { id: "ProviderCall", description: "One attempt at a provider" });

export const toolCallFactsSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    outcome: z.enum(TOOL_OUTCOMES),
    error: z.string().optional().register(wire, { description: "What the model was told" }),
    started_at: time,
    duration_ms: z.number(),
  })
  .register(wire, { id: "ToolCallFacts" });

const leftOut = z.string().optional().register(wire, { description: "Why it is not in the prompt; absent when it is" });

export const promptSchema = z
  .object({
    parts: z.array(z.object({ name: z.string(), tokens: z.int(), left_out: leftOut })),
    history: z
      .object({
        messages: z.int(),
        tokens: z.int(),
        oldest_id: z.string().optional().register(wire, { description: "Of the oldest message that is in the prompt" }),
        left_out: z.array(z.object({ reason: z.string(), messages: z.int() })),
      })
      .optional(),
    suggestions: z
      .object({
        mapper_id: z.string(),
        mapper_version: z.int(),
        given: z.array(z.object({ id: z.string(), rule_id: z.string() })),
      })
      .optional()
      .register(wire, { description: "What the persona's mapper suggested; absent where it has none" }),
  })
  .register(wire, { id: "Prompt", description: "What a prompt was made of, in its order; tokens are estimates" });

export const usageOf = (usage: Usage): z.output<typeof usageSchema> => inWireNames(usage);

export function callOf({ usage, ...call }: ProviderCall): z.output<typeof callSchema> {
  return { ...inWireNames(call), usage: usage && usageOf(usage) };
}

export function promptOf({ parts, history, suggestions }: PromptFacts): z.output<typeof promptSchema> {
  return {
    parts: parts.map((part) => inWireNames(part)),
    history: history && {
      messages: history.messages,
      tokens: history.tokens,
      oldest_id: history.oldest,
      left_out: history.leftOut.map((some) => ({ ...some })),
    },
    suggestions: suggestions && {
      mapper_id: suggestions.mapper,
      mapper_version: suggestions.mapperVersion,
      given: suggestions.given.map(({ id, rule }) => ({ id, rule_id: rule })),
    },
  };
}
