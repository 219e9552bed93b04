/**
 * Answers a turn with the first model of a chain that can: calls it, runs the tools it asks for, calls it again.
 * As soon as something was streamed no other model takes its place.
 */
import { PersonaError } from "../errors.ts";
import type { Usage } from "../facts.ts";
import { assemble } from "../prompt/assemble.ts";
import { estimateTokens } from "../tokens.ts";
import type { CognitionAnswer, CognitionTurn } from "../types.ts";
import { call, type Line, type Said, split, Unanswered } from "./call.ts";
import type { Lease } from "./gate.ts";
import type { ModelMessage, ModelTool } from "./options.ts";
import type { WantedCall } from "./spoken.ts";
import { sum } from "./usage.ts";

/** Calls of a model for one answer; each but the last may ask for tools. */
const MAX_CALLS = 8;
const RETRY_MS = 1_000;

/** The models to try, in this order. */
export type Chain = readonly [Line, ...Line[]];

/** The place in a chain where there is room now. */
export interface Start {
  readonly at: number;
  /** Undefined: it has to be waited for. */
  readonly lease: Lease | undefined;
}

export async function answer(turn: CognitionTurn, chain: Chain, start: Start): Promise<CognitionAnswer> {
  const dialogue = new Dialogue(turn, chain, start);
  const { system, messages, tokens, facts } = await assemble(turn);
  turn.note({ prompt: facts });
  const tools = toolsOf(turn);
  const said: ModelMessage[] = messages.map(({ role, content }) => ({
    role,
    content: [{ type: "text", text: content }],
  }));
  let text = "";
  let usage: Usage | undefined;
  for (let count = 1; count <= MAX_CALLS; count += 1) {
    const inputTokens = tokens + estimateTokens(JSON.stringify([said.slice(messages.length), namesOf(turn)]));
    const next = await dialogue.ask({ system, messages: said, tools, inputTokens });
    text += next.text;
    usage = count === 1 ? next.usage : sum(usage, next.usage);
    if (next.calls.length === 0) return conclude(dialogue.line, next, text, usage);
    // Of those that the last call asks for nobody would be told.
    if (count < MAX_CALLS) said.push(next.message, await results(turn, next));
  }
  const { name } = dialogue.line;
  throw new PersonaError(
    "cognition_failed",
    `${name} asked for tools in ${MAX_CALLS} calls in a row without answering`,
  );
}

/** Asks the model that answered before, and the next ones as long as none has. */
class Dialogue {
  readonly #turn: CognitionTurn;
  readonly #chain: Chain;
  #at: number;
  #lease: Lease | undefined;
  #hasSpoken = false;

  constructor(turn: CognitionTurn, chain: Chain, { at, lease }: Start) {
    this.#turn = turn;
    this.#chain = chain;
    this.#at = at;
    this.#lease = lease;
  }

  get line(): Line {
    return this.#chain[this.#at] ?? this.#chain[0];
  }

