/**
 * Generated JavaScript: source text from the rules, 50 to a function (longer ones are not optimised), over flat arrays.
 * The hardest rival without an index.
 */
import type { Engine } from "../contender.ts";
import { type BenchRule, fieldName, hourOf, Renderer, type Step, TRAITS } from "../workload.ts";
import { first } from "./twin.ts";

const RULES_OF_A_FUNCTION = 50;

type Look = (levels: Float64Array, c0: string, c1: string, c2: string, c3: string, hour: number, out: number[]) => void;

function generate(rules: readonly BenchRule[]): Look[] {
  const line = ({ trait, greater, threshold, field, value, from, to, all }: BenchRule, n: number) => {
    const inTime = from < to ? `(hour >= ${from} && hour < ${to})` : `(hour >= ${from} || hour < ${to})`;
    const rest = `(c${field} === ${JSON.stringify(value)} ${all ? "&&" : "||"} ${inTime})`;
    return `if (levels[${trait}] ${greater ? ">" : "<"} ${threshold} && ${rest}) out.push(${n});`;
  };
  const lines = rules.map(line);
  const looks: Look[] = [];
  for (let from = 0; from < lines.length; from += RULES_OF_A_FUNCTION) {
    const body = lines.slice(from, from + RULES_OF_A_FUNCTION).join("\n");
    looks.push(new Function("levels", "c0", "c1", "c2", "c3", "hour", "out", body) as Look);
  }
  return looks;
}

function look(looks: readonly Look[], levels: Float64Array, { context, now }: Step, out: number[]): void {
  const [c0, c1, c2, c3] = [0, 1, 2, 3].map((field) => context[fieldName(field)]) as [string, string, string, string];
  const hour = hourOf(now);
  for (const one of looks) one(levels, c0, c1, c2, c3, hour, out);
}

export const engine: Engine = {
  title: "generated JavaScript",
  one({ rules, traits }) {
    const looks = generate(rules);
    const renderer = new Renderer(rules);
    const levels = Float64Array.from(traits);
    const learn = ({ trait, value }: Step) => {
      levels[trait] = value;
    };
    const fired = (step: Step) => {
      learn(step);
      const found: number[] = [];
      look(looks, levels, step, found);
      return found;
    };
    return {
      fired,
      suggest(step) {
        return first(fired(step)).map((rule) => {
          return renderer.suggestion(rule, levels[rules[rule]?.trait as number] as number, step.context, step.now);
        });
      },
      learn,
    };
  },
  many({ rules }, levels) {
    const looks = generate(rules);
    const persons = Array.from({ length: levels.length / TRAITS }, (_, n) =>
      levels.subarray(n * TRAITS, (n + 1) * TRAITS),
    );
    const found: number[] = [];
    return {
      pass(step) {
        let [pairs, sum] = [0, 0];
        for (const [person, own] of persons.entries()) {
          found.length = 0;
          look(looks, own, step, found);
          pairs += found.length;
          for (const rule of found) sum += rule + person;
        }
        return { pairs, sum: () => sum };
      },
    };
  },
};
