/** What a benchmark asks of an engine. */
import type { RuleSuggestion } from "../../src/mapping/engine.ts";
import type { Step, Workload } from "./workload.ts";

export interface Contender {
  /** Learns, and gives the indexes of the rules that fire, in any order. */
  fired(step: Step): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Learns, and answers as the public call does: the first five, with texts and reasons. */
  suggest?(step: Step): readonly RuleSuggestion[];
  /** Learns only. */
  learn?(step: Step): void;
}

/** Everybody is asked in one context at one moment; the pairs of a rule and a person for whom it fires. */
export interface CrowdContender {
  pass(step: Step): Pairs | Promise<Pairs>;
}

/** How many pairs there are, and the sum of their numbers, which is not timed where the pairs are there to be added. */
export interface Pairs {
  readonly pairs: number;
  sum(): number;
}

export interface Engine {
  readonly title: string;
  one(workload: Workload): Contender;
  /** `levels` holds the traits of each person, one after the other. */
  many(workload: Workload, levels: Float64Array): CrowdContender;
}
