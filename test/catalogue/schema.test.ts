import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { checkEntry, entryOf } from "../../src/catalogue/check.ts";
import { ENTRY_KINDS, type EntryKind, personaSchema, roleSchema, sequenceSchema } from "../../src/catalogue/schema.ts";

const persona = (more: object = {}) => ({ id: "ada", display_name: "Ada", ...more });
const role = (more: object = {}) => ({ id: "triage", display_name: "Triage", system_prompt: "Help.", ...more });
const step = (more: object = {}) => ({ id: "greet", instruction: "Greet.", ...more });
const sequence = (more: object = {}) => ({ id: "call", display_name: "Call", steps: [step()], ...more });

const fieldsOf = (kind: EntryKind, input: unknown) => checkEntry(kind, input).faults.map(({ field }) => field);
const bodyOf = (kind: EntryKind, input: unknown) => {
  const { body, faults } = checkEntry(kind, input);
  expect(faults).toEqual([]);
  return body as unknown as Record<string, unknown>;
};

const LONG = "x".repeat(65_537);
const many = <Item>(count: number, item: (index: number) => Item) => Array.from({ length: count }, (_, at) => item(at));
const pairs = (count: number) => Object.fromEntries(many(count, (at) => [`k${at}`, "v"]));

const BROKEN: readonly (readonly [name: string, kind: EntryKind, input: unknown, field: string])[] = [
  ["nothing", "persona", undefined, "persona"],
  ["a list", "role", [], "role"],
  ["a text", "sequence", "call", "sequence"],
  ["no id", "persona", { display_name: "Ada" }, "id"],
  ["an id with a slash", "persona", persona({ id: "a/b" }), "id"],
  ["an id with blanks around it", "persona", persona({ id: " ada " }), "id"],
  ["an id with a look-alike letter", "persona", persona({ id: "аda" }), "id"],
  ["an id in capitals", "role", role({ id: "Triage" }), "id"],
  ["an id that begins with a dot", "role", role({ id: ".x" }), "id"],
  ["an endless id", "sequence", sequence({ id: "a".repeat(129) }), "id"],
  ["a blank name", "persona", persona({ display_name: " \n" }), "display_name"],
  ["a name of 129 characters", "role", role({ display_name: "x".repeat(129) }), "display_name"],
  ["half of a surrogate pair", "persona", persona({ display_name: "\ud800" }), "display_name"],
  ["an unknown field", "persona", persona({ displayName: "Ada" }), "displayName"],
  ["__proto__", "persona", JSON.parse('{"id":"ada","display_name":"Ada","__proto__":{"owner":"x"}}'), "__proto__"],
  ["__proto__ among metadata", "persona", persona({ metadata: JSON.parse('{"__proto__":"x"}') }), "metadata.__proto__"],
  ["a long description", "persona", persona({ description: LONG }), "description"],
  ["65 tags", "persona", persona({ tags: many(65, String) }), "tags"],
  ["a blank tag", "persona", persona({ tags: ["a", " "] }), "tags[1]"],
  ["a blank name among metadata", "persona", persona({ metadata: { " ": "x" } }), "metadata. "],
  ["half of a surrogate pair there", "persona", persona({ metadata: { "\ud800": "x" } }), "metadata.\ud800"],
  [
    "a name of 129 characters there",
    "persona",
    persona({ metadata: { ["k".repeat(129)]: "x" } }),
    `metadata.${"k".repeat(129)}`,
  ],
  ["65 metadata", "persona", persona({ metadata: pairs(65) }), "metadata"],
  ["metadata that are no text", "persona", persona({ metadata: { a: 1 } }), "metadata.a"],
  ["a model without a provider", "persona", persona({ model: "gpt" }), "model"],
  ["a malformed locale", "persona", persona({ locale: "english please" }), "locale"],
  ["a malformed reference", "persona", persona({ default_role: "a b" }), "default_role"],
  ["a trait above 1", "persona", persona({ traits: { openness: 1.01 } }), "traits.openness"],
  ["a trait that is no number", "persona", persona({ traits: { formality: Number.NaN } }), "traits.formality"],
  ["an infinite trait", "persona", persona({ traits: { formality: Number.POSITIVE_INFINITY } }), "traits.formality"],
  ["an unknown trait", "persona", persona({ traits: { charm: 1 } }), "traits.charm"],
  ["an unknown tone", "persona", persona({ style: { tone: "Rude" } }), "style.tone"],
  ["33 areas", "persona", persona({ expertise_areas: many(33, String) }), "expertise_areas"],
  ["an area of 65 characters", "persona", persona({ expertise_areas: ["x".repeat(65)] }), "expertise_areas[0]"],
  ["a hasty voice", "persona", persona({ voice_model: { speed: 2.1 } }), "voice_model.speed"],
  ["two voices", "persona", persona({ voice: "kore", voice_model: { voice_id: "puck" } }), "voice"],
  [
    "101 examples",
    "persona",
    persona({ conversation_examples: many(101, () => ({ user_message: "a", persona_response: "b" })) }),
    "conversation_examples",
  ],
  ["no system prompt", "role", { id: "r", display_name: "R" }, "system_prompt"],
  ["a blank system prompt", "role", role({ system_prompt: "\t" }), "system_prompt"],
  ["a temperature above 2", "role", role({ temperature: 2.1 }), "temperature"],
  ["a negative temperature", "role", role({ temperature: -0.1 }), "temperature"],
  ["an unknown thinking level", "role", role({ thinking_level: "maximal" }), "thinking_level"],
  ["milliseconds that would wrap", "role", role({ vad_prefix_padding_ms: 2 ** 32 + 5 }), "vad_prefix_padding_ms"],
  ["negative milliseconds", "role", role({ vad_silence_duration_ms: -1 }), "vad_silence_duration_ms"],
  ["half a millisecond", "role", role({ vad_silence_duration_ms: 0.5 }), "vad_silence_duration_ms"],
  ["tokens that would wrap", "role", role({ thinking_budget: 2 ** 31 }), "thinking_budget"],
  ["a number that is no safe integer", "role", role({ thinking_budget: 2 ** 53 }), "thinking_budget"],
  ["negative tokens", "role", role({ thinking_budget: -1 }), "thinking_budget"],
  [
    "detection that is neither on nor off",
    "role",
    role({ automatic_activity_detection: "on" }),
    "automatic_activity_detection",
  ],
  ["an unknown sensitivity", "role", role({ vad_start_sensitivity: "highest" }), "vad_start_sensitivity"],
  ["an unknown handling", "role", role({ activity_handling: "ignore" }), "activity_handling"],
  ["an unknown coverage", "role", role({ turn_coverage: "all" }), "turn_coverage"],
  [
    "a target that is not below the trigger",
    "role",
    role({ context_compression_trigger_tokens: 10, context_compression_target_tokens: 10 }),
    "context_compression_target_tokens",
  ],
  ["a tool named twice", "role", role({ tool_allowlist: ["a", "a"] }), "tool_allowlist"],
  ["a malformed tool", "role", role({ tool_allowlist: ["a b"] }), "tool_allowlist[0]"],
  ["no steps", "sequence", sequence({ steps: [] }), "steps"],
  ["101 steps", "sequence", sequence({ steps: many(101, (at) => step({ id: `s${at}` })) }), "steps"],
  ["steps of the same id", "sequence", sequence({ steps: [step(), step({ id: "x" }), step()] }), "steps[2].id"],
  ["a blank instruction", "sequence", sequence({ steps: [step({ instruction: " " })] }), "steps[0].instruction"],
  ["a step of no turns", "sequence", sequence({ steps: [step({ max_turns: 0 })] }), "steps[0].max_turns"],
  ["an unknown completion", "sequence", sequence({ completion: "never" }), "completion"],
  ["a turn bound without one", "sequence", sequence({ completion: "max_turns" }), "max_turns"],
];

