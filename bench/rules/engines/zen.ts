import { peer } from "../../peers/peer.ts";
import { type BenchRule, fieldName } from "../workload.ts";
import { type Facts, overFacts, traitFact } from "./facts.ts";

interface Module {
  readonly ZenEngine: new () => {
    createDecision(content: Buffer): {
      evaluate(facts: Facts): Promise<{ result: readonly { readonly rule: number }[] }>;
    };
  };
}

const { ZenEngine } = peer<Module>("@gorules/zen-engine");

function expressionOf({ trait, greater, threshold, field, value, from, to, all }: BenchRule): string {
  const level = `${traitFact(trait)} ${greater ? ">" : "<"} ${threshold}`;
  const inTime = `(hour >= ${from} ${from < to ? "and" : "or"} hour < ${to})`;
  return `${level} and (${fieldName(field)} == "${value}" ${all ? "and" : "or"} ${inTime})`;
}

/** One table that collects, one column with the whole condition: the fastest of the forms that it has. */
function tableOf(rules: readonly BenchRule[]): object {
  const content = {
    hitPolicy: "collect",
    inputs: [{ id: "when", name: "when" }],
    outputs: [{ id: "rule", name: "rule", field: "rule" }],
    rules: rules.map((rule, n) => ({ _id: `r${n}`, when: expressionOf(rule), rule: `${n}` })),
  };
  const nodes = [
    { id: "in", name: "in", type: "inputNode" },
    { id: "table", name: "table", type: "decisionTableNode", content },
    { id: "out", name: "out", type: "outputNode" },
  ];
  const edges = [
    { id: "a", type: "edge", sourceId: "in", targetId: "table" },
    { id: "b", type: "edge", sourceId: "table", targetId: "out" },
  ];
  return { nodes, edges };
}

export const engine = overFacts("@gorules/zen-engine", (rules) => {
  const decision = new ZenEngine().createDecision(Buffer.from(JSON.stringify(tableOf(rules))));
  return async (facts) => {
    const { result } = await decision.evaluate(facts);
    return Array.isArray(result) ? result.map(({ rule }) => rule) : [];
  };
});
