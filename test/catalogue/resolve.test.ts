import { describe, expect, test } from "vitest";
import { at, type ResolveRequest, resolve } from "../../src/catalogue/resolve.ts";
import {
  readResolvedSession,
  resolveDefaultsSchema,
  resolvedSessionSchema,
  SETTING_NAMES,
} from "../../src/catalogue/resolved-session.ts";
import { PersonaError } from "../../src/errors.ts";
import { catalogueOf, personaOf, roleOf, sequenceOf, sessionOf, steps } from "./entries.ts";

const EVERYTHING = {
  system_prompt: "Guide them.",
  refinement_prompt: "Be short.",
  locale: "de-CH",
  model: "local:role",
  vocabulary_hint: "Zermatt, Föhn",
  tool_allowlist: ["map"],
  temperature: 0,
  thinking_enabled: true,
  thinking_level: "high",
  include_thoughts: false,
  thinking_budget: 2_048,
  automatic_activity_detection: false,
  vad_start_sensitivity: "low",
  vad_end_sensitivity: "high",
  vad_prefix_padding_ms: 0,
  vad_silence_duration_ms: 60_000,
  activity_handling: "no_interrupt",
  turn_coverage: "turn_includes_all_input",
  context_compression_enabled: false,
  context_compression_trigger_tokens: 4_000_000,
  context_compression_target_tokens: 0,
  enable_affective_dialog: false,
} as const;

const whole = catalogueOf(
  personaOf({
    default_role: "guide",
    default_sequence: "tour",
    description: "Knows the mountains.",
    voice: "alto",
    locale: "fr",
    model: "local:persona",
  }),
  personaOf({ id: "bare", display_name: "Bare" }),
  personaOf({ id: "lost", default_role: "gone" }),
  personaOf({ id: "astray", default_sequence: "gone" }),
  roleOf({ ...EVERYTHING, tool_allowlist: ["map"] }),
  roleOf({ id: "plain" }),
  sequenceOf({
    completion: "max_turns",
    max_turns: 9,
    steps: [
      { id: "greet", instruction: "Greet.", exit_criteria: "They are greeted.", require_tools: ["map"], max_turns: 2 },
      { id: "show", instruction: "Show it." },
    ],
  }),
);

