/** What reads observations: a table of extractors, each pure, each with a version. */
import type { CognitionTurn } from "../../types.ts";
import type { Observation } from "../observation.ts";
import type { Volatility } from "../trait.ts";

/** When and where it was. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** IANA zone in which the person was. */
  readonly zone: string;
  /** Aborts when nobody waits for the findings any more. */
  readonly signal: AbortSignal;
  /** As that of a turn: who asks a model reserves the call first. Left out where nobody keeps accounts of it. */
  readonly reserve?: CognitionTurn["reserve"] | undefined;
}

/** What an observation says of a trait. How it joins what is known of it is for `merge.ts` to know. */
export type Finding = ValueFinding | SampleFinding | ScoreFinding;

interface AnyFinding {
  /** Dotted path of the trait. */
  readonly path: string;
  /** 0..1 */
  readonly confidence: number;
  readonly volatility: Volatility;
  /** Milliseconds since 1970. Default: when the observation was made. */
  readonly at?: number;
}

/** The trait is this: numbers are averaged, lists united, of anything else the more confident is kept. */
export interface ValueFinding extends AnyFinding {
  readonly kind: "value";
  readonly value: unknown;
}

/** One more measurement: the trait is their mean, `<path>.p50` and `<path>.p90` are their quantiles. */
export interface SampleFinding extends AnyFinding {
  readonly kind: "sample";
  readonly sample: number;
}

/** One more score of one key: the trait is a table that says `high`, `medium` or `low` for each key. */
export interface ScoreFinding extends AnyFinding {
  readonly kind: "score";
  readonly key: string;
  /** 1..5, or what somebody has said of it outright. */
  readonly score: number | Level;
}

export type Level = "high" | "medium" | "low";

/** High from 4 on, low below 3. */
export function levelOf(score: number): Level {
  if (score >= 4) return "high";
  return score >= 3 ? "medium" : "low";
}

export interface Extractor {
  /** `[a-z0-9_]`; with the version it is the source of what it finds. */
  readonly name: string;
  /**
   * Raised when the same observation would say something else. An observation is digested once, by the version of that
   * day: what it says now is said of those that come from now on, and `sources` of a trait name both versions.
   */
  readonly version: number;
  /** The types of observations that it reads. */
  readonly types: readonly string[];
  /**
   * Rejects when it cannot say: then nothing of the observation is applied, and it is tried again. What it finds must
   * depend on its arguments alone.
   */
  extract(observation: Observation, moment: Moment): readonly Finding[] | Promise<readonly Finding[]>;
}

/** `work_session@1` */
export const sourceOf = ({ name, version }: Pick<Extractor, "name" | "version">): string => `${name}@${version}`;
