/** Documents, persons and answers for the tests of the rule engine. */
import { compileMapper, type PersonState, type Suggestions } from "../../src/mapping/engine.ts";

/** A document of these rules, whose templates are `t` (medium), `high` and `low`, each without a placeholder. */
export function aDocument(rules: readonly unknown[], more: object = {}): string {
  const template = (priority: string) => ({ title: priority, description: "d", priority });
  return JSON.stringify({
    metadata: { id: "m", version: "1.0.0", description: "d" },
    rules,
    templates: { t: template("medium"), high: template("high"), low: template("low") },
    ...more,
  });
}

/** A rule that suggests the template `t`, unless `more` says otherwise. */
export function aRule(id: string, conditions: unknown, more: object = {}): object {
  return { id, conditions, actions: [suggesting("t")], ...more };
}

export function suggesting(template: string, parameters?: object): object {
  return { generate_suggestion: { type: "kind", template, ...(parameters && { parameters }) } };
}

export function trait(path: string, operator: string, value?: unknown): object {
  return { trait_check: { path, operator, ...(value !== undefined && { value }) } };
}

/** A condition that always holds. */
export const always = trait("nothing", "not_exists");

/** What one rule with these conditions does. */
export function holds(conditions: unknown, state: PersonState, context: object = {}, now = NOON): boolean {
  const mapper = compileMapper(aDocument([aRule("r", conditions)]));
  return mapper.person(state).fires({ now, context: { ...context } }).length === 1;
}

export const ids = ({ suggestions }: Suggestions) => suggestions.map(({ ruleId }) => ruleId);
export const descriptions = ({ suggestions }: Suggestions) => suggestions.map(({ description }) => description);

/** A Friday. */
export const NOON = Date.parse("2026-11-20T12:00:00Z");
