/**
 * What every engine is asked: rules over 50 numeric traits, four fields of a context with eight values each, and the
 * hour, and a cycle of steps, each of which learns one trait and asks. Seeded, so that every process has the same.
 */
import type { Reason, RuleSuggestion } from "../../src/mapping/engine.ts";

export const TRAITS = 50;
export const FIELDS = 4;
const VALUES = 8;
/** With fewer situations the processor learns the answers by heart. */
export const STEPS = 2_048;
export const TOP = 5;
/** Monday 0:00. */
const START = Date.parse("2026-11-16T00:00:00Z");
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

export interface BenchRule {
  readonly trait: number;
  readonly greater: boolean;
  readonly threshold: number;
  readonly field: number;
  readonly value: string;
  /** Half-open, around midnight. */
  readonly from: number;
  readonly to: number;
  /** `all[trait, context, hour]`; otherwise `all[trait, any[context, hour]]`. */
  readonly all: boolean;
}

/** One trait is learned, and then this is asked. */
export interface Step {
  readonly trait: number;
  readonly value: number;
  readonly context: Readonly<Record<string, string>>;
  readonly now: number;
}

export interface Workload {
  readonly rules: readonly BenchRule[];
  readonly steps: readonly Step[];
  /** What the traits are before the first step, once all steps have been gone through. */
  readonly traits: readonly number[];
}

export const traitPath = (n: number) => `t.n${n}`;
export const fieldName = (n: number) => `f${n}`;
export const ruleId = (n: number) => `rule-${n}`;
export const hourOf = (now: number) => Math.floor((now - START) / 3_600_000) % 24;
export const inHours = (hour: number, from: number, to: number) =>
  from < to ? hour >= from && hour < to : hour >= from || hour < to;

export function workload(count: number): Workload {
  const random = seeded(7);
  const whole = (bound: number) => Math.floor(random() * bound);
  const rules = Array.from({ length: count }, (): BenchRule => {
    const from = whole(24);
    return {
      trait: whole(TRAITS),
      greater: random() < 0.5,
      threshold: random(),
      field: whole(FIELDS),
      value: `v${whole(VALUES)}`,
      from,
      to: (from + 1 + whole(12)) % 24,
      all: random() < 0.8,
    };
  });
  const steps = Array.from({ length: STEPS }, (_, n): Step => {
    const context = Object.fromEntries(Array.from({ length: FIELDS }, (_, f) => [fieldName(f), `v${whole(VALUES)}`]));
    return { trait: n % TRAITS, value: random(), context, now: START + whole(7 * 24 * 60) * 60_000 };
  });
  const traits = Array.from({ length: TRAITS }, () => 0);
  for (const { trait, value } of steps) traits[trait] = value;
  return { rules, steps, traits };
}

/** The rules as a mapper document. */
export function documentOf(rules: readonly BenchRule[]): string {
  return JSON.stringify({
    metadata: { id: "bench", version: "1.0.0", description: "What `npm run bench rules` asks" },
    rules: rules.map((rule, n) => {
      const trait_check = {
        path: traitPath(rule.trait),
        operator: rule.greater ? "greater" : "less",
        value: rule.threshold,
      };
      const rest = [
        { context_check: { field: fieldName(rule.field), operator: "equals", value: rule.value } },
        { time_check: { hour_range: [rule.from, rule.to], timezone: "UTC" } },
      ];
      const parameters = { level: { from_trait: traitPath(rule.trait) }, kind: "block" };
      return {
        id: ruleId(n),
        conditions: { all: [{ trait_check }, ...(rule.all ? rest : [{ any: rest }])] },
        actions: [{ generate_suggestion: { type: "bench", template: "t", parameters } }],
      };
    }),
    templates: { t: { title: "A suggestion", description: "A {kind} at level {level}." } },
  });
}

