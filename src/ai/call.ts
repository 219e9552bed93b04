/** One call of one model: its tokens go to the turn as they come, and what it said and did comes back. */
import type { Clock } from "../clock.ts";
import { tapOf } from "../cognition/tap.ts";
import { PersonaError } from "../errors.ts";
import type { ProviderCall, Usage } from "../facts.ts";
import type { CognitionTurn } from "../types.ts";
import type { Abilities } from "./abilities.ts";
import { cancelled, type Failure, failureOf } from "./failure.ts";
import { type Form, formOf } from "./form.ts";
import type { Gate, Lease } from "./gate.ts";
import type { CheckedModel, Model, ModelCall, ModelMessage, ModelPart, ModelTool } from "./options.ts";
import { loadSdk } from "./packages.ts";
import type { Redact } from "./redact.ts";
import { Spoken, type WantedCall } from "./spoken.ts";
import { type Tuning, tune } from "./tuning.ts";
import { usageOf } from "./usage.ts";

/** A model that can be called, and all that belongs to its calls. */
export interface Line {
  /** `provider:model` */
  readonly name: string;
  readonly gate: Gate;
  readonly model: Model;
  readonly options: CheckedModel & { readonly abilities: Abilities };
  readonly redact: Redact;
  readonly clock: Clock;
}

export interface Question {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
  /** Estimated. */
  readonly inputTokens: number;
}

export interface Said {
  readonly text: string;
  readonly finishReason: string;
  /** Undefined when the provider did not say, or said what cannot be true. */
  readonly usage: Usage | undefined;
  readonly calls: readonly WantedCall[];
  /** To be put before the results of the calls. */
  readonly message: ModelMessage;
}

/** What a call ended with instead of an answer. */
export class Unanswered extends Error {
  readonly failure: Failure;
  /** Whether the turn has streamed something of it: then no other model can take its place. */
  readonly hasSpoken: boolean;

  constructor(failure: Failure, hasSpoken: boolean) {
    super(failure.error.message);
    this.failure = failure;
    this.hasSpoken = hasSpoken;
  }
}

/** Of what is thought, and of what tools are given. What is said is bounded by the turn. */
const MAX_UNSAID = 4_000_000;
const NOTHING: Usage = { inputTokens: 0, outputTokens: 0 };

/** Ends the lease with what the call says of the provider. Throws `Unanswered`. */
export async function call(called: Line, lease: Lease, turn: CognitionTurn, question: Question): Promise<Said> {
  const tap = tapOf(turn);
  const line = tap === undefined ? called : { ...called, clock: tap.clock(called.clock), model: tap.model(called) };
  const { name, clock } = line;
  const [provider, model] = split(name);
  const tuning = tune(turn.session, line.options.abilities);
  const answerTokens = Math.min(
    line.options.maxOutputTokens,
    formOf(turn)?.maxOutputTokens ?? Number.POSITIVE_INFINITY,
  );
  const maxOutputTokens = answerTokens + tuning.thinkingTokens;
  const startedAt = clock.now();
  const progress: Progress = { text: "", thoughts: "", unsaid: 0, firstAt: undefined, usage: undefined };
  const note = (more: Pick<ProviderCall, "outcome" | "error" | "status" | "finishReason">) => {
    const firstTokenMs = progress.firstAt && progress.firstAt - startedAt;
    const durationMs = clock.now() - startedAt;
    const { usage, thoughts } = progress;
    const told = turn.session?.include_thoughts === true && thoughts !== "" ? { thoughts } : {};
    turn.note({ calls: [{ provider, model, startedAt, firstTokenMs, durationMs, usage, ...told, ...more }] });
  };
  // At once: the explanation of a turn that is aborted is written before anything else happens.
  const abort = () => {
    const { says, error } = cancelled(turn.signal.reason, name, progress.firstAt === undefined);
    note({ outcome: says, error: error.message });
  };
  let settle: ((usage: Usage | undefined) => void) | undefined;
  let isOut = false;
  try {
    const { inputTokens } = question;
    const reservation = await turn.reserve({ model: name, inputTokens, maxOutputTokens });
    settle = (usage) => reservation.settle(usage);
    lease.start();
    turn.signal.addEventListener("abort", abort, { once: true });
    isOut = true;
    const said = await listen(line, turn, question, { ...tuning, maxOutputTokens }, progress);
    lease.succeed();
    settle(said.usage);
    note({ outcome: "answered", finishReason: said.finishReason });
    return said;
  } catch (cause) {
    const hasSpoken = progress.text !== "";
    const hasBegun = progress.firstAt !== undefined;
    const failure = turn.signal.aborted
      ? cancelled(turn.signal.reason, name, isOut && !hasBegun)
      : failureOf(cause, name, { redact: line.redact, now: clock.now(), hasBegun });
    const { says, error, status, afterMs } = failure;
    if (says === "failed") lease.fail();
    else if (says === "throttled") lease.throttle(afterMs);
    else lease.drop();
    // Who answered with an error, or not at all, has used nothing; what broke off may have used all of it.
    const isUnused = !hasBegun && ((status ?? 0) >= 400 || error.code === "provider_unavailable");
    settle?.(isUnused ? NOTHING : progress.usage);
    if (!turn.signal.aborted) note({ outcome: says, error: error.message, ...(status !== undefined && { status }) });
    throw new Unanswered(failure, hasSpoken);
  } finally {
    turn.signal.removeEventListener("abort", abort);
  }
}