describe("what a persona, role or sequence may be", () => {
  it.each(BROKEN)("%s (%s)", (_name, kind, input, field) => {
    expect([...new Set(fieldsOf(kind, input))]).toEqual([field]);
  });

  it("names every broken field in one answer, rules between fields with them", () => {
    expect(
      fieldsOf("role", {
        id: "A",
        display_name: "",
        system_prompt: "x",
        temperature: 9,
        context_compression_trigger_tokens: 1,
        context_compression_target_tokens: 2,
        nonsense: 1,
      }),
    ).toEqual(["id", "display_name", "temperature", "nonsense", "context_compression_target_tokens"]);
    expect(
      fieldsOf("sequence", { id: "x", completion: "max_turns", steps: [{ id: "a", instruction: "" }, { id: "a" }] }),
    ).toEqual(["display_name", "steps[0].instruction", "steps[1].instruction", "max_turns", "steps[1].id"]);
  });

  it("answers 100 000 unknown fields with a hundred of them", () => {
    const { faults } = checkEntry("persona", { ...persona(), ...pairs(100_000) });
    expect(faults).toHaveLength(101);
    expect(faults.at(-1)).toEqual({ field: "persona", message: "has 99900 more faults" });
  });

  it("is not led astray by a depth of 10 000", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`);
    expect(fieldsOf("persona", persona({ metadata: deep }))).toEqual(["metadata.a"]);
  });

  it("stores names, tags and areas without the blanks around them", () => {
    const given = persona({ display_name: "  Ada \n", tags: [" a "], expertise_areas: [" b "], voice: " kore " });
    expect(bodyOf("persona", given)).toMatchObject({
      display_name: "Ada",
      tags: ["a"],
      expertise_areas: ["b"],
      voice_model: { voice_id: "kore" },
    });
  });

  it("completes traits and style, also when only some are given", () => {
    const { traits, style } = bodyOf("persona", persona({ traits: { openness: 0 }, style: { tone: "Casual" } }));
    expect(traits).toEqual({
      openness: 0,
      conscientiousness: 0.5,
      extraversion: 0.5,
      agreeableness: 0.5,
      neuroticism: 0.5,
      formality: 0.5,
      enthusiasm: 0.5,
    });
    expect(style).toMatchObject({ verbosity: "Balanced", tone: "Casual", proactivity: 0.5 });
  });

  it("keeps a quality of 0", () => {
    const example = { user_message: "a", persona_response: "b", quality_score: 0 };
    expect(bodyOf("persona", persona({ conversation_examples: [example] }))["conversation_examples"]).toEqual([
      example,
    ]);
  });

  it("knows detection as on, off and not said", () => {
    expect(bodyOf("role", role({ automatic_activity_detection: false }))["automatic_activity_detection"]).toBe(false);
    expect(bodyOf("role", role({ automatic_activity_detection: true }))["automatic_activity_detection"]).toBe(true);
    expect(bodyOf("role", role())).not.toHaveProperty("automatic_activity_detection");
  });

  it("accepts `voice` for `voice_model.voice_id`, and shows both", () => {
    const { body } = checkEntry("persona", persona({ voice: "kore", voice_model: { speed: 1.5 } }));
    if (body === undefined) throw new Error("no body");
    expect(body).toMatchObject({ voice_model: { voice_id: "kore", speed: 1.5 } });
    expect(body).not.toHaveProperty("voice");
    const owned = { version: 1, source: "store", created_at: 1, updated_at: 1 } as const;
    expect(entryOf("persona", body, owned)).toMatchObject({ voice: "kore", voice_model: { voice_id: "kore" } });
  });

  it("sets aside what the server sets", () => {
    const { body, said } = checkEntry("role", role({ version: 3, source: "toml", created_at: 1, updated_at: 2 }));
    expect(said).toEqual({ version: 3, source: "toml", created_at: 1, updated_at: 2 });
    expect(body).toEqual(role());
  });

  it("never throws, and takes what it has made as it is", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ENTRY_KINDS), fc.anything({ withNullPrototype: true }), (kind, input) => {
        const base = { persona, role, sequence }[kind]();
        const merged = { ...base, ...(typeof input === "object" ? input : {}) };
        for (const candidate of [input, merged, { ...base, metadata: input }, { ...base, steps: input }]) {
          const { body, faults } = checkEntry(kind, candidate);
          expect(body === undefined).toBe(faults.length > 0);
          if (body !== undefined) expect(checkEntry(kind, body).body).toEqual(body);
        }
      }),
    );
  });

  it("can be described for OpenAPI", () => {
    for (const schema of [personaSchema, roleSchema, sequenceSchema]) {
      expect(z.toJSONSchema(schema, { io: "input" })).toMatchObject({ type: "object", additionalProperties: false });
    }
  });
});
