import { peer } from "../../peers/peer.ts";
import { type BenchRule, fieldName, inHours } from "../workload.ts";
import { type Facts, overFacts, traitFact } from "./facts.ts";

interface Result {
  readonly events: readonly { readonly params: { readonly rule: number } }[];
}

interface Module {
  readonly Engine: new (
    rules: readonly object[],
  ) => {
    addOperator(name: string, holds: (fact: number, value: readonly [number, number]) => boolean): void;
    run(facts: Facts): Promise<Result>;
  };
}

const { Engine } = peer<Module>("json-rules-engine");

function ruleOf({ trait, greater, threshold, field, value, from, to, all }: BenchRule, rule: number): object {
  const level = { fact: traitFact(trait), operator: greater ? "greaterThan" : "lessThan", value: threshold };
  const rest = [
    { fact: fieldName(field), operator: "equal", value },
    { fact: "hour", operator: "inHours", value: [from, to] },
  ];
  return {
    conditions: { all: all ? [level, ...rest] : [level, { any: rest }] },
    event: { type: "fires", params: { rule } },
  };
}

export const engine = overFacts("json-rules-engine", (rules) => {
  const rulesEngine = new Engine(rules.map(ruleOf));
  rulesEngine.addOperator("inHours", (hour, [from, to]) => inHours(hour, from, to));
  return async (facts) => (await rulesEngine.run(facts)).events.map(({ params }) => params.rule);
});