/** `provider:model` in two; a model may have colons of its own. */
export function split(name: string): [provider: string, model: string] {
  const colon = name.indexOf(":");
  return [name.slice(0, colon), name.slice(colon + 1)];
}

/** With what the whole answer may take, its thoughts included. */
type Bounded = Tuning & { readonly maxOutputTokens: number };

interface Progress {
  text: string;
  thoughts: string;
  /** Characters that were received and are not of the reply. */
  unsaid: number;
  firstAt: number | undefined;
  usage: Usage | undefined;
}

/**
 * At the level of the model's stream: `streamText` of the AI SDK gives the same, and takes as long for it as a provider
 * nearby takes to answer.
 */
async function listen(
  line: Line,
  turn: CognitionTurn,
  question: Question,
  tuning: Bounded,
  progress: Progress,
): Promise<Said> {
  const { clock } = line;
  // Of its own: an answer that is not wanted any more is cut off too.
  const controller = new AbortController();
  const abort = () => controller.abort(turn.signal.reason);
  turn.signal.addEventListener("abort", abort, { once: true });
  try {
    // Models of earlier specifications are brought to the present one.
    const model = (await loadSdk()).wrapLanguageModel({ model: line.model, middleware: [] });
    turn.signal.throwIfAborted();
    const asked = model.doStream(askedOf(line.options, question, tuning, formOf(turn), controller.signal));
    const spoken = new Spoken();
    const summaries = new Set<string>();
    let finishReason = "other";
    let raw: string | undefined;
    for await (const part of untilAborted(asked, controller.signal)) {
      if (part.type === "text-start" && isSummary(part)) summaries.add(part.id);
      const isSaid = part.type === "text-delta" && !summaries.has(part.id);
      const unsaid = isSaid ? 0 : unsaidIn(part);
      progress.unsaid += unsaid;
      if (progress.unsaid > MAX_UNSAID)
        throw new PersonaError("provider_failed", `${line.name} did not come to an end`);
      if (unsaid > 0) progress.firstAt ??= clock.now();
      if (part.type === "reasoning-delta") progress.thoughts += part.delta;
      spoken.add(part);
      if (isSaid && part.delta !== "") {
        progress.firstAt ??= clock.now();
        progress.text += part.delta;
        turn.stream(part.delta);
      } else if (part.type === "finish") {
        progress.usage = usageOf(part.usage);
        finishReason = part.finishReason.unified;
        raw = part.finishReason.raw;
      } else if (part.type === "error") {
        throw part.error;
      }
    }
    // What ends without saying why was cut off.
    if (finishReason === "error" || finishReason === "interrupted" || (finishReason === "other" && raw === undefined))
      throw new PersonaError("provider_failed", `The answer of ${line.name} broke off`);
    const { calls, message } = spoken;
    return { text: progress.text, finishReason, usage: progress.usage, calls, message };
  } finally {
    turn.signal.removeEventListener("abort", abort);
    controller.abort();
  }
}

function askedOf(
  options: CheckedModel,
  { system, messages, tools }: Question,
  tuning: Bounded,
  form: Form | undefined,
  abortSignal: AbortSignal,
): ModelCall {
  const { temperature } = options;
  const providerOptions = merged(options.providerOptions, tuning);
  return {
    prompt: [...(system === "" ? [] : [{ role: "system", content: system } as const]), ...messages],
    ...(tools.length > 0 && { tools: [...tools], toolChoice: { type: "auto" } }),
    maxOutputTokens: tuning.maxOutputTokens - tuning.addedTokens,
    ...(temperature !== undefined && { temperature }),
    ...tuning.options,
    ...(providerOptions !== undefined && { providerOptions }),
    ...(form !== undefined && { responseFormat: { type: "json", name: form.name, schema: form.schema } }),
    abortSignal,
  };
}

/** Where it is configured how a model thinks. */
const THINKING = ["thinking", "effort", "thinkingConfig", "reasoningEffort"];

/** What a session says counts before what the provider was configured with. */
function merged(configured: CheckedModel["providerOptions"] = {}, { options, own }: Tuning) {
  const both = { ...configured };
  if (options.reasoning !== undefined) {
    for (const [provider, said] of Object.entries(both))
      both[provider] = Object.fromEntries(Object.entries(said).filter(([name]) => !THINKING.includes(name)));
  }
  for (const [provider, said] of Object.entries(own)) both[provider] = { ...both[provider], ...said };
  return Object.keys(both).length === 0 ? undefined : both;
}

function unsaidIn(part: ModelPart): number {
  const isOther = part.type === "reasoning-delta" || part.type === "text-delta" || part.type === "tool-input-delta";
  return isOther ? part.delta.length : 0;
}

/** Of a context that was compressed: Anthropic sends it along, to be sent back. It is no part of the reply. */
const isSummary = ({ providerMetadata }: Extract<ModelPart, { type: "text-start" }>): boolean =>
  providerMetadata?.["anthropic"]?.["type"] === "compaction";

/** Ends with the signal, also when the model does not begin, and when its stream does not end. */
async function* untilAborted<Part>(
  asked: PromiseLike<{ readonly stream: ReadableStream<Part> }>,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const reading = Promise.resolve(asked).then(({ stream }) => stream.getReader());
  try {
    const reader = await Promise.race([reading, aborted.promise]);
    for (;;) {
      const next = await Promise.race([reader.read(), aborted.promise]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    // It need not come to an end, nor have begun.
    reading.then((reader) => reader.cancel()).catch(() => {});
  }
}