describe("what a session is made of", () => {
  test("has all that persona, role and sequence say, and who said it", () => {
    const session = resolve(whole, { persona_id: "ada" });
    const { system_prompt, ...role } = EVERYTHING;
    expect(session).toMatchObject({
      ...role,
      persona_id: "ada",
      role_id: "guide",
      sequence_id: "tour",
      display_name: "Ada",
      description: "Knows the mountains.",
      voice: "alto",
      role_prompt: system_prompt,
      system_prompt: "Guide them.\n\n[Current step: greet]\nGreet.",
      current_step: { id: "greet", require_tools: ["map"] },
      step_id: "greet",
      step_index: 0,
      step_count: 2,
      step_instruction: "Greet.",
      step_exit_criteria: "They are greeted.",
      step_max_turns: 2,
      sequence_completion: "max_turns",
      sequence_max_turns: 9,
      versions: { persona: 3, role: 5, sequence: 7 },
    });
    for (const name of SETTING_NAMES) expect([name, session.provenance[name]]).toEqual([name, "role"]);
    expect(session.provenance).toMatchObject({
      display_name: "persona",
      voice: "persona",
      locale: "role",
      model: "role",
      sequence_completion: "sequence",
    });
  });

  test("names the origin of each field but of the prompt that is put together", () => {
    const composed = ["system_prompt", "provenance", "versions"];
    const fields = Object.keys(resolvedSessionSchema.shape).filter((name) => !composed.includes(name));
    for (const persona_id of ["ada", "bare"]) {
      const { provenance, ...session } = resolve(whole, { persona_id });
      expect(Object.keys(provenance).sort()).toEqual([...fields].sort());
      for (const name of fields) expect([name, provenance[name] === "default"]).toEqual([name, !(name in session)]);
    }
  });

  test("tells what was asked for from what the persona has by default", () => {
    const idsOf = (request: Partial<ResolveRequest>) => {
      const { persona_id, role_id, sequence_id } = resolve(whole, { persona_id: "ada", ...request }).provenance;
      return [persona_id, role_id, sequence_id];
    };
    expect(idsOf({})).toEqual(["request", "persona", "persona"]);
    expect(idsOf({ role_id: "plain", sequence_id: " tour " })).toEqual(["request", "request", "request"]);
    expect(idsOf({ role_id: " ", sequence_id: null })).toEqual(["request", "persona", "request"]);
    expect(idsOf({ persona_id: "bare" })).toEqual(["request", "default", "default"]);
  });

  test("is bare where nobody says anything", () => {
    const session = resolve(whole, { persona_id: "bare" });
    expect(session).toMatchObject({ persona_id: "bare", system_prompt: "", versions: { persona: 3 } });
    for (const name of ["role_id", "sequence_id", "locale", "model", "steps", "step_id", ...SETTING_NAMES])
      expect(name in session, name).toBe(false);
    expect(session.provenance).toMatchObject({ temperature: "default", locale: "default", model: "default" });
    expect(session.traits.openness).toBe(0.5);
  });

  test("takes from the server what neither role nor persona says", () => {
    const { system_prompt: _, refinement_prompt: _refinement, ...settings } = EVERYTHING;
    const session = resolve(whole, { persona_id: "bare" }, { ...settings, temperature: 1.5 });
    expect(session).toMatchObject({ ...settings, temperature: 1.5 });
    for (const name of ["locale", "model", ...SETTING_NAMES])
      expect([name, session.provenance[name]]).toEqual([name, "server"]);
    const own = resolve(whole, { persona_id: "ada" }, { ...settings, temperature: 1.5, locale: "en", model: "x:y" });
    expect(own).toMatchObject({ temperature: 0, locale: "de-CH", model: "local:role" });
    const plain = resolve(whole, { persona_id: "ada", role_id: "plain" }, { locale: "en", model: "x:y" });
    expect(plain).toMatchObject({ locale: "fr", model: "local:persona", role_id: "plain" });
    expect(plain.provenance).toMatchObject({ locale: "persona", model: "persona" });
  });

  test.each([true, false])("a role says of activity detection: %s, whatever the server says", (said) => {
    for (const server of [true, false]) {
      const inputs = { role: { automatic_activity_detection: said } };
      const session = sessionOf(inputs, {}, { automatic_activity_detection: server });
      expect(session.automatic_activity_detection).toBe(said);
      expect(sessionOf({ role: {} }, {}, { automatic_activity_detection: server })).toMatchObject({
        automatic_activity_detection: server,
        provenance: { automatic_activity_detection: "server" },
      });
    }
    expect("automatic_activity_detection" in sessionOf({ role: {} })).toBe(false);
  });

  test("the server does not turn a wish of the role into its opposite", () => {
    const thinking = sessionOf(
      { role: { thinking_level: "high" } },
      {},
      { thinking_enabled: false, thinking_budget: 0 },
    );
    expect([thinking.thinking_enabled, thinking.thinking_level, thinking.thinking_budget]).toEqual([
      undefined,
      "high",
      undefined,
    ]);
    const budget = sessionOf({ role: { thinking_enabled: true } }, {}, { thinking_budget: 512, thinking_level: "off" });
    expect([budget.thinking_budget, budget.thinking_level]).toEqual([512, undefined]);
    const off = sessionOf({ role: { thinking_enabled: false } }, {}, { thinking_level: "low" });
    expect(off).toMatchObject({ thinking_enabled: false, thinking_level: "low" });
    const compressing = sessionOf(
      { role: { context_compression_trigger_tokens: 100 } },
      {},
      { context_compression_target_tokens: 100 },
    );
    expect(compressing.context_compression_target_tokens).toBeUndefined();
    expect(compressing.provenance["context_compression_target_tokens"]).toBe("default");
  });

  test("without a role the instruction of the step still appears", () => {
    expect(sessionOf({ sequence: {} }).system_prompt).toBe("[Current step: s0]\nDo 0.");
  });

  test("arguments are trimmed, a blank one is not given, and null is no sequence", () => {
    const { role_id, sequence_id } = resolve(whole, { persona_id: " ada\n", role_id: "\tplain ", sequence_id: "  " });
    expect([role_id, sequence_id]).toEqual(["plain", "tour"]);
    const none = resolve(whole, { persona_id: "ada", role_id: " ", sequence_id: null });
    expect([none.role_id, none.sequence_id, none.step_index]).toEqual(["guide", undefined, undefined]);
    expect(none.system_prompt).toBe("Guide them.");
  });
});

