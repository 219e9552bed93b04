/** The facts of one turn: checked, because they come from anybody's code, and bounded, because they are stored. */
import * as z from "zod";
import { PersonaError } from "../errors.ts";
import { CALL_OUTCOMES, type CognitionFacts, type PromptFacts, type ProviderCall } from "../facts.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import { shorten } from "./shorten.ts";

const MAX_TEXT = 256;
const MAX_THOUGHTS = 4_000;
const MAX_CALLS = 64;

const text = z.string().transform((value) => shorten(value, MAX_TEXT));
const count = z.int().min(0);
const milliseconds = z.number().min(0);

/** A provider's own report may say more. */
export const usageSchema = z.object({
  inputTokens: count,
  outputTokens: count,
  cachedInputTokens: count.optional(),
  reasoningTokens: count.optional(),
});

const callSchema = z.strictObject({
  provider: text,
  model: text,
  outcome: z.enum(CALL_OUTCOMES),
  error: text.optional(),
  status: z.int().min(100).max(999).optional(),
  startedAt: count,
  firstTokenMs: milliseconds.optional(),
  durationMs: milliseconds,
  usage: usageSchema.optional(),
  finishReason: text.optional(),
  thoughts: z
    .string()
    .transform((value) => shorten(value, MAX_THOUGHTS))
    .optional(),
});

const promptSchema = z.strictObject({
  parts: z.array(z.strictObject({ name: text, tokens: count, leftOut: text.optional() })).max(64),
  history: z
    .strictObject({
      messages: count,
      tokens: count,
      oldest: text.optional(),
      leftOut: z.array(z.strictObject({ reason: text, messages: count })).max(16),
    })
    .optional(),
  suggestions: z
    .strictObject({
      mapper: text,
      mapperVersion: count,
      given: z.array(z.strictObject({ id: text, rule: text })).max(100),
    })
    .optional(),
});

const factsSchema = z.strictObject({
  prompt: promptSchema.optional(),
  provider: text.optional(),
  model: text.optional(),
  calls: z.array(callSchema).optional(),
  costUsd: z.number().min(0).optional(),
});

/** What was noted, as it is stored. */
export interface NotedFacts {
  readonly prompt?: PromptFacts | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly calls: readonly ProviderCall[];
  /** Calls that are not kept, because there were too many. */
  readonly callsLeftOut: number;
  readonly costUsd?: number | undefined;
}

export class Facts {
  #noted: NotedFacts | undefined;

  get noted(): NotedFacts | undefined {
    return this.#noted;
  }

  /** Throws `cognition_invalid` for what is no fact, and then keeps nothing of it. */
  note(input: unknown): CognitionFacts {
    const result = factsSchema.safeParse(input);
    if (!result.success) {
      throw new PersonaError(
        "cognition_invalid",
        `The cognition noted facts that are none. ${describeFaults(faultsOf(result.error, "facts"))}`,
      );
    }
    const { calls: added = [], ...others } = result.data;
    const { calls = [], callsLeftOut = 0, ...before } = this.#noted ?? {};
    const all = [...calls, ...added];
    const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
    this.#noted = {
      ...before,
      ...given,
      calls: all.slice(0, MAX_CALLS),
      callsLeftOut: callsLeftOut + Math.max(0, all.length - MAX_CALLS),
    };
    return result.data;
  }
}
