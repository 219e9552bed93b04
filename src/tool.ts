/** What cognition may call in the course of a turn: functions of the host, or questions to whoever listens. */
import type * as z from "zod";

export interface Tool<Parameters extends z.core.$ZodType = z.core.$ZodType> {
  /** 1..64 letters, digits, `_` and `-`; unique. */
  readonly name: string;
  /** What the model is told of it; 1..4 096 characters. */
  readonly description: string;
  /** A zod schema of an object that JSON Schema can describe. */
  readonly parameters: Parameters;
  /**
   * Gets the checked arguments; answers with what JSON can say, 64 KiB at most. Whatever goes wrong is told to the
   * model. Left out: a client answers (`toolCalls`, `answerTool`, the event `tool_call`).
   */
  execute?(args: z.output<Parameters>, context: ToolContext): unknown;
  /** How long an answer may take, 1..3 600 000 ms; never beyond the end of the turn. Default 30 000. */
  readonly timeoutMs?: number | undefined;
}

export interface ToolContext {
  /** Id of the call. */
  readonly call: string;
  /** Public id of the turn. */
  readonly turn: string;
  readonly persona: string;
  readonly conversation: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** A tool as cognition sees it. */
export interface TurnTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: z.core.$ZodType;
  /** The JSON Schema of the parameters, as models take it. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /**
   * Resolves to the answer, as JSON says it. Throws what can be told to the model: `tool_invalid` (wrong arguments),
   * `tool_failed`, `tool_timeout`, `tool_limit` (32 calls a turn); or `tool_cancelled` when the turn is over.
   */
  call(args: unknown): Promise<unknown>;
}

/** A call that waits for a client. */
export interface ToolCall {
  readonly id: string;
  readonly turn: string;
  readonly persona: string;
  readonly conversation: string;
  /** Of the tool. */
  readonly name: string;
  readonly arguments: unknown;
  readonly calledAt: number;
  /** When it is given up, unless the turn ends before. */
  readonly waitsUntil: number;
}

/** What a client answers: what the tool gives, or what the model is to be told of why it does not. */
export type ToolAnswer = { readonly result: unknown } | { readonly error: string };

export const TOOL_OUTCOMES = ["answered", "invalid", "failed", "timeout", "cancelled"] as const;

/** A call in the explanation of its turn. */
export interface ToolCallFacts {
  readonly id: string;
  readonly name: string;
  /** `invalid`: its arguments were wrong. `cancelled`: the turn ended first. */
  readonly outcome: (typeof TOOL_OUTCOMES)[number];
  /** What the model was told, cut to 256 characters. */
  readonly error: string | undefined;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** Gives the arguments of `execute` the types that the parameters say. */
export const defineTool = <Parameters extends z.core.$ZodType>(tool: Tool<Parameters>): Tool => tool as Tool;
