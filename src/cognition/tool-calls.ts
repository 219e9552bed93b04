/**
 * The tool calls of one turn. A tool is anybody's code, or a client that may be gone: whatever comes of a call, it
 * ends in time, by an answer that JSON can say or by an error that can be told to the model.
 */
import * as z from "zod";
import { after, type Clock } from "../clock.ts";
import { type ErrorCode, PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import { utf8Bytes } from "../tokens.ts";
import type { ToolCall, ToolCallFacts, ToolContext, TurnTool } from "../tool.ts";
import { shorten } from "./shorten.ts";
import type { RegisteredTool } from "./toolbox.ts";

/** Most bytes (UTF-8) of a call's arguments, and of its answer, as JSON. */
const MAX_TOOL_BYTES = 65_536;
const MAX_CALLS = 32;
const MAX_ERROR_LENGTH = 2_000;
const MAX_KEPT_LENGTH = 256;

/** Asks whoever can answer for the host. Rejects with what the model is to be told. */
export type AskClient = (call: ToolCall, signal: AbortSignal) => Promise<unknown>;

const OUTCOMES: Partial<Record<ErrorCode, ToolCallFacts["outcome"]>> = {
  tool_invalid: "invalid",
  tool_timeout: "timeout",
  tool_cancelled: "cancelled",
};

export class ToolCalls {
  readonly #subject: Pick<ToolContext, "turn" | "persona" | "conversation">;
  readonly #clock: Clock;
  readonly #askClient: AskClient;
  readonly #ended: ToolCallFacts[] = [];
  /** How each call that runs is stopped. */
  readonly #running = new Map<string, (error: PersonaError) => void>();
  #count = 0;
  #over: PersonaError | undefined;

  constructor(subject: Pick<ToolContext, "turn" | "persona" | "conversation">, clock: Clock, askClient: AskClient) {
    this.#subject = subject;
    this.#clock = clock;
    this.#askClient = askClient;
  }

  /** Calls that have ended, in the order of their ends. */
  get ended(): readonly ToolCallFacts[] {
    return this.#ended;
  }

  offer(tools: readonly RegisteredTool[]): readonly TurnTool[] {
    return tools.map((tool) => {
      const { name, description, parameters, inputSchema } = tool;
      return { name, description, parameters, inputSchema, call: (args) => this.#call(tool, args) };
    });
  }

  /** The turn is over: what still runs is cancelled, and nothing can be called any more. */
  end(cause: Error | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = new PersonaError("tool_cancelled", "The turn is over; nobody waits for its tools any more", { cause });
    for (const stop of this.#running.values()) stop(this.#over);
  }

  async #call(tool: RegisteredTool, args: unknown): Promise<unknown> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#count >= MAX_CALLS) {
      throw new PersonaError(
        "tool_limit",
        `A turn may call its tools ${MAX_CALLS} times; answer without further calls`,
      );
    }
    this.#count += 1;
    const id = `${this.#subject.turn}.${String(this.#count).padStart(2, "0")}`;
    const startedAt = this.#clock.now();
    const note = (outcome: ToolCallFacts["outcome"], error?: string) =>
      this.#ended.push({ id, name: tool.name, outcome, error, startedAt, durationMs: this.#clock.now() - startedAt });

    const stopped = Promise.withResolvers<never>();
    const aborting = new AbortController();
    let isOver = false;
    const fail = (error: PersonaError) => {
      if (isOver) return;
      isOver = true;
      note(OUTCOMES[error.code] ?? "failed", shorten(error.message, MAX_KEPT_LENGTH));
      // First, so that the error of the call is this one, and not what it throws when it is aborted.
      stopped.reject(error);
      aborting.abort(error);
    };
    const until = startedAt + tool.timeoutMs;
    const cancel = after(this.#clock, tool.timeoutMs, () =>
      fail(new PersonaError("tool_timeout", `${tool.name} did not answer within ${tool.timeoutMs / 1000} s`)),
    );
    this.#running.set(id, fail);
    try {
      const answer = await Promise.race([this.#run(tool, args, id, until, aborting.signal), stopped.promise]);
      if (isOver) await stopped.promise;
      isOver = true;
      note("answered");
      return answer;
    } catch (cause) {
      const error = asToolError(cause, tool);
      fail(error);
      throw error;
    } finally {
      cancel();
      this.#running.delete(id);
    }
  }

  async #run(tool: RegisteredTool, args: unknown, id: string, until: number, signal: AbortSignal): Promise<unknown> {
    const given = checkJson(args, (what) => invalid(tool, `arguments: ${what}`));
    const checked = await z.safeParseAsync(tool.parameters, given);
    if (!checked.success) throw invalid(tool, describeFaults(faultsOf(checked.error, "arguments")));
    // To check them may have taken longer than the turn.
    signal.throwIfAborted();
    const refuse = (what: string) => new PersonaError("tool_failed", `${tool.name} failed: its answer ${what}`);
    if (tool.execute !== undefined) {
      const answer = await tool.execute(checked.data, { ...this.#subject, call: id, signal });
      return checkJson(answer ?? null, refuse);
    }
    const call: ToolCall = {
      id,
      ...this.#subject,
      name: tool.name,
      arguments: checkJson(checked.data, (what) => invalid(tool, `arguments: ${what}`)),
      calledAt: this.#clock.now(),
      waitsUntil: until,
    };
    return this.#askClient(call, signal);
  }
}

/** The value as JSON gives it back; throws `refuse(what is wrong with it)`. */
export function checkJson(value: unknown, refuse: (what: string) => PersonaError): unknown {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw refuse(`cannot be said in JSON (${wordsOf(cause)})`);
  }
  if (json === undefined) throw refuse("cannot be said in JSON");
  const bytes = utf8Bytes(json);
  if (bytes > MAX_TOOL_BYTES) throw refuse(`must be at most ${MAX_TOOL_BYTES} bytes as JSON, not ${bytes}`);
  return JSON.parse(json);
}

function invalid(tool: RegisteredTool, why: string): PersonaError {
  return new PersonaError("tool_invalid", shorten(`${tool.name} was not called: ${why}`, MAX_ERROR_LENGTH));
}

function asToolError(cause: unknown, tool: RegisteredTool): PersonaError {
  if (cause instanceof PersonaError && cause.code.startsWith("tool_")) return cause;
  return new PersonaError("tool_failed", shorten(`${tool.name} failed: ${wordsOf(cause)}`, MAX_ERROR_LENGTH), {
    cause,
  });
}

/** Anything can be thrown, also what throws again when it is looked at. */
function wordsOf(cause: unknown): string {
  try {
    return cause instanceof Error ? String(cause.message) : String(cause);
  } catch {
    return "it threw something that cannot be described";
  }
}
