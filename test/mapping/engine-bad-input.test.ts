/** Documents, persons and questions that are not valid: each gets a code and a path, and leaves nothing half-done. */
import { describe, expect, it } from "vitest";
import type { PersonaError } from "../../src/errors.ts";
import { compileMapper, type MapperLimits } from "../../src/mapping/engine.ts";
import { aDocument, always, aRule, ids, NOON, suggesting, trait } from "./engine-stage.ts";

const now = NOON;
const CONDITIONS = "/rules/0/conditions";

/** Places and codes of the faults of a document. */
function faults(document: string, limits?: MapperLimits): string[] {
  try {
    compileMapper(document, limits);
    return [];
  } catch (error) {
    const { code, status, message, fields } = error as PersonaError;
    expect({ code, status }).toEqual({ code: "invalid_mapper", status: 422 });
    expect(message.startsWith(`${fields[0]?.field || "/"}: ${fields[0]?.message}`)).toBe(true);
    for (const fault of fields) expect(fault.message.length).toBeGreaterThan(10);
    return fields.map((fault) => `${fault.field} ${fault.code}`);
  }
}

const nested = (depth: number): unknown => (depth === 0 ? always : { all: [nested(depth - 1)] });
const conditions = (one: unknown) => aDocument([aRule("r", one)]);
const action = (one: unknown, templates: object = {}) =>
  aDocument([aRule("r", always, { actions: [one] })], {
    templates: { t: { title: "t", description: "{a}" }, ...templates },
  });

