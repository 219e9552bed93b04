import { peer } from "../../peers/peer.ts";
import { each, type Facts, jsonLogicOf, overFacts } from "./facts.ts";

interface Module {
  readonly LogicEngine: new () => { build(logic: object): (facts: Facts) => boolean };
}

const { LogicEngine } = peer<Module>("json-logic-engine");

export const engine = overFacts("json-logic-engine, compiled", (rules) => {
  const logic = new LogicEngine();
  return each(
    rules.map((rule) => logic.build(jsonLogicOf(rule))),
    (holds, facts) => holds(facts),
  );
});
