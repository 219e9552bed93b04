/**
 * Persons who are shown suggestions and say whether they helped, replayed with the same people, moments and moods for
 * each strategy. What a strategy learns with is the code that the Configuration Adjuster learns with.
 */
import { judged, type Moved } from "../../src/mapping/learning/law.ts";
import { type Learning, learningSchema } from "../../src/mapping/learning/settings.ts";
import { type Belief, drawnWeight, learned, priorOf } from "../../src/mapping/learning/thompson.ts";
import { random } from "../../src/random.ts";

export interface Plan {
  readonly seed: number;
  readonly impressions: number;
  /** Half way through, other rules help than before. */
  readonly drift: boolean;
}

export interface Outcome {
  /** Of each shown suggestion: how much likelier the best that could be shown was to help. */
  readonly regret: number;
  /** Of those that were shown in the last tenth: how many helped. */
  readonly hits: number;
}

const RULES = 40;
/** Rules that fire at a moment, and those of them that are shown. */
const ELIGIBLE = 8;
const SHOWN = 3;
/** Some twenty persons, each twice a day. */
const STEP_MS = 36 * 60_000;
const DAY_MS = 86_400_000;

/** Ranks rules, and is told what somebody has said of one. */
interface Learner {
  weight(rule: number): number;
  told(rule: number, helpful: boolean, at: number): void;
}

export const STRATEGIES = {
  fixed: () => fixed(),
  "law of the earlier system": () => law(learningSchema.parse({ cooldown_hours: 0 }), { counts: "again" }),
  law: () => law(learningSchema.parse({}), { counts: "once" }),
  thompson: (seed: number) => thompson(learningSchema.parse({}), seed),
  "thompson, nothing forgotten": (seed: number) => thompson(learningSchema.parse({ discount: 1 }), seed),
} as const;

export type StrategyName = keyof typeof STRATEGIES;

export function simulated(strategy: StrategyName, { seed, impressions, drift }: Plan): Outcome {
  const world = random(seed);
  const helpfulness = Array.from({ length: RULES }, () => betaOf2And3(world));
  const learner = STRATEGIES[strategy](seed + 1_000_000);
  let lost = 0;
  let hits = 0;
  const tail = Math.floor(impressions * 0.9);
  for (let n = 0; n < impressions; n += 1) {
    if (drift && n === Math.floor(impressions / 2)) shuffle(helpfulness, world);
    const eligible = sample(world);
    const moods = eligible.map(() => world());
    const ranked = eligible
      .map((rule, place) => ({ rule, mood: moods[place] ?? 0, weight: learner.weight(rule) }))
      // As the engine does: by weight, then in the order of the document.
      .sort((a, b) => b.weight - a.weight || a.rule - b.rule);
    const chances = eligible.map((rule) => helpfulness[rule] ?? 0).sort((a, b) => b - a);
    for (const [place, { rule, mood }] of ranked.slice(0, SHOWN).entries()) {
      const chance = helpfulness[rule] ?? 0;
      lost += (chances[place] ?? 0) - chance;
      const helpful = mood < chance;
      if (n >= tail && helpful) hits += 1;
      learner.told(rule, helpful, n * STEP_MS);
    }
  }
  return { regret: lost / (impressions * SHOWN), hits: hits / ((impressions - tail) * SHOWN) };
}

const fixed = (): Learner => ({ weight: () => 1, told() {} });

/** The earlier system lowered a weight at each further unhelpful answer, once five were within the week. */
function law(settings: Learning, { counts }: { readonly counts: "once" | "again" }): Learner {
  const moved = Array.from({ length: RULES }, (): Moved => ({ weight: 1, direction: 0, at: 0 }));
  /** Since the weight was lowered last. */
  const unhelpful = Array.from({ length: RULES }, (): number[] => []);
  return {
    weight: (rule) => moved[rule]?.weight ?? 1,
    told(rule, helpful, at) {
      const before = moved[rule] as Moved;
      const since = at - settings.negative_window_days * DAY_MS;
      const recent = (unhelpful[rule] ?? []).filter((one) => one > since);
      if (!helpful) recent.push(at);
      unhelpful[rule] = recent;
      const { weight, direction } = judged(before, { helpful, at, unhelpful: recent.length }, settings);
      if (weight === before.weight) return;
      if (weight < before.weight && counts === "once") unhelpful[rule] = [];
      moved[rule] = { weight, direction, at };
    },
  };
}

function thompson(settings: Learning, seed: number): Learner {
  const numbers = random(seed);
  const prior = priorOf(1);
  const beliefs = Array.from({ length: RULES }, (): Belief => prior);
  return {
    weight: (rule) => drawnWeight(beliefs[rule] ?? prior, settings, numbers),
    told(rule, helpful) {
      beliefs[rule] = learned(beliefs[rule] ?? prior, prior, helpful, settings);
    },
  };
}

/** The second smallest of four even numbers. */
function betaOf2And3(numbers: () => number): number {
  const four = Array.from({ length: 4 }, numbers).sort((a, b) => a - b);
  return four[1] ?? 0;
}

function sample(numbers: () => number): number[] {
  const rules = Array.from({ length: RULES }, (_, rule) => rule);
  shuffle(rules, numbers);
  return rules.slice(0, ELIGIBLE);
}

function shuffle(list: number[], numbers: () => number): void {
  for (let n = list.length - 1; n > 0; n -= 1) {
    const other = Math.floor(numbers() * (n + 1));
    [list[n], list[other]] = [list[other] ?? 0, list[n] ?? 0];
  }
}
