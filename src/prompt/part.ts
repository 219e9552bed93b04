/** A part of a prompt: system text, or messages, or neither when it was left out. */
import type { PromptPartFacts } from "../facts.ts";
import { estimateTokens } from "../tokens.ts";

export interface PromptMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
}

export interface PromptPart extends PromptPartFacts {
  /** What it adds to the system text. */
  readonly text: string;
  readonly messages: readonly PromptMessage[];
}

export function textPart(name: string, text: string): PromptPart {
  return { name, text, messages: [], tokens: estimateTokens(text) };
}

export function messagesPart(name: string, messages: readonly PromptMessage[]): PromptPart {
  const tokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
  return { name, text: "", messages, tokens };
}

/** `reason` is a stable word. */
export function leftOutPart(name: string, reason: string): PromptPart {
  return { name, text: "", messages: [], tokens: 0, leftOut: reason };
}
