/** Suggestions of a persona's mapper in its turns: whom they are about, what the explanation says, what a fault does. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { assemblePrompt, PersonaError } from "../../src/index.ts";
import type { Cognition, RuntimeOptions, TurnSuggestions } from "../../src/types.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { openHouse } from "./harness.ts";

const ANA = { kind: "human", id: "user:ana" } as const;
const BEN = { kind: "human", id: "user:ben" } as const;

const COACH = {
  metadata: { id: "coach", version: "1.0.0", description: "A coach" },
  rules: [
    {
      id: "calm",
      conditions: { trait_check: { path: "mood", operator: "exists" } },
      actions: [{ generate_suggestion: { type: "tone", template: "t", parameters: { mood: { from_trait: "mood" } } } }],
    },
  ],
  templates: { t: { title: "Their mood", description: "They are {mood}.", priority: "high" } },
};

async function opened(options: Partial<RuntimeOptions> = {}) {
  const told: (TurnSuggestions | undefined)[] = [];
  const systems: string[] = [];
  const cognition: Cognition = async (turn) => {
    told.push(await turn.suggestions?.());
    const { system, facts } = await assemblePrompt(turn);
    turn.note({ prompt: facts });
    systems.push(system);
    return "Well.";
  };
  const house = await openHouse({ cognition, ...options });
  const { catalogue, mapping } = house.runtime;
  await catalogue.personas.create({ id: "ada", display_name: "Ada", mapper_id: "coach" });
  await catalogue.personas.create({ id: "bob", display_name: "Bob" });
  await mapping.curate({ traits: { mood: { value: "tired" } } }, { person: ANA.id });
  return { ...house, mapping, told, systems };
}

it("a turn is told what the mapper of its persona suggests about whoever speaks, and explains it", async () => {
  const { runtime, mapping, told, systems } = await opened();
  await mapping.mappers.create(COACH, { activate: true });
  const reply = await runtime.send("ada", "Hello", { from: ANA });
  expect(told[0]).toMatchObject({
    ...{ mapper: "coach", mapperVersion: 1, person: ANA.id },
    suggestions: [
      { rule: "calm", type: "tone", title: "Their mood", description: "They are tired.", priority: "high" },
    ],
  });
  expect(systems[0]).toContain('<suggestions>\n- high priority: "Their mood": "They are tired."\n</suggestions>');
  const { prompt } = await runtime.explain(reply.id);
  const id = told[0]?.suggestions[0]?.id ?? "";
  expect(prompt?.suggestions).toEqual({ mapper: "coach", mapperVersion: 1, given: [{ id, rule: "calm" }] });
  expect(prompt?.parts.find(({ name }) => name === "suggestions")?.tokens).toBeGreaterThan(0);
  // What the turn was told is what map-persona gives: feedback on either reaches the same rule.
  const mapped = await mapping.mapPersona({ persona: "ada", person: ANA.id });
  expect(mapped.suggestions?.map((one) => one.id)).toEqual([id]);
  await runtime.send("ada", "Hello", { from: BEN });
  expect(told[1]).toMatchObject({ person: BEN.id, suggestions: [] });
});

it("a room's owner is meant where a program speaks", async () => {
  const { runtime, mapping, told } = await opened();
  await mapping.mappers.create(COACH, { activate: true });
  const room = await runtime.createRoom({ owner: ANA.id, members: ["ada"] });
  await runtime.send("ada", "Hello", { from: { kind: "agent", id: "agent:build" }, conversation: room.id });
  expect(told[0]?.person).toBe(ANA.id);
});

it("a persona with a definition of its own may have a mapper, too, which stays over a restart", async () => {
  const store = join(tempFolder(), "personas.db");
  const first = await opened({ store });
  await first.mapping.mappers.create(COACH, { activate: true });
  await first.runtime.enroll({ id: "max", name: "Max", mapperId: "coach" });
  await first.runtime.send("max", "Hello", { from: ANA });
  expect(first.told[0]).toMatchObject({ mapper: "coach", suggestions: [{ rule: "calm" }] });
  expect((await first.mapping.mapPersona({ persona: "max", person: ANA.id })).core.mapper_id).toBe("coach");
  await first.runtime.close();

  const { runtime } = await openHouse({ store });
  expect(runtime.status("max")).toMatchObject({ mapperId: "coach" });
  await runtime.enroll({ id: "max", name: "Max" });
  expect(runtime.status("max").mapperId).toBeUndefined();
  const wrong = (fields: readonly string[]) =>
    expect.objectContaining({
      code: "invalid_input",
      fields: fields.map((field) => expect.objectContaining({ field })),
    });
  await expect(runtime.enroll({ id: "max", name: "Max", mapperId: "no mapper" })).rejects.toEqual(wrong(["mapperId"]));
  await expect(runtime.enroll({ id: "ada", mapperId: "coach" })).rejects.toEqual(wrong(["mapperId"]));
});

it("a persona without a mapper is told nothing, nor is one whose mapper is not there: its turn goes on", async () => {
  const { runtime, told, systems, warnings } = await opened();
  expect((await runtime.send("bob", "Hello", { from: ANA })).text).toBe("Well.");
  expect((await runtime.send("ada", "Hello", { from: ANA })).text).toBe("Well.");
  expect(told).toEqual([undefined, expect.objectContaining({ fault: "mapper_not_found", suggestions: [] })]);
  expect(systems.join()).not.toContain("suggestions");
  expect(warnings.map(({ code }) => code)).toContain("suggestions_failed");
  expect(warnings.find(({ code }) => code === "suggestions_failed")?.cause).toBeInstanceOf(PersonaError);
});
