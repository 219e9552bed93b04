/** Engines that are given all facts as an object each time. */
import type { Engine } from "../contender.ts";
import { type BenchRule, fieldName, hourOf, type Step, TRAITS, traitPath } from "../workload.ts";

export type Facts = Record<string, number | string>;

/** Of a trait; without the dot, which means a path to most engines. */
export const traitFact = (n: number) => traitPath(n).replace(".", "_");

/** `compile` gives a function from facts to the indexes of the rules that fire. */
export function overFacts(
  title: string,
  compile: (rules: readonly BenchRule[]) => (facts: Facts) => number[] | Promise<number[]>,
): Engine {
  const tell = (facts: Facts, { context, now }: Step) => {
    for (let field = 0; field < 4; field += 1) facts[fieldName(field)] = context[fieldName(field)] as string;
    facts["hour"] = hourOf(now);
  };
  const names = Array.from({ length: TRAITS }, (_, n) => traitFact(n));
  return {
    title,
    one({ rules, traits }) {
      const look = compile(rules);
      const facts: Facts = Object.fromEntries(names.map((name, n) => [name, traits[n] as number]));
      return {
        fired(step) {
          facts[names[step.trait] as string] = step.value;
          tell(facts, step);
          return look(facts);
        },
      };
    },
    many({ rules }, levels) {
      const look = compile(rules);
      const persons = Array.from(
        { length: levels.length / TRAITS },
        (_, person): Facts => Object.fromEntries(names.map((name, n) => [name, levels[person * TRAITS + n] as number])),
      );
      return {
        async pass(step) {
          let [pairs, sum] = [0, 0];
          for (const [person, facts] of persons.entries()) {
            tell(facts, step);
            const found = look(facts);
            // Waiting for what is there already would be charged to engines that do not need it.
            const fired = Array.isArray(found) ? found : await found;
            pairs += fired.length;
            for (const rule of fired) sum += rule + person;
          }
          return { pairs, sum: () => sum };
        },
      };
    },
  };
}

/** JSONLogic, as two engines take it. */
export function jsonLogicOf(rule: BenchRule): object {
  const hour = { var: "hour" };
  const [after, before] = [{ ">=": [hour, rule.from] }, { "<": [hour, rule.to] }];
  const inTime = rule.from < rule.to ? { and: [after, before] } : { or: [after, before] };
  const inContext = { "==": [{ var: fieldName(rule.field) }, rule.value] };
  const level = { [rule.greater ? ">" : "<"]: [{ var: traitFact(rule.trait) }, rule.threshold] };
  return { and: rule.all ? [level, inContext, inTime] : [level, { or: [inContext, inTime] }] };
}

/** What holds of each, one after the other. */
export function each<Rule>(
  rules: readonly Rule[],
  holds: (rule: Rule, facts: Facts) => boolean,
): (facts: Facts) => number[] {
  return (facts) => {
    const fired: number[] = [];
    for (let n = 0; n < rules.length; n += 1) if (holds(rules[n] as Rule, facts)) fired.push(n);
    return fired;
  };
}
