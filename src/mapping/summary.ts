/** Who puts into words what a core says: a port. */
import type { CognitionTurn, Usage } from "../types.ts";
import type { Traits } from "./trait.ts";

export interface SummaryQuestion {
  readonly persona: string;
  readonly person: string;
  readonly mapper: string;
  readonly traits: Traits;
  /** What the person has said about themselves, the best match first. */
  readonly narratives: readonly string[];
  /** Aborts when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** As that of a turn. Left out where nobody keeps accounts of it. */
  readonly reserve?: CognitionTurn["reserve"] | undefined;
}

export interface Summary {
  readonly text: string;
  readonly usage?: Usage | undefined;
  /** `provider:model` that said it, for what it cost. */
  readonly model?: string | undefined;
}

/** Rejects when it cannot say: then the core is without a summary. */
export type Summarize = (question: SummaryQuestion) => Promise<Summary>;