describe("a document", () => {
  const wrong: [what: string, document: string, faults: string[]][] = [
    ["no JSON", "{", [" syntax"]],
    ["a list", "[]", [" wrong_type"]],
    ["nothing", "{}", ["metadata", "templates", "rules"].map(() => " missing")],
    ["a number that is none", '{"rules": NaN}', [" syntax"]],
    ["a number beyond all bounds", '{"rules": 1e999}', [" syntax"]],
    ["a key twice", conditions(always).replace('"id":"r"', '"id":"r","id":"s"'), ["/rules/0/id duplicate_key"]],
    [
      "ids twice",
      aDocument([aRule("a", always), aRule("b", always), aRule("a", always)]),
      ["/rules/2/id duplicate_id"],
    ],
    ["33 groups", conditions(nested(33)), [`${CONDITIONS}${"/all/0".repeat(32)} too_deep`]],
    ["an empty group", conditions({ any: [] }), [`${CONDITIONS}/any empty`]],
    [
      "an unknown operator",
      conditions(trait("a", "above", 1)),
      [`${CONDITIONS}/trait_check/operator unknown_operator`],
    ],
    [
      "a threshold that is a text",
      conditions(trait("a", "greater", "1")),
      [`${CONDITIONS}/trait_check/value wrong_type`],
    ],
    [
      "a threshold that is no number",
      conditions(trait("a", "less", Number.NaN)),
      [`${CONDITIONS}/trait_check/value wrong_type`],
    ],
    ["a range of texts", conditions(trait("a", "between", [1, "2"])), [`${CONDITIONS}/trait_check/value/1 wrong_type`]],
    ["a pattern that is none", conditions(trait("a", "matches", "(")), [`${CONDITIONS}/trait_check/value bad_pattern`]],
    [
      "an unknown zone",
      conditions({ time_check: { timezone: "Mars/Base", period: "night" } }),
      [`${CONDITIONS}/time_check/timezone unknown_zone`],
    ],
    [
      "an unknown period",
      conditions({ time_check: { period: "noon" } }),
      [`${CONDITIONS}/time_check/period unknown_word`],
    ],
    [
      "a narrative threshold of a text",
      conditions({ narrative_check: { query: "q", threshold: "0.5" } }),
      [`${CONDITIONS}/narrative_check/threshold wrong_type`],
    ],
    [
      "an unknown template",
      action(suggesting("x")),
      ["/rules/0/actions/0/generate_suggestion/template unknown_template"],
    ],
    [
      "an unknown placeholder",
      action(suggesting("t", { b: 1 })),
      ["/rules/0/actions/0/generate_suggestion/parameters unknown_placeholder"],
    ],
    [
      "an unknown transform",
      action(suggesting("t", { a: { from_trait: "a", transform: "shout" } })),
      ["/rules/0/actions/0/generate_suggestion/parameters/a/transform unknown_transform"],
    ],
    [
      "a brace too many",
      action(suggesting("t", { a: 1 }), { t: { title: "{", description: "d" } }),
      ["/templates/t/title bad_template"],
    ],
    [
      "a weight that is no number",
      aDocument([aRule("r", always, { weight: Number.NaN })]),
      ["/rules/0/weight wrong_type"],
    ],
    ["a weight below 0", aDocument([aRule("r", always, { weight: -1 })]), ["/rules/0/weight out_of_range"]],
    ["a key that nobody knows", aDocument([aRule("r", always, { wieght: 1 })]), ["/rules/0/wieght unknown_key"]],
  ];

  it.each(wrong)("that has %s is refused with its place", (_, document, expected) => {
    expect(faults(document)).toEqual(expected);
  });

  it("may be nested 32 deep", () => {
    expect(faults(conditions(nested(32)))).toEqual([]);
  });

  it("has all its faults told at once", () => {
    const several = aDocument([
      aRule("a", { any: [trait("x", "above"), { time_check: { period: "noon" } }] }, { weight: "1" }),
      aRule("a", always, { actions: [] }),
    ]);
    expect(faults(several).sort()).toEqual([
      `${CONDITIONS}/any/0/trait_check/operator unknown_operator`,
      `${CONDITIONS}/any/1/time_check/period unknown_word`,
      "/rules/0/weight wrong_type",
      "/rules/1/actions empty",
      "/rules/1/id duplicate_id",
    ]);
  });

  it("may not be longer than the limit, nor have more rules", () => {
    const one = conditions(always);
    expect(faults(one, { bytes: one.length })).toEqual([]);
    expect(faults(one, { bytes: one.length - 1 })).toEqual([" too_large"]);
    expect(faults(aDocument([], { filler: "x".repeat(2 ** 20) }))).toEqual([" too_large"]);
    expect(faults(aDocument([aRule("a", always), aRule("b", always)]), { rules: 1 })).toEqual(["/rules too_many"]);
  });

  it("of a hundred thousand rules is refused; twenty thousand are compiled", () => {
    const rules = Array.from({ length: 20_000 }, (_, n) => aRule(`r${n}`, trait(`t${n % 50}`, "greater", n)));
    const many = `[${"{},".repeat(99_999)}{}]`;
    const document = aDocument(["RULES"]).replace('["RULES"]', many);
    expect(faults(document, { bytes: 2 ** 26 })).toEqual(["/rules too_many"]);
    expect(faults(aDocument(rules))).toEqual([" too_large"]);
    const person = compileMapper(aDocument(rules), { bytes: 2 ** 26 }).person({ traits: { t7: 10_000.5 } });
    expect(person.fires({ now })).toHaveLength(200);
    expect(ids(person.suggest({ now }))).toEqual(["r7", "r57", "r107", "r157", "r207"]);
  });
});

const invalid = (field: string) =>
  expect.objectContaining({ code: "invalid_input", fields: [expect.objectContaining({ field })] });

