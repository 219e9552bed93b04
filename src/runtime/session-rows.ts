/** What a session follows, as it is stored and as it is read back. */
import * as z from "zod";
import { at } from "../catalogue/resolve.ts";
import { type ResolvedSession, readResolvedSession } from "../catalogue/resolved-session.ts";
import { readProgress, type SequenceProgress, type StepChange } from "../catalogue/sequence.ts";
import { PersonaError } from "../errors.ts";
import type { SequenceStepRow, SessionRow, Store } from "../store/port.ts";

/** What was asked for when the session was opened; what is left out is the persona's default. */
export interface Asked {
  readonly role_id?: string;
  /** Null: none. */
  readonly sequence_id?: string | null;
}

/** What a session follows. */
export interface Followed {
  readonly asked: Asked;
  /** At the current step. */
  readonly resolved: ResolvedSession;
  /** Undefined without a sequence. */
  readonly progress: SequenceProgress | undefined;
  /** Of the row. */
  readonly version: number;
}

const askedSchema = z.strictObject({
  role_id: z.string().exactOptional(),
  sequence_id: z.string().nullable().exactOptional(),
});
const snapshotSchema = z.strictObject({ asked: askedSchema, resolved: z.unknown() });

export function snapshotText({ asked, resolved }: Pick<Followed, "asked" | "resolved">): string {
  return JSON.stringify({ asked, resolved: at(resolved, 0) });
}

export function progressText(progress: SequenceProgress | undefined): string {
  return JSON.stringify(progress ?? null);
}

/** Throws `session_damaged` unless the row is whole; `id` is that of the session. */
export function followedBy({ snapshot, progress, version }: SessionRow, id: string): Followed {
  try {
    const { asked, ...read } = snapshotSchema.parse(JSON.parse(snapshot));
    const resolved = readResolvedSession(read.resolved);
    const come: unknown = JSON.parse(progress);
    if (resolved.steps === undefined && come === null) return { asked, resolved, progress: undefined, version };
    const reached = readProgress(resolved, come);
    return { asked, resolved: at(resolved, reached.step_index), progress: reached, version };
  } catch (cause) {
    const message = `What the session ${id} follows is damaged in the store; close it, and go on in another one`;
    throw new PersonaError("session_damaged", message, { cause });
  }
}

/** The rows of what has happened to the steps of a session. */
export function stepRows(
  changes: readonly StepChange[],
  progress: SequenceProgress | undefined,
  where: Pick<SequenceStepRow, "tenant" | "conversation" | "turn" | "at">,
  store: Pick<Store, "allocate">,
): readonly SequenceStepRow[] {
  const verdict = progress?.verdict;
  return changes.map(({ sequence_id, step_id, step_index, status, reason }) => ({
    key: store.allocate("sequence_step"),
    ...where,
    sequence: sequence_id,
    step: step_id,
    stepIndex: step_index,
    status,
    reason,
    verdict: status === "completed" && verdict?.step_id === step_id ? JSON.stringify(verdict) : null,
  }));
}
