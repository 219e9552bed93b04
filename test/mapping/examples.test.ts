/** The example mappers: each is valid, and each of its rules can fire. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ANA } from "./study.ts";
import { openTheatre } from "./theatre.ts";

const FOLDER = new URL("../../src/mapping/examples/", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, FOLDER), "utf8");

/** Tuesday and Monday, 10:00 UTC. */
const TUESDAY = Date.UTC(2026, 10, 24, 10);
const MONDAY = Date.UTC(2026, 10, 23, 10);

const SITUATIONS: Readonly<Record<string, readonly [request: object, rules: readonly string[]][]>> = {
  "learning_companion.yaml": [
    [{ at: TUESDAY, traits: { "learning.topic": "Rust", "learning.recall": 0.5 } }, ["repeat_before_it_fades"]],
    [{ at: TUESDAY, traits: { "learning.topic": "Rust", "learning.recall": 0.9 } }, ["something_new"]],
    [{ at: TUESDAY, traits: { "learning.recall": 0.5, current_state: { energy_level: "low" } } }, ["enough_for_today"]],
    [{ at: TUESDAY, scores: { "nervous before an examination": 0.7 } }, ["before_the_examination"]],
  ],
  "team_host.yaml": [
    [{ at: TUESDAY, context: { days_since_last_visit: 40 } }, ["back_after_a_while"]],
    [{ at: MONDAY }, ["monday_morning"]],
    [{ at: MONDAY, traits: { "work.peak_hours": ["09:00-10:00"] } }, []],
    [{ at: TUESDAY, context: { next_appointment: "2026-11-24T10:05:00Z" } }, ["appointment_at_hand"]],
  ],
};

it.each(readdirSync(FOLDER))("%s says what it is for", async (file) => {
  const { mappers } = await openTheatre();
  const { id, document } = await mappers.create(read(file));
  const fired = new Set<string>();
  for (const [request, rules] of SITUATIONS[file] ?? []) {
    const { suggestions, faults } = await mappers.simulate(id, request);
    expect.soft(faults).toEqual([]);
    expect.soft(suggestions.map(({ rule_id }) => rule_id)).toEqual(rules);
    for (const rule of rules) fired.add(rule);
  }
  expect([...fired].sort()).toEqual((document["rules"] as { id: string }[]).map((rule) => rule.id).sort());
});

it("draws the weights of a mapper that learns by Thompson sampling", async () => {
  const { mappers, mapPersona, curate } = await openTheatre();
  await mappers.create(read("learning_companion.yaml"), { activate: true });
  await curate({ "learning.topic": "Rust", "learning.recall": 0.9, current_state: { energy_level: "low" } });
  const ask = { persona: "bob", person: ANA, mapper: "learning_companion", context: { minutes_free: 60 } };
  const weights = new Set<number>();
  for (let n = 0; n < 5; n += 1) {
    const { suggestions = [] } = await mapPersona(ask);
    expect(suggestions.map(({ rule_id }) => rule_id).sort()).toEqual(["enough_for_today", "something_new"]);
    weights.add(suggestions[0]?.weight ?? 0);
  }
  expect(weights.size).toBeGreaterThan(1);
});
