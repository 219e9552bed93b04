/** The face of the rule engine; what the rules mean is proved in `crates/persona-rules`. */
import { describe, expect, it } from "vitest";
import { compileMapper, type Reason, type RuleSuggestion } from "../../src/mapping/engine.ts";
import { aDocument, always, aRule, descriptions, holds, ids, NOON, suggesting, trait } from "./engine-stage.ts";

const now = NOON;
const high = trait("work.energy", "equals", "high");
const meeting = { context_check: { field: "meeting", operator: "within_minutes", value: 30 } };

/** Texts that read traits and the context, literals, all kinds of values, a weight and a query. */
const document = aDocument(
  [
    aRule(
      "focus",
      {
        all: [
          high,
          { time_check: { period: "afternoon" } },
          { not: [{ context_check: { field: "place", operator: "in", value: ["train", "café"] } }] },
        ],
      },
      {
        weight: 1.5,
        actions: [
          suggesting("said", {
            minutes: { from_trait: "work.focus.p90", default: 90 },
            place: { from_context: "place", default: "dëine Wohnung" },
            tags: ["a", 1],
          }),
        ],
      },
    ),
    aRule("meeting", meeting, { actions: [suggesting("high")] }),
    aRule("story", { narrative_check: { query: "joy", threshold: 0.6, limit: 3, narrative_types: ["curation"] } }),
  ],
  {
    required_traits: ["work.energy"],
    templates: {
      said: { title: "Now: {minutes} 🎯", description: "{place}, {minutes} min", metadata: { icon: ["x"] } },
      high: { title: "high", description: "d", priority: "high" },
      t: { title: "t", description: "d" },
    },
  },
);

