import { peer } from "../../peers/peer.ts";
import { type BenchRule, fieldName } from "../workload.ts";
import { each, type Facts, overFacts, traitFact } from "./facts.ts";

const { parse } = peer<{ parse(expression: string): (facts: Facts) => boolean }>("@marcbachmann/cel-js");

function expressionOf({ trait, greater, threshold, field, value, from, to, all }: BenchRule): string {
  const level = `${traitFact(trait)} ${greater ? ">" : "<"} ${threshold}`;
  const inTime = `(hour >= ${from}.0 ${from < to ? "&&" : "||"} hour < ${to}.0)`;
  return `${level} && (${fieldName(field)} == ${JSON.stringify(value)} ${all ? "&&" : "||"} ${inTime})`;
}

export const engine = overFacts("CEL (@marcbachmann/cel-js)", (rules) =>
  each(
    rules.map((rule) => parse(expressionOf(rule))),
    (holds, facts) => holds(facts),
  ),
);
