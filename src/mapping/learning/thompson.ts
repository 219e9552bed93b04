/**
 * Thompson sampling for rules (Russo et al., A Tutorial on Thompson Sampling, 2018), discounted so that it follows what
 * changes (Raj and Kalyani, 2017). Pure; draws are as random as the numbers that they are given.
 *
 * Of each rule it keeps how often it helped and did not, as a Beta distribution. The weight that people see is twice its
 * mean, so that 1 is a rule of which nothing is known. Ranking is by the mean of a few draws: curious, but not wild.
 */
import { clamped } from "./law.ts";
import type { Learning } from "./settings.ts";

export interface Belief {
  /** Helpful, with the prior. */
  readonly alpha: number;
  /** Unhelpful, with the prior. */
  readonly beta: number;
}

/** So many answers the weight in the document is worth. */
const PRIOR = 2;
/** Averaging draws explores less: with one draw the regret of a thousand impressions is a quarter higher. */
const DRAWS = 4;

/** What is believed of a rule before anybody has said anything: what its author's weight says. */
export function priorOf(weight: number): Belief {
  const mean = Math.min(0.95, Math.max(0.05, weight / 2));
  return { alpha: PRIOR * mean, beta: PRIOR * (1 - mean) };
}

/** What was learned before fades; the prior stays. */
export function learned(belief: Belief, prior: Belief, helpful: boolean, { discount }: Learning): Belief {
  return {
    alpha: prior.alpha + (belief.alpha - prior.alpha) * discount + (helpful ? 1 : 0),
    beta: prior.beta + (belief.beta - prior.beta) * discount + (helpful ? 0 : 1),
  };
}

export function meanWeight({ alpha, beta }: Belief, settings: Learning): number {
  return clamped((2 * alpha) / (alpha + beta), settings);
}

/** @param random Numbers from 0 to 1, as `Math.random`. */
export function drawnWeight({ alpha, beta }: Belief, settings: Learning, random: () => number): number {
  let sum = 0;
  for (let n = 0; n < DRAWS; n += 1) {
    const helped = gamma(alpha, random);
    const failed = gamma(beta, random);
    // Both are 0 only for beliefs of almost nothing, where either answer is as good.
    sum += helped + failed > 0 ? helped / (helped + failed) : 0.5;
  }
  return clamped((2 * sum) / DRAWS, settings);
}

/** A draw of a Gamma distribution of scale 1 (Marsaglia and Tsang, 2000). */
function gamma(shape: number, random: () => number): number {
  if (shape < 1) return gamma(shape + 1, random) * positive(random) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(positive(random))) * Math.cos(2 * Math.PI * random());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(positive(random)) < normal ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Not 0, whose logarithm is none. */
const positive = (random: () => number) => 1 - random();