describe("a compiled mapper", () => {
  it("says what it is about", () => {
    const mapper = compileMapper(document);
    expect(mapper).toMatchObject({
      id: "m",
      ruleIds: ["focus", "meeting", "story"],
      traits: ["work.energy", "work.focus.p90"],
      requiredTraits: ["work.energy"],
      queries: [{ query: "joy", limit: 3, types: ["curation"], checks: [{ rule: "story", threshold: 0.6 }] }],
    });
    expect(mapper.conditionTraits("focus")).toEqual(["work.energy"]);
    expect(mapper.conditionTraits("meeting")).toEqual([]);
    expect([mapper.weight("focus"), mapper.weight("story")]).toEqual([1.5, 1]);
  });

  it("suggests with texts, parameters and reasons", () => {
    const person = compileMapper(document).person({ zone: "Europe/Berlin" });
    person.setTraits({ "work.energy": "high", "work.focus": { p90: 75, mean: 60 }, unread: 1 });
    const context = { place: "Büro" };
    const { suggestions, faults } = person.suggest({ now, context });
    expect(faults).toEqual([]);
    const path = (rest: string) => `/rules/0/conditions/all/${rest}`;
    expect(suggestions).toEqual([
      {
        ruleId: "focus",
        action: 0,
        type: "kind",
        title: "Now: 75 🎯",
        description: "Büro, 75 min",
        priority: "medium",
        weight: 1.5,
        parameters: { minutes: 75, place: "Büro", tags: ["a", 1] },
        metadata: { icon: ["x"] },
        because: [
          {
            path: path("0/trait_check"),
            check: "trait_check",
            subject: "work.energy",
            operator: "equals",
            expected: "high",
            holds: true,
            actual: "high",
          },
          {
            path: path("1/time_check"),
            check: "time_check",
            subject: "user_local",
            holds: true,
            actual: "friday 13:00",
          },
          {
            path: path("2/not/0/context_check"),
            check: "context_check",
            subject: "place",
            operator: "in",
            expected: ["train", "café"],
            holds: false,
            actual: "Büro",
          },
        ],
      },
    ]);
    expect(descriptions(person.suggest({ now }))).toEqual(["dëine Wohnung, 75 min"]);
    expect(ids(person.suggest({ now, context: { place: "café" } }))).toEqual([]);
  });

  it("takes and gives back every kind of JSON value", () => {
    const values = [
      "text",
      "ünï 🎯",
      "",
      0,
      -1.5,
      1e300,
      0.20463134278543293,
      0.9527565059252083,
      true,
      false,
      [1, ["a"]],
      { b: { c: null } },
      [],
    ];
    const read = { from_trait: "a", default: "none" };
    const mapper = compileMapper(
      aDocument([aRule("r", trait("a", "exists"), { actions: [suggesting("t", { p: read })] })]),
    );
    const person = mapper.person();
    for (const value of values) {
      person.setTrait("a", value);
      for (const answer of [person.suggest({ now }), mapper.suggest({ traits: { a: value } }, { now })]) {
        expect(answer.suggestions[0]?.parameters).toEqual({ p: value });
        expect(answer.suggestions[0]?.because[0]?.actual).toEqual(value);
      }
    }
    person.setTrait("a", null);
    const [suggestion] = person.suggest({ now }).suggestions;
    expect([suggestion?.parameters["p"], suggestion?.because[0]?.actual]).toEqual(["none", null]);
    person.setTrait("a", undefined);
    expect(ids(person.suggest({ now }))).toEqual([]);
    // What an object inherits is no field of a context.
    expect(holds({ context_check: { field: "toString", operator: "exists" } }, {})).toBe(false);
  });

  it("answers for a stored person in one call, from text as the store has it", () => {
    const mapper = compileMapper(document);
    const state = {
      zone: "Asia/Kathmandu",
      traits: '{"work.energy":"high","work.focus.p90":45}',
      scores: [0.7],
      factors: { story: 2 },
    };
    const once = mapper.suggest(state, { now });
    expect(once).toEqual(mapper.person(state).suggest({ now }));
    expect(ids(once)).toEqual(["story"]);
    expect(ids(mapper.suggest(state, { now: now - 3_600_000 * 4 }))).toEqual(["story", "focus"]);
  });

  it("shares what never changes, and lets nobody change it", () => {
    const person = compileMapper(document).person({ traits: { "work.energy": "high" } });
    const { suggestions } = person.suggest({ now });
    for (const { metadata, parameters } of suggestions) {
      expect(() => (metadata["icon"] as string[]).push("y")).toThrow(TypeError);
      expect(() => (parameters["tags"] as unknown[]).push("y")).toThrow(TypeError);
    }
    // Of reasons, those that say what the document says; the others belong to whoever asked.
    const [asAsked, localTime] = (suggestions[0] as RuleSuggestion).because as [Reason, Reason];
    expect(() => Object.assign(asAsked, { actual: "low" })).toThrow(TypeError);
    Object.assign(localTime, { actual: "never" });
    expect(person.suggest({ now }).suggestions[0]?.because[1]?.actual).toBe("friday 12:00");
    Object.assign(localTime, { actual: "friday 12:00" });
    expect(suggestions).toHaveLength(1);
    expect(person.suggest({ now }).suggestions).toEqual(suggestions);
  });

  it("finds more rules, and takes more weights, than there was room for", () => {
    const mapper = compileMapper(aDocument(Array.from({ length: 300 }, (_, n) => aRule(`r${n}`, always))));
    expect(mapper.person().firing({ now })).toEqual(Array.from({ length: 300 }, (_, n) => n));
    const weights = Object.fromEntries(mapper.ruleIds.map((id, n) => [id, n % 150]));
    for (const answer of [mapper.person().suggest({ now, weights }), mapper.suggest({}, { now, weights })]) {
      expect(ids(answer)).toEqual(["r149", "r299", "r148", "r298", "r147"]);
    }
  });

  it("keeps persons apart who came and went", () => {
    const mapper = compileMapper(document);
    const persons = ["high", "low", "high"].map((energy) => mapper.person({ traits: { "work.energy": energy } }));
    persons[0]?.free();
    const late = mapper.person({ traits: { "work.energy": "low" } });
    expect(() => persons[0]?.suggest({ now })).toThrow(expect.objectContaining({ code: "invalid_input" }));
    expect([...persons.slice(1), late].map((person) => ids(person.suggest({ now })))).toEqual([[], ["focus"], []]);
  });

  it("holds more reasons than there was room for", () => {
    const checks = Array.from({ length: 300 }, (_, n) => trait(`t${n}`, "greater", n));
    const person = compileMapper(aDocument([aRule("r", { all: checks })])).person();
    person.setTraits(Object.fromEntries(checks.map((_, n) => [`t${n}`, n + 1])));
    const because = person.suggest({ now }).suggestions[0]?.because;
    expect(because?.map(({ actual }) => actual)).toEqual(checks.map((_, n) => n + 1));
  });
});