  async ask(question: Parameters<typeof call>[3]): Promise<Said> {
    let first: PersonaError | undefined;
    for (;;) {
      const lease = this.#lease ?? (await this.#enter(first));
      this.#lease = undefined;
      try {
        const said = await call(this.line, lease, this.#turn, question);
        this.#hasSpoken ||= said.text !== "";
        const [provider, model] = split(this.line.name);
        this.#turn.note({ provider, model });
        return said;
      } catch (cause) {
        if (!(cause instanceof Unanswered)) throw cause;
        const { failure, hasSpoken } = cause;
        first ??= failure.error;
        const isLast = this.#at + 1 >= this.#chain.length;
        if (hasSpoken || this.#hasSpoken || !failure.elsewhere || isLast) throw this.#whenAgain(first);
        this.#at += 1;
      }
    }
  }

  /** Room at the present model, or at a later one if this is shut and nothing was said. Throws when all are. */
  async #enter(before: PersonaError | undefined): Promise<Lease> {
    for (let at = this.#at; at < this.#chain.length; at += 1) {
      const { gate } = this.#chain[at] as Line;
      const lease = await roomAt(gate, this.#turn);
      if (lease !== undefined) {
        this.#at = at;
        return lease;
      }
      if (this.#hasSpoken) break;
    }
    throw before === undefined ? shut(this.#chain) : this.#whenAgain(before);
  }

  /** What waits comes back when any of the models may be called again. */
  #whenAgain(error: PersonaError): PersonaError {
    if (error.code !== "provider_throttled" && error.code !== "provider_unavailable") return error;
    return new PersonaError(error.code, error.message, { retryAfterMs: shortestWait(this.#chain) });
  }
}

/** Waits for it while the provider is only busy. Undefined: it is shut. */
async function roomAt(gate: Line["gate"], turn: CognitionTurn): Promise<Lease | undefined> {
  for (;;) {
    const lease = gate.enter(turn);
    if (lease !== undefined || gate.obstacle !== "provider_busy") return lease;
    const again = Promise.withResolvers<void>();
    const cancel = gate.wait(turn, { again: again.resolve, roams: true, runs: true });
    const abort = () => again.reject(turn.signal.reason);
    turn.signal.addEventListener("abort", abort, { once: true });
    try {
      turn.signal.throwIfAborted();
      await again.promise;
    } catch (cause) {
      cancel();
      throw cause;
    } finally {
      turn.signal.removeEventListener("abort", abort);
    }
  }
}

/** What to say when none of these models may be called. */
export function shut(chain: readonly Line[]): PersonaError {
  const retryAfterMs = shortestWait(chain);
  const names = chain.map(({ name }) => name).join(", ");
  const isThrottled = chain.every(({ gate }) => gate.obstacle === "provider_throttled");
  return isThrottled
    ? new PersonaError("provider_throttled", `${names} asked to be called later`, { retryAfterMs })
    : new PersonaError("provider_unavailable", `${names} cannot be called at the moment`, { retryAfterMs });
}

/** Until one of these models may be called; a second where it may be called now. */
function shortestWait(chain: readonly Line[]): number {
  return Math.min(...chain.map(({ gate, clock }) => (gate.until === undefined ? RETRY_MS : gate.until - clock.now())));
}

function conclude({ name }: Line, { finishReason }: Said, text: string, usage: Usage | undefined): CognitionAnswer {
  if (text.trim() !== "") return usage === undefined ? { text } : { text, usage };
  if (finishReason === "content-filter") return { decline: "content_filter" };
  if (finishReason === "length")
    throw new PersonaError("provider_failed", `${name} came to its maximum of tokens before it said anything`);
  throw new PersonaError("cognition_invalid", `${name} answered nothing (${finishReason})`);
}

const namesOf = (turn: CognitionTurn) =>
  turn.tools.map(({ name, description, inputSchema }) => [name, description, inputSchema]);

/** They are run here, between two calls: meanwhile none is held open, and the provider has room for others. */
function toolsOf(turn: CognitionTurn): ModelTool[] {
  return turn.tools.map(({ name, description, inputSchema }) => ({
    type: "function",
    name,
    description,
    inputSchema: inputSchema as ModelTool["inputSchema"],
  }));
}

type ToolMessage = Extract<ModelMessage, { role: "tool" }>;
type ToolResult = Extract<ToolMessage["content"][number], { type: "tool-result" }>;

/** What became of the calls, for the model. What is wrong with a call is told to the model; the turn's end ends all. */
async function results(turn: CognitionTurn, { calls }: Said): Promise<ToolMessage> {
  return { role: "tool", content: await Promise.all(calls.map((call) => run(turn, call))) };
}

async function run(turn: CognitionTurn, { id, tool: name, input }: WantedCall): Promise<ToolResult> {
  const result = (output: ToolResult["output"]): ToolResult => ({
    type: "tool-result",
    toolCallId: id,
    toolName: name,
    output,
  });
  const wrong = (value: string) => result({ type: "error-text", value });
  const tool = turn.tools.find((one) => one.name === name);
  if (tool === undefined)
    return wrong(`There is no tool ${name}; there are ${turn.tools.map((one) => one.name).join(", ")}.`);
  if (input === undefined) return wrong("The arguments are no JSON; send one JSON object.");
  try {
    const value = await tool.call(input.value);
    return result(
      typeof value === "string" ? { type: "text", value } : { type: "json", value: value as JsonOutput["value"] },
    );
  } catch (error) {
    turn.signal.throwIfAborted();
    return wrong(error instanceof PersonaError ? error.message : "The tool failed");
  }
}

type JsonOutput = Extract<ToolResult["output"], { type: "json" }>;
