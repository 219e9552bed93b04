import { peer } from "../../peers/peer.ts";
import { each, jsonLogicOf, overFacts } from "./facts.ts";

const { apply } = peer<{ apply(logic: object, data: object): boolean }>("json-logic-js");

export const engine = overFacts("json-logic-js", (rules) =>
  each(rules.map(jsonLogicOf), (logic, facts) => apply(logic, facts)),
);
