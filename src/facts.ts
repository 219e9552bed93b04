/** What a cognition tells about how it came to its answer, for explanations. */

/** Counted as the provider bills it. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input tokens, those that the provider had kept from an earlier call. */
  readonly cachedInputTokens?: number | undefined;
  /** Of the output tokens, those that were thought and not said. */
  readonly reasoningTokens?: number | undefined;
}

/** What goes into `explain()`; each call of `note` replaces what it names, and adds its `calls` to the earlier ones. */
export interface CognitionFacts {
  readonly prompt?: PromptFacts | undefined;
  /** The provider and model that answered in the end. */
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** Calls of a provider that have ended, in order. The first 64 of a turn are kept. */
  readonly calls?: readonly ProviderCall[] | undefined;
  /** What the whole turn has cost so far. */
  readonly costUsd?: number | undefined;
}

export const CALL_OUTCOMES = ["answered", "failed", "throttled", "cancelled", "refused"] as const;

/** One attempt at a provider. Texts are cut to 256 characters. */
export interface ProviderCall {
  readonly provider: string;
  readonly model: string;
  /** `refused`: it was not sent (an open breaker, a budget). */
  readonly outcome: (typeof CALL_OUTCOMES)[number];
  readonly error?: string | undefined;
  /** The status that the provider answered with. */
  readonly status?: number | undefined;
  readonly startedAt: number;
  readonly firstTokenMs?: number | undefined;
  readonly durationMs: number;
  readonly usage?: Usage | undefined;
  readonly finishReason?: string | undefined;
  /** What the model told of its thoughts, where the role asks for them; cut to 4 000 characters. */
  readonly thoughts?: string | undefined;
}

/** What a prompt was made of, in its order, and what it was made without. Tokens are estimates. */
export interface PromptFacts {
  /** At most 64. */
  readonly parts: readonly PromptPartFacts[];
  readonly history?: HistoryFacts | undefined;
  /** Undefined where the persona has no mapper. */
  readonly suggestions?: SuggestionFacts | undefined;
}

export interface SuggestionFacts {
  /** Id of the mapper that suggested them, and its version. */
  readonly mapper: string;
  readonly mapperVersion: number;
  /** At most 100. */
  readonly given: readonly { readonly id: string; readonly rule: string }[];
}

export interface PromptPartFacts {
  readonly name: string;
  readonly tokens: number;
  /** Why it is not in the prompt, as a stable word; undefined when it is. */
  readonly leftOut?: string | undefined;
}

export interface HistoryFacts {
  /** How many messages are in the prompt. */
  readonly messages: number;
  readonly tokens: number;
  /** Public id of the oldest of them. */
  readonly oldest?: string | undefined;
  /** How many are not, and why; at most 16 reasons. */
  readonly leftOut: readonly { readonly reason: string; readonly messages: number }[];
}