describe("weights", () => {
  const three = aDocument([aRule("a", always), aRule("b", always, { weight: 2 }), aRule("c", always, { weight: 0 })]);

  it("change at once and for everybody, all of them or none", () => {
    const mapper = compileMapper(three);
    const person = mapper.person();
    expect(ids(person.suggest({ now }))).toEqual(["b", "a"]);
    mapper.setWeights({ a: 2.5, c: 0.1 });
    expect(ids(person.suggest({ now }))).toEqual(["a", "b", "c"]);
    expect(person.suggest({ now }).suggestions[0]?.weight).toBe(2.5);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1, "1" as unknown as number]) {
      expect(() => mapper.setWeights({ a: 1, b: bad })).toThrow(
        expect.objectContaining({ code: "invalid_input", fields: [expect.objectContaining({ field: "weights.b" })] }),
      );
    }
    expect(() => mapper.setWeights({ a: 1, x: 1 })).toThrow(expect.objectContaining({ code: "invalid_input" }));
    expect(mapper.weight("a")).toBe(2.5);
  });

  it("are multiplied by a person's own factors, or stand for one call", () => {
    const mapper = compileMapper(three);
    const [one, other] = [mapper.person({ factors: { b: 0.25 } }), mapper.person({ factors: { b: 0 } })];
    const weights = (person: typeof one, drawn?: Record<string, number>) =>
      person.suggest({ now, weights: drawn }).suggestions.map(({ ruleId, weight }) => `${ruleId} ${weight}`);
    expect(weights(one)).toEqual(["a 1", "b 0.5"]);
    expect(weights(other)).toEqual(["a 1"]);
    expect(other.fires({ now })).toEqual(["a"]);
    expect(weights(one, { a: 0, c: 3 })).toEqual(["c 3", "b 0.5"]);
    expect(weights(one)).toEqual(["a 1", "b 0.5"]);
    one.setFactors({ b: 1 });
    expect(weights(one)).toEqual(["b 2", "a 1"]);
    expect(() => one.setFactors({ b: Number.NaN })).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });

  it("rank at equal weight by priority, then by document order, before the limit cuts", () => {
    const rule = (id: string, template: string) => aRule(id, always, { actions: [suggesting(template)] });
    const mapper = compileMapper(
      aDocument([
        rule("l", "low"),
        rule("m1", "t"),
        rule("h", "high"),
        rule("m2", "t"),
        rule("h2", "high"),
        rule("m3", "t"),
      ]),
    );
    const person = mapper.person();
    expect(ids(person.suggest({ now }))).toEqual(["h", "h2", "m1", "m2", "m3"]);
    expect(ids(person.suggest({ now, limit: 1 }))).toEqual(["h"]);
    expect(ids(person.suggest({ now, limit: 0 }))).toEqual([]);
    expect(person.fires({ now })).toEqual(["l", "m1", "h", "m2", "h2", "m3"]);
  });
});

describe("an explanation", () => {
  it("tells of every rule what was looked at, and what would turn it", () => {
    const mapper = compileMapper(document);
    const ask = { now: now - 3_600_000, context: { place: "train" } };
    const state = { zone: "UTC", traits: { "work.energy": "low" } };
    const [focus, inMeeting, story] = mapper.explain(state, ask);
    expect(focus).toMatchObject({ ruleId: "focus", fires: false, weight: 1.5 });
    expect(focus?.outcome).toMatchObject({
      kind: "all",
      holds: false,
      children: [
        { check: "trait_check", subject: "work.energy", holds: false, actual: "low", flip: { any_of: ["high"] } },
        { check: "time_check", holds: false, actual: "friday 11:00", flip: { at: now } },
        { kind: "not", holds: false, children: [{ actual: "train", flip: { none_of: ["train", "café"] } }] },
      ],
    });
    expect(inMeeting?.outcome).toMatchObject({ operator: "within_minutes", holds: false, actual: undefined });
    expect(story?.outcome).toMatchObject({ check: "narrative_check", flip: { above: 0.6, inclusive: true } });
    expect(mapper.explain(state, ask, ["story"])).toEqual([story]);
    expect(() => mapper.explain(state, ask, ["x"])).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
});

describe("a crowd", () => {
  it("finds for whom each rule fires", () => {
    const mapper = compileMapper(document);
    const crowd = mapper.crowd();
    const numbers = Array.from({ length: 100 }, (_, n) =>
      crowd.add({
        zone: n % 2 === 0 ? "UTC" : "America/New_York",
        traits: { "work.energy": n % 3 === 0 ? "high" : "low" },
        scores: [n % 5 === 0 ? 0.9 : undefined],
        factors: n === 30 ? { focus: 0 } : undefined,
      }),
    );
    const pairs = (): string[] => {
      const found = crowd.matches({ now });
      return Array.from(
        { length: found.length / 2 },
        (_, n) => `${mapper.ruleIds[found[2 * n] ?? -1]} ${found[2 * n + 1]}`,
      );
    };
    const alone = () => {
      const members = numbers.filter((number) => crowd.size > 0 && number !== gone);
      return mapper.ruleIds.flatMap((rule) =>
        members.filter((n) => crowd.member(n).fires({ now }).includes(rule)).map((n) => `${rule} ${n}`),
      );
    };
    let gone: number | undefined;
    expect(pairs()).toEqual(alone());
    expect(pairs()).toContain("focus 0");
    expect(pairs()).not.toContain("focus 30");
    gone = 0;
    crowd.remove(0);
    crowd.member(5).setTrait("work.energy", "high");
    crowd.member(5).setZone("UTC");
    expect(pairs()).toEqual(alone());
    expect(pairs()).toContain("focus 5");
    expect(ids(crowd.member(5).suggest({ now }))).toEqual(["focus", "story"]);
    expect(crowd.size).toBe(99);
    expect(() => crowd.member(0)).toThrow(expect.objectContaining({ code: "invalid_input" }));
    expect(() => crowd.add({ zone: "Nowhere/Land" })).toThrow(expect.objectContaining({ code: "invalid_input" }));
    expect(crowd.size).toBe(99);
  });
});