test.each<[ResolveRequest, string]>([
  [{ persona_id: "nobody" }, 'persona_not_found: There is no persona "nobody"'],
  [{ persona_id: "" }, 'persona_not_found: There is no persona ""'],
  [{ persona_id: "ada", role_id: "nix" }, 'role_not_found: There is no role "nix"'],
  [{ persona_id: "lost" }, 'role_not_found: The default of persona "lost": There is no role "gone"'],
  [{ persona_id: "ada", sequence_id: "nix" }, 'sequence_not_found: There is no sequence "nix"'],
  [{ persona_id: "astray" }, 'sequence_not_found: The default of persona "astray": There is no sequence "gone"'],
  [{ persona_id: "ada", step: 2 }, 'step_not_found: There is no step 2: the sequence "tour" has the steps 0 to 1'],
  [{ persona_id: "ada", step: -1 }, 'step_not_found: There is no step -1: the sequence "tour" has the steps 0 to 1'],
  [{ persona_id: "ada", step: 0.5 }, 'step_not_found: There is no step 0.5: the sequence "tour" has the steps 0 to 1'],
  [
    { persona_id: "ada", sequence_id: null, step: 1 },
    "step_not_found: There is no step 1: the session has no sequence, so it must be 0",
  ],
])("what is missing is an error of its own kind: %o", (request, expected) => {
  expect(() => resolve(whole, request)).toThrow(PersonaError);
  try {
    resolve(whole, request);
  } catch (error) {
    const { code, message } = error as PersonaError;
    expect(`${code}: ${message}`).toBe(expected);
  }
});

test("the server's own defaults fit together", () => {
  const target = { context_compression_trigger_tokens: 5, context_compression_target_tokens: 10 };
  expect(resolveDefaultsSchema.safeParse(target).error?.issues).toMatchObject([
    { path: ["context_compression_target_tokens"], message: expect.stringContaining("less than") },
  ]);
  expect(resolveDefaultsSchema.parse({ ...target, context_compression_target_tokens: 4 })).toBeDefined();
  expect(resolveDefaultsSchema.parse({ context_compression_target_tokens: 10 })).toBeDefined();
});

describe("a snapshot", () => {
  test("is frozen, and alone enough to go through the sequence", () => {
    const session = resolve(whole, { persona_id: "ada" });
    for (const part of [session, session.provenance, session.versions, session.steps, session.steps?.[0]])
      expect(Object.isFrozen(part)).toBe(true);
    const next = at(session, 1);
    expect(Object.isFrozen(next)).toBe(true);
    expect(next).toEqual(resolve(whole, { persona_id: "ada", step: 1 }));
    expect(next.system_prompt).toBe("Guide them.\n\n[Current step: show]\nShow it.");
    // Nothing of the step before stays.
    expect("step_max_turns" in next || "step_exit_criteria" in next).toBe(false);
    expect(next.provenance).toMatchObject({ step_id: "sequence", step_max_turns: "default" });
    expect(at(next, 0)).toEqual(session);
    expect(() => at(session, 2)).toThrow(/There is no step 2/);
  });

  test("survives being stored, and is read whole or not at all", () => {
    for (const persona_id of ["ada", "bare"]) {
      const session = resolve(whole, { persona_id });
      expect(readResolvedSession(JSON.parse(JSON.stringify(session)))).toEqual(session);
    }
    const session = resolve(whole, { persona_id: "ada" });
    const broken = [
      null,
      {},
      { ...session, temperature: "0" },
      { ...session, thinking_level: "extreme" },
      { ...session, surprise: 1 },
      { ...session, steps: undefined },
      { ...session, step_index: 2 },
      { ...session, step_count: 3 },
      { ...session, provenance: { locale: "nowhere" } },
    ];
    for (const stored of broken) {
      const read = () => readResolvedSession(JSON.parse(JSON.stringify(stored)));
      expect(read, JSON.stringify(stored)).toThrow(/What the session was resolved to is damaged/);
    }
  });

  test("holds a hundred steps", () => {
    const session = sessionOf({ sequence: { steps: steps(100) } }, { step: 99 });
    expect(session).toMatchObject({ step_id: "s99", step_count: 100 });
  });
});
