/** A turn that belongs to no conversation: one question to a model, answered with one JSON object. */
import { after, type Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { Cognition, CognitionFacts, CognitionTurn, Providers, Usage } from "../types.ts";
import { demand, type Form } from "./form.ts";

export interface SoleQuestion {
  /** Who is asked: `judge`. */
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  /** The one thing that it hears. */
  readonly text: string;
  readonly form: Form;
  readonly signal: AbortSignal;
  /** Default: nobody keeps accounts of it. */
  readonly reserve?: CognitionTurn["reserve"] | undefined;
}

export interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Longer answers are none. */
const MAX_ANSWER = 10_000;

/** What came of a question. */
export interface Said {
  /** Undefined if it is no JSON. */
  readonly answer: unknown;
  readonly usage: Usage | undefined;
  /** `provider:model` that answered in the end. */
  readonly model: string | undefined;
}

/**
 * What the model says, as JSON. Rejects with `cognition_timeout`, `cognition_invalid` for an
 * answer that goes on and on, or as the call of a model fails.
 */
export async function asked(cognition: Cognition, question: SoleQuestion, patience: Patience): Promise<Said> {
  const { clock, timeoutMs } = patience;
  const timeout = new AbortController();
  const late = new PersonaError("cognition_timeout", `The ${question.id} did not answer within ${timeoutMs / 1000} s`);
  const until = clock.now() + timeoutMs;
  const cancel = after(clock, timeoutMs, () => timeout.abort(late));
  try {
    const signal = AbortSignal.any([question.signal, timeout.signal]);
    signal.throwIfAborted();
    let model: string | undefined;
    const note = (facts: CognitionFacts) => {
      if (facts.provider !== undefined && facts.model !== undefined) model = `${facts.provider}:${facts.model}`;
    };
    const turn = { ...turnOf({ ...question, signal }, until), note };
    demand(turn, question.form);
    const answer = await cognition(turn);
    const { text = "", usage } = typeof answer === "object" && "text" in answer ? answer : {};
    return { answer: parsed(text), usage, model };
  } finally {
    cancel();
  }
}

/** Who answers for a model; throws `provider_unknown`, or `invalid_input` without a model. */
export function cognitionOf(providers: Providers, model: string | undefined): Cognition {
  const cognition = providers.cognition(model);
  if (cognition !== undefined) return cognition;
  const fault = { field: "model", message: "must be given, since the providers have no default" };
  throw new PersonaError("invalid_input", `${fault.field} ${fault.message}`, { fields: [fault] });
}

function turnOf({ id, name, instructions, text, signal, reserve }: SoleQuestion, deadline: number): CognitionTurn {
  let length = 0;
  return {
    id,
    persona: { id, name, instructions, model: undefined },
    conversation: id,
    text,
    trigger: { id, from: { kind: "human", id }, text, at: 0, turn: undefined },
    context: [],
    attempt: 1,
    tools: [],
    deadline,
    signal,
    history: async () => [],
    earlier: async () => 0,
    room: async () => undefined,
    stream(token) {
      length += token.length;
      if (length <= MAX_ANSWER) return;
      throw new PersonaError("cognition_invalid", `The ${id} answered more than ${MAX_ANSWER} characters`);
    },
    note() {},
    reserve: reserve ?? (async () => ({ settle() {} })),
  };
}

/** Some models put a fence around what is JSON. */
const FENCED = /^```(?:json)?\s*([^`]*)```$/;

function parsed(answer: string): unknown {
  const text = answer.trim();
  try {
    return JSON.parse(FENCED.exec(text)?.[1] ?? text);
  } catch {
    return undefined;
  }
}
