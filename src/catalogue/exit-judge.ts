/** Who says whether the exit criteria of a step are met: a port. */
import type { CognitionTurn, TurnMessage } from "../types.ts";
import type { ResolvedSession } from "./resolved-session.ts";
import type { SequenceStep } from "./schema.ts";

export interface ExitQuestion {
  readonly session: ResolvedSession;
  /** The step in question; it has exit criteria. */
  readonly step: SequenceStep;
  /** What was said last in the session, oldest first. */
  readonly messages: readonly TurnMessage[];
  /** Aborts when nobody waits for the verdict any more. */
  readonly signal: AbortSignal;
  /** As that of a turn: sets aside what the verdict may cost. Left out where nobody keeps accounts of it. */
  readonly reserve?: CognitionTurn["reserve"] | undefined;
}

export interface Verdict {
  readonly met: boolean;
  readonly reason: string;
}

/** Rejects when it cannot say: then the step stays as it is, and is judged again after the next turn. */
export type ExitJudge = (question: ExitQuestion) => Promise<Verdict>;