describe("a person", () => {
  const mapper = compileMapper(
    aDocument([aRule("a", trait("a", "exists")), aRule("q", { narrative_check: { query: "q" } })]),
  );

  it("keeps what it was when something is not valid", () => {
    const person = mapper.person({ zone: "Europe/Berlin", traits: { a: 1 }, scores: [0.9] });
    const before = person.suggest({ now });
    const cyclic: Record<string, unknown> = {};
    cyclic["a"] = cyclic;
    expect(() => person.setZone("Nowhere/Land")).toThrow(invalid("zone"));
    expect(() => person.setZone("")).toThrow(invalid("zone"));
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, 1n, () => 1, Symbol("a"), cyclic]) {
      expect(() => person.setTrait("a", value)).toThrow(invalid("a"));
    }
    for (const traits of ["[1]", "{", "1", cyclic]) expect(() => person.setTraits(traits)).toThrow(invalid("traits"));
    expect(() => person.setScore(0, Number.NaN)).toThrow(invalid("score"));
    expect(() => person.setScore(1, 0.5)).toThrow(invalid("score"));
    expect(() => person.setFactors({ a: -1 })).toThrow(invalid("factors.a"));
    expect(() => person.setFactors({ a: 0, x: 1 })).toThrow(invalid("rule"));
    expect(before.suggestions).toHaveLength(2);
    expect(person.suggest({ now })).toEqual(before);
  });

  it("is not made of what is not valid", () => {
    for (const [state, field] of [
      [{ zone: "Mars/Base" }, "zone"],
      [{ traits: "no JSON" }, "traits"],
      [{ scores: [Number.NaN] }, "scores"],
      [{ scores: [0.1, 0.2] }, "score"],
      [{ factors: { a: Number.NaN } }, "factors.a"],
    ] as const) {
      expect(() => mapper.person(state)).toThrow(invalid(field));
      expect(() => mapper.suggest(state, { now })).toThrow(invalid(field));
    }
  });

  it("answers at any moment that there is, also when the clock jumps, and refuses others", () => {
    const clocks = compileMapper(aDocument([aRule("n", { time_check: { period: "night" } })]));
    const person = clocks.person({ zone: "Europe/Berlin" });
    const night = Date.parse("2026-03-29T00:30:00Z");
    // Back by a year, on by a century, across the hour that the clocks leave out.
    for (const [at, fires] of [
      [night, true],
      [night - 365 * 86_400_000, true],
      [Date.parse("2126-07-01T10:00:00Z"), false],
      [night + 3 * 3_600_000, false],
      [night, true],
      [-62_135_596_800_000, true],
    ] as const) {
      expect(person.fires({ now: at })).toEqual(fires ? ["n"] : []);
    }
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 8.64e15, -8.64e15, 2 ** 53]) {
      expect(() => person.suggest({ now: at })).toThrow(invalid("now"));
    }
    for (const limit of [-1, 0.5, Number.NaN]) expect(() => person.suggest({ now, limit })).toThrow(invalid("limit"));
  });

  it("is asked in a context of JSON values only", () => {
    const reads = compileMapper(aDocument([aRule("c", { context_check: { field: "c", operator: "exists" } })]));
    const person = reads.person();
    for (const c of [Number.NaN, 1n, () => 1]) {
      expect(() => person.suggest({ now, context: { c } })).toThrow(invalid("c"));
    }
    expect(ids(person.suggest({ now, context: { c: null } }))).toEqual(["c"]);
    expect(ids(person.suggest({ now, context: { other: 1n } }))).toEqual([]);
  });

  it("is nobody any more once it was let go", () => {
    const person = mapper.person();
    person.free();
    person.free();
    expect(() => person.suggest({ now })).toThrow(invalid("person"));
    expect(() => person.setTrait("a", 1)).toThrow(invalid("person"));
    const crowd = mapper.crowd();
    crowd.free();
    expect(() => crowd.matches({ now })).toThrow(invalid("person"));
    expect(() => crowd.add()).toThrow(invalid("person"));
  });
});

describe("a fault that only shows when a rule fires", () => {
  it("is told with the rule, and hides no other's result", () => {
    const read = (more: object) => ({ a: { from_trait: "length", ...more } });
    const mapper = compileMapper(
      aDocument(
        [
          aRule("hours", always, { weight: 3, actions: [suggesting("t", read({ transform: "minutes_to_hours" }))] }),
          aRule("absent", always, { weight: 2, actions: [suggesting("t", { a: { from_trait: "gone" } })] }),
          aRule("plain", always, {
            actions: [suggesting("t", read({})), suggesting("t", read({ transform: "lower" }))],
          }),
        ],
        { templates: { t: { title: "t", description: "{a}" } } },
      ),
    );
    const answer = mapper.suggest({ traits: { length: "LONG" } }, { now, limit: 2 });
    expect(answer.suggestions.map(({ ruleId, description }) => [ruleId, description])).toEqual([
      ["plain", "LONG"],
      ["plain", "long"],
    ]);
    expect(answer.faults).toMatchObject([
      { ruleId: "hours", action: 0, parameter: "a", code: "transform_failed" },
      { ruleId: "absent", action: 0, parameter: "a", code: "missing_parameter" },
    ]);
  });
});
