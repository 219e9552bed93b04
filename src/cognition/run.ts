/** Runs a cognition to its end and says what it answered. */
import { PersonaError } from "../errors.ts";
import type { Cognition, CognitionAnswer, CognitionTurn, Usage } from "../types.ts";
import { usageSchema } from "./facts.ts";
import { shorten } from "./shorten.ts";

export type Answered =
  | { readonly kind: "reply"; readonly text: string; readonly usage: Usage | undefined }
  | { readonly kind: "declined"; readonly reason: string };

const MAX_REPLY_LENGTH = 1_000_000;
const MAX_REASON_LENGTH = 256;
const MAX_ERROR_LENGTH = 2_000;

/** How far a turn has come, beside what cognition sees of it. */
export interface Progress {
  /** What was streamed so far. */
  readonly spoken: string;
  /** True once nobody waits for the answer any more. */
  readonly over: boolean;
}

/**
 * Throws `cognition_failed` when the handler threw, `cognition_invalid` when it answered something
 * that is no reply.
 */
export async function runCognition(cognition: Cognition, turn: CognitionTurn, progress: Progress): Promise<Answered> {
  try {
    const answer = await cognition(turn);
    if (!isStream(answer)) return checkAnswer(answer, turn, progress.spoken);
    for await (const token of answer) {
      turn.stream(token);
      if (progress.over) break;
    }
    return checkAnswer(undefined, turn, progress.spoken);
  } catch (cause) {
    throw asCoded(cause);
  }
}

/** Throws `cognition_invalid` for what cannot follow `spoken` characters of a reply. */
export function checkPart(part: unknown, spoken: number): asserts part is string {
  if (typeof part !== "string") throw invalid(`streamed ${describe(part)} instead of a text`);
  const length = spoken + part.length;
  if (length > MAX_REPLY_LENGTH) throw invalid(`answered ${length} characters; at most ${MAX_REPLY_LENGTH} are kept`);
}

function checkAnswer(
  answer: Exclude<CognitionAnswer, AsyncIterable<string>>,
  turn: CognitionTurn,
  spoken: string,
): Answered {
  if (answer === undefined) {
    if (spoken === "") throw invalid("neither returned nor streamed a text");
    return reply(spoken, undefined);
  }
  const said = typeof answer === "string" ? { text: answer } : answer;
  if (said === null || typeof said !== "object") throw invalid(`returned ${describe(said)}`);
  if ("decline" in said) {
    if (typeof said.decline !== "string" || said.decline === "") throw invalid("declined without a reason");
    return { kind: "declined", reason: shorten(said.decline, MAX_REASON_LENGTH) };
  }
  if (!("text" in said) || typeof said.text !== "string")
    throw invalid("returned an object without `text` or `decline`");
  if (said.text === "") throw invalid("returned an empty text");
  // Whoever listens has heard nothing of a text that is only returned.
  if (spoken === "") turn.stream(said.text);
  return reply(said.text, said.usage);
}

function reply(text: string, usage: Usage | undefined): Answered {
  checkPart(text, 0);
  // The store keeps UTF-8, which has no halves of surrogate pairs.
  const kept = text.toWellFormed();
  if (usage === undefined) return { kind: "reply", text: kept, usage };
  const counted = usageSchema.safeParse(usage);
  if (!counted.success) throw invalid("reported a usage that is not a count of tokens");
  return { kind: "reply", text: kept, usage: counted.data };
}

const isStream = (answer: CognitionAnswer): answer is AsyncIterable<string> =>
  typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;

function invalid(what: string): PersonaError {
  return new PersonaError(
    "cognition_invalid",
    `The cognition ${what}; it must give a text, { text, usage? }, { decline: reason }, or a stream of texts`,
  );
}

/** Anything can be thrown, also what throws again when it is looked at. */
function asCoded(cause: unknown): PersonaError {
  let words = "The cognition threw something that cannot be described";
  try {
    if (cause instanceof PersonaError) return cause;
    if (cause instanceof Error) words = String(cause.message);
    else words = typeof cause === "string" ? cause : `The cognition threw ${describe(cause)}`;
  } catch {
    // Then the words above must do.
  }
  return new PersonaError("cognition_failed", shorten(words, MAX_ERROR_LENGTH), { cause });
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return "an object";
  if (typeof value === "function") return "a function";
  return `${typeof value} ${String(value).slice(0, 100)}`;
}
