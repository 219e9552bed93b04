/**
 * How a session goes through its sequence: a state machine without time or storage. What it is told gives the next
 * progress and the changes that were made, each of them once; where nothing changes the same progress comes back.
 *
 * A step is over when somebody advances from it, when its exit criteria are met, or at its turn bound; and not before each
 * of its `require_tools` was called. Until then to advance is refused (`step_incomplete`), while a verdict that it is done
 * and a bound that is reached are kept, and hold with the turn that calls the last of them.
 *
 * | completion | after the last step | ends |
 * |---|---|---|
 * | `all_steps` | – | when the last step is over |
 * | `explicit_close` | it stays | when somebody closes it |
 * | `max_turns` | it stays | at the turn bound of the sequence, in whatever step |
 *
 * Each of them can be closed at any time. An end by a close or a bound counts the step that it finds as completed only if
 * that could have been left: it is the last one, or its verdict or bound is there, and no tool is missing.
 */
import * as z from "zod";
import { PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import { quoteId } from "../ids.ts";
import type { ResolvedSession } from "./resolved-session.ts";
import type { Frozen, SequenceStep } from "./schema.ts";

const count = z.int().min(0);

export const sequenceProgressSchema = z.strictObject({
  status: z.enum(["running", "completed"]),
  /** Of the step that it is in, or was when it ended. */
  step_index: count,
  /** Turns since the session began, and of those the ones that began in this step. */
  turns: count,
  turns_in_step: count,
  /** Of the tools that this step requires, those that were called in it. */
  tools: z.array(z.string()),
  /** The last one of a judge, of this step or of an earlier one. */
  verdict: z
    .strictObject({
      step_id: z.string(),
      met: z.boolean(),
      /** The judge's words. */
      reason: z.string(),
      /** How many turns there were by then. */
      turns: count,
    })
    .exactOptional(),
});

export type SequenceProgress = Frozen<z.output<typeof sequenceProgressSchema>>;

/** Why a step or a sequence is where it is. */
const STEP_REASONS = ["begun", "advanced", "exit_criteria", "max_turns", "closed"] as const;
export type StepReason = (typeof STEP_REASONS)[number];

export interface StepChange {
  readonly sequence_id: string;
  readonly step_id: string;
  readonly step_index: number;
  readonly status: "entered" | "completed" | "sequence_completed";
  readonly reason: StepReason;
}

/** What became of it. */
export interface Moved {
  readonly progress: SequenceProgress;
  readonly changes: readonly StepChange[];
}

/** Longer words of a judge are cut. */
const MAX_REASON_LENGTH = 1_000;

/** Enters the step that the session was resolved to. Undefined: it has no sequence. */
export function begin(session: ResolvedSession): Moved | undefined {
  if (session.steps === undefined) return undefined;
  const index = session.step_index ?? 0;
  const progress: SequenceProgress = { status: "running", step_index: index, turns: 0, turns_in_step: 0, tools: [] };
  return { progress, changes: [change(session, index, "entered", "begun")] };
}

/**
 * A turn was answered. `step`: id of the step in which it began; what it did counts for that one alone. `tools`: names of
 * those that it called and that answered.
 */
export function afterTurn(
  session: ResolvedSession,
  progress: SequenceProgress,
  { step, tools }: { readonly step: string; readonly tools: readonly string[] },
): Moved {
  if (progress.status === "completed") return still(progress);
  const now = stepAt(session, progress.step_index);
  const isHere = step === now.id;
  const turns = progress.turns + 1;
  const seen = isHere
    ? {
        turns_in_step: progress.turns_in_step + 1,
        tools: now.require_tools.filter((name) => progress.tools.includes(name) || tools.includes(name)),
      }
    : {};
  const counted = { ...progress, turns, ...seen };
  const { sequence_completion: completion, sequence_max_turns: bound = Number.POSITIVE_INFINITY } = session;
  if (completion === "max_turns" && turns >= bound) return end(session, counted, "max_turns");
  const due = dueReason(now, counted);
  return due === undefined ? still(counted) : leave(session, counted, due);
}

/**
 * Somebody wants to go on from the step `from`. If that was left already, or is the last one and stays, nothing changes.
 * Throws `step_not_found` for a step of another sequence, `step_not_current` for one that is not reached yet, and
 * `step_incomplete` when it has a tool that was not called.
 */
export function advance(
  session: ResolvedSession,
  progress: SequenceProgress,
  { from }: { readonly from: string },
): Moved {
  const index = session.steps?.findIndex(({ id }) => id === from) ?? -1;
  if (index === -1) {
    const known = session.steps?.map(({ id }) => id).join(", ");
    const there = known === undefined ? "the session has no sequence" : `there are ${known}`;
    throw new PersonaError("step_not_found", `There is no step ${quoteId(from)} to advance from: ${there}`);
  }
  if (progress.status === "completed" || index < progress.step_index) return still(progress);
  const now = stepAt(session, progress.step_index);
  if (index > progress.step_index)
    throw new PersonaError(
      "step_not_current",
      `The step ${quoteId(from)} cannot be left: the session is in ${quoteId(now.id)}`,
    );
  const missing = missingTools(now, progress);
  if (missing.length > 0)
    throw new PersonaError(
      "step_incomplete",
      `The step ${quoteId(from)} is not complete before ${missing.join(", ")} was called`,
    );
  return leave(session, progress, "advanced");
}

/** A judge has looked at the exit criteria of `step`. A verdict on a step that was left meanwhile changes nothing. */
export function judged(
  session: ResolvedSession,
  progress: SequenceProgress,
  { step, met, reason }: { readonly step: string; readonly met: boolean; readonly reason: string },
): Moved {
  const now = stepAt(session, progress.step_index);
  if (progress.status === "completed" || step !== now.id) return still(progress);
  const words = reason.toWellFormed().slice(0, MAX_REASON_LENGTH).toWellFormed();
  const verdict = { step_id: step, met, reason: words, turns: progress.turns };
  const known = { ...progress, verdict };
  return met && missingTools(now, known).length === 0 ? leave(session, known, "exit_criteria") : still(known);
}

/** Ends it, wherever it is. A second close changes nothing. */
export function close(session: ResolvedSession, progress: SequenceProgress): Moved {
  return progress.status === "completed" ? still(progress) : end(session, progress, "closed");
}

/** A progress that was stored. Throws `store_corrupt` when it is not whole, or not one of this session. */
export function readProgress(session: ResolvedSession, stored: unknown): SequenceProgress {
  const read = sequenceProgressSchema.safeParse(stored);
  const fault = read.success ? misfit(session, read.data) : describeFaults(faultsOf(read.error, "progress"));
  if (!read.success || fault !== undefined)
    throw new PersonaError("store_corrupt", `The progress of the session is damaged: ${fault}`);
  return read.data;
}

function misfit(session: ResolvedSession, progress: SequenceProgress): string | undefined {
  const step = session.steps?.[progress.step_index];
  if (step === undefined) return `it has no step ${progress.step_index}`;
  if (progress.turns_in_step > progress.turns) return "it counts more turns in its step than in all";
  const foreign = progress.tools.find((name) => !step.require_tools.includes(name));
  return foreign === undefined ? undefined : `its step does not require ${foreign}`;
}

/** Why the present step is over, if it is. */
function dueReason(step: SequenceStep, progress: SequenceProgress): StepReason | undefined {
  if (missingTools(step, progress).length > 0) return undefined;
  const { verdict } = progress;
  if (verdict?.step_id === step.id && verdict.met) return "exit_criteria";
  return progress.turns_in_step >= (step.max_turns ?? Number.POSITIVE_INFINITY) ? "max_turns" : undefined;
}

/** The present step is over: the next one, or the end, or neither where the last one stays. */
function leave(session: ResolvedSession, progress: SequenceProgress, reason: StepReason): Moved {
  const index = progress.step_index;
  const completed = change(session, index, "completed", reason);
  if (!isLast(session, index)) {
    const next = { ...progress, step_index: index + 1, turns_in_step: 0, tools: [] };
    return { progress: next, changes: [completed, change(session, index + 1, "entered", reason)] };
  }
  if (session.sequence_completion !== "all_steps") return still(progress);
  const over = change(session, index, "sequence_completed", reason);
  return { progress: { ...progress, status: "completed" }, changes: [completed, over] };
}

function end(session: ResolvedSession, progress: SequenceProgress, reason: StepReason): Moved {
  const index = progress.step_index;
  const step = stepAt(session, index);
  const isDone = isLast(session, index)
    ? missingTools(step, progress).length === 0
    : dueReason(step, progress) !== undefined;
  const over = change(session, index, "sequence_completed", reason);
  const changes = isDone ? [change(session, index, "completed", reason), over] : [over];
  return { progress: { ...progress, status: "completed" }, changes };
}

const isLast = ({ steps }: ResolvedSession, index: number): boolean => index + 1 === steps?.length;

const missingTools = ({ require_tools }: SequenceStep, { tools }: SequenceProgress): readonly string[] =>
  require_tools.filter((name) => !tools.includes(name));

const still = (progress: SequenceProgress): Moved => ({ progress, changes: [] });

function stepAt({ steps }: ResolvedSession, index: number): SequenceStep {
  const step = steps?.[index];
  if (step === undefined) throw new PersonaError("internal", `A session without step ${index} goes through a sequence`);
  return step;
}

function change(session: ResolvedSession, index: number, status: StepChange["status"], reason: StepReason): StepChange {
  return {
    sequence_id: session.sequence_id ?? "",
    step_id: stepAt(session, index).id,
    step_index: index,
    status,
    reason,
  };
}