export function fires(
  rule: BenchRule,
  traits: ArrayLike<number>,
  context: Readonly<Record<string, string>>,
  hour: number,
): boolean {
  const level = traits[rule.trait] as number;
  if (!(rule.greater ? level > rule.threshold : level < rule.threshold)) return false;
  const [inContext, inTime] = [context[fieldName(rule.field)] === rule.value, inHours(hour, rule.from, rule.to)];
  return rule.all ? inContext && inTime : inContext || inTime;
}

/** How many rules fire at each step, and the sum of their indexes: the plainest way to find out. */
export function expected({ rules, steps, traits }: Workload): {
  readonly counts: Uint32Array;
  readonly sums: Float64Array;
} {
  const known = [...traits];
  const [counts, sums] = [new Uint32Array(steps.length), new Float64Array(steps.length)];
  steps.forEach(({ trait, value, context, now }, n) => {
    known[trait] = value;
    const hour = hourOf(now);
    rules.forEach((rule, index) => {
      if (!fires(rule, known, context, hour)) return;
      counts[n] = (counts[n] as number) + 1;
      sums[n] = (sums[n] as number) + index;
    });
  });
  return { counts, sums };
}

export function sumOf(numbers: Uint32Array): number {
  let sum = 0;
  for (let n = 0; n < numbers.length; n += 1) sum += numbers[n] as number;
  return sum;
}

/** What JavaScript rivals keep of a rule so that a suggestion is quickly made: as the engine keeps it. */
export class Renderer {
  readonly #rules: readonly BenchRule[];
  readonly #sheets: Sheet[] = [];

  constructor(rules: readonly BenchRule[]) {
    this.#rules = rules;
  }

  /** The same that the engine answers for a rule that fires. */
  suggestion(index: number, level: number, context: Readonly<Record<string, string>>, now: number): RuleSuggestion {
    const rule = this.#rules[index] as BenchRule;
    const sheet = this.#sheet(index, rule);
    const because: Reason[] = [];
    const add = (n: number, actual: unknown) => {
      const { path, check, subject, operator, expected: wanted } = sheet.checks[n] as Sheet["checks"][number];
      because.push({ path, check, subject, operator, expected: wanted, holds: true, actual });
    };
    add(0, level);
    const actual = context[fieldName(rule.field)];
    if (rule.all || actual === rule.value) add(1, actual);
    if (rule.all || inHours(hourOf(now), rule.from, rule.to)) add(2, localTime(now));
    return {
      ruleId: sheet.id,
      action: 0,
      type: "bench",
      priority: "medium",
      weight: 1,
      title: "A suggestion",
      description: `A block at level ${level}.`,
      parameters: { kind: "block", level },
      metadata: NOTHING,
      because,
    };
  }

  #sheet(index: number, rule: BenchRule): Sheet {
    const known = this.#sheets[index];
    if (known !== undefined) return known;
    const at = `/rules/${index}/conditions/all/`;
    const rest = (n: number) => (rule.all ? `${at}${n + 1}` : `${at}1/any/${n}`);
    const sheet: Sheet = {
      id: ruleId(index),
      checks: [
        {
          path: `${at}0/trait_check`,
          check: "trait_check",
          subject: traitPath(rule.trait),
          operator: rule.greater ? "greater" : "less",
          expected: rule.threshold,
        },
        {
          path: `${rest(0)}/context_check`,
          check: "context_check",
          subject: fieldName(rule.field),
          operator: "equals",
          expected: rule.value,
        },
        {
          path: `${rest(1)}/time_check`,
          check: "time_check",
          subject: "UTC",
          operator: undefined,
          expected: undefined,
        },
      ],
    };
    this.#sheets[index] = sheet;
    return sheet;
  }
}

interface Sheet {
  readonly id: string;
  readonly checks: readonly Omit<Reason, "holds" | "actual">[];
}

const NOTHING = Object.freeze({});

/** `saturday 14:05`; rivals are spared the time zone. */
function localTime(now: number): string {
  const minutes = Math.floor((now - START) / 60_000) % (7 * 24 * 60);
  const two = (number: number) => (number < 10 ? `0${number}` : `${number}`);
  return `${DAYS[Math.floor(minutes / 1_440)]} ${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
}

/** Numbers from 0 to 1, the same in each process (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
