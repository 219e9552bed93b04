/** A person as a persona is to see them: what is stored, what holds now, and when it is made anew. */
import { describe, expect, it } from "vitest";
import type { Summary, SummaryQuestion } from "../../src/mapping/summary.ts";
import type { Store } from "../../src/store/port.ts";
import { ANA, BEN, disturbed, FRIDAY, HOUR, MINUTE, TENANT } from "./study.ts";
import { failure, mapperOf, openTheatre, ruleOf, type Staging, type Theatre } from "./theatre.ts";

const ASK = { persona: "ada", person: ANA } as const;

async function opened(staging: Staging = {}, more: object = {}, metadata: object = {}): Promise<Theatre> {
  const theatre = await openTheatre(staging);
  const document = mapperOf(
    [ruleOf("a", "work.style")],
    { required_traits: ["work.style", "mood"], ...more },
    metadata,
  );
  await theatre.mappers.create(document, { activate: true });
  return theatre;
}

const calm = { "work.style": "deep", "work.hours": 8, mood: "calm" };

describe("a core", () => {
  it("has required traits and the lasting ones that the mapper reads, and says what is missing", async () => {
    const { mapPersona, curate } = await opened();
    const before = await mapPersona({ ...ASK, detailLevel: "instant" });
    expect(before.core).toMatchObject({
      mindscape_version: 0,
      core: { traits: {}, missing_traits: ["work.style", "mood"] },
    });
    await curate(calm);
    const { core, cache, choice, overlay, suggestions } = await mapPersona({ ...ASK, detailLevel: "instant" });
    expect([cache, choice]).toEqual(["regenerated", { detail_level: "instant", when_stale: "regenerate" }]);
    expect(Object.keys(core.core.traits).sort()).toEqual(["mood", "work.style"]);
    expect(core).toMatchObject({ persona_id: "ada", person_id: ANA, mapper_id: "coach", mapper_version: 1 });
    expect(core).toMatchObject({ mindscape_version: 1, is_stale: false, generated_at: FRIDAY });
    expect(core.expires_at).toBe(FRIDAY + 24 * HOUR);
    expect([overlay, suggestions]).toEqual([undefined, undefined]);
  });

  it("is made once, and served until something it was made from is another", async () => {
    const { mapPersona, curate, clock } = await opened();
    await curate(calm);
    const first = await mapPersona(ASK);
    clock.advance(MINUTE);
    await curate({ "work.hours": 9 });
    const second = await mapPersona(ASK);
    expect([first.cache, second.cache]).toEqual(["regenerated", "fresh"]);
    expect(second.core).toEqual(first.core);
    clock.advance(MINUTE);
    await curate({ "work.style": "shallow" });
    const served = await mapPersona({ ...ASK, whenStale: "serve" });
    expect([served.cache, served.core.is_stale, served.core.stale_since]).toEqual(["stale", true, FRIDAY + 2 * MINUTE]);
    expect(served.core.core.traits["work.style"]?.value).toBe("deep");
    const error = await failure(mapPersona({ ...ASK, whenStale: "refuse" }));
    expect([error.code, error.message]).toEqual(["core_stale", expect.stringContaining("2026-11-20T09:02:00.000Z")]);
    const renewed = await mapPersona({ ...ASK, whenStale: "regenerate" });
    expect([renewed.cache, renewed.core.is_stale]).toEqual(["regenerated", false]);
    expect(renewed.core.core.traits["work.style"]?.value).toBe("shallow");
    expect((await mapPersona({ ...ASK, whenStale: "refuse" })).cache).toBe("fresh");
  });

  it("is stale when its time is over, when another version is active, and when it is of a clock that was ahead", async () => {
    const { mapPersona, curate, clock, mappers, store } = await opened({}, {}, { default_ttl_hours: 1 });
    await curate(calm);
    const cache = async (whenStale: "serve" | "regenerate") => (await mapPersona({ ...ASK, whenStale })).cache;
    expect([await cache("regenerate"), await cache("serve")]).toEqual(["regenerated", "fresh"]);
    clock.advance(HOUR);
    expect([await cache("serve"), await cache("regenerate"), await cache("serve")]).toEqual([
      "stale",
      "regenerated",
      "fresh",
    ]);
    await mappers.put("coach", mapperOf([ruleOf("b")]), { activate: true });
    expect([await cache("serve"), await cache("regenerate"), await cache("serve")]).toEqual([
      "stale",
      "regenerated",
      "fresh",
    ]);
    const row = await store.mapping.core(TENANT, "ada", ANA, "coach");
    if (row === undefined) throw new Error("No core");
    const ahead = { ...row, generatedAt: clock.now() + 10 * HOUR, expiresAt: clock.now() + 34 * HOUR };
    await store.mapping.saveCore(ahead, { since: store.allocate("mapping") });
    expect([await cache("serve"), await cache("regenerate"), await cache("serve")]).toEqual([
      "stale",
      "regenerated",
      "fresh",
    ]);
  });

  it("is made once for all who want it at the same time", async () => {
    let saved = 0;
    const { mapPersona, curate, clock } = await opened({
      wrap: (store) =>
        disturbed(store, {
          saveCore: (...args) => {
            saved += 1;
            return store.mapping.saveCore(...args);
          },
        }),
    });
    await curate(calm);
    const answers = await Promise.all([1, 2, 3].map(() => mapPersona(ASK)));
    expect(saved).toBe(1);
    expect(new Set(answers.map(({ core }) => core.id)).size).toBe(1);
    clock.advance(MINUTE);
    await curate({ mood: "cross" });
    await Promise.all([1, 2].map(() => mapPersona(ASK)));
    expect(saved).toBe(2);
  });

  it("is none of a person who is erased at that moment", async () => {
    const { mapPersona, curate, store } = await opened({
      wrap: (store) => disturbed(store, { saveCore: async () => ({ status: "erased" }) }),
    });
    await curate(calm);
    expect((await failure(mapPersona(ASK))).code).toBe("person_erased");
    expect(await store.mapping.core(TENANT, "ada", ANA, "coach")).toBeUndefined();
  });

  it("that cannot be read is made anew, with a warning", async () => {
    const { mapPersona, curate, store, warnings } = await opened();
    await curate(calm);
    await mapPersona(ASK);
    const row = await store.mapping.core(TENANT, "ada", ANA, "coach");
    if (row === undefined) throw new Error("No core");
    await store.mapping.saveCore({ ...row, core: "{" }, { since: store.allocate("mapping") });
    expect((await mapPersona(ASK)).cache).toBe("regenerated");
    expect(warnings.map(({ code }) => code)).toEqual(["core_damaged"]);
  });
});

describe("a summary", () => {
  const asked: SummaryQuestion[] = [];
  const summarize = async (question: SummaryQuestion): Promise<Summary> => {
    asked.push(question);
    return {
      text: `sees ${Object.keys(question.traits).length}`,
      usage: { inputTokens: 20, outputTokens: 5 },
      model: "m:x",
    };
  };

  it("is asked of a model once, for whoever wants to know deeply, and paid for by that answer", async () => {
    const { mapPersona, curate, clock } = await opened({
      summarize,
      prices: { "m:x": { inputUsdPerMTok: 400, outputUsdPerMTok: 400 } },
    });
    await curate(calm);
    expect((await mapPersona(ASK)).cost).toEqual({ ms: 0, tokens: 0, usd: 0 });
    const deep = await mapPersona({ ...ASK, detailLevel: "deep_dive" });
    expect([deep.cache, deep.core.core.summary, deep.cost]).toEqual([
      "regenerated",
      "sees 2",
      { ms: 0, tokens: 25, usd: 0.01 },
    ]);
    const again = await mapPersona({ ...ASK, detailLevel: "deep_dive" });
    expect([again.cache, again.core.core.summary, again.cost.usd]).toEqual(["fresh", "sees 2", 0]);
    expect((await mapPersona({ ...ASK, detailLevel: "instant" })).core.core.summary).toBe("sees 2");
    expect(asked).toHaveLength(1);
    clock.advance(MINUTE);
    await curate({ mood: "cross" });
    const stale = await mapPersona({ ...ASK, detailLevel: "deep_dive", whenStale: "serve" });
    expect([stale.cache, stale.core.core.summary, asked.length]).toEqual(["stale", "sees 2", 1]);
  });

  it("that fails leaves the core without one, and says so", async () => {
    const { mapPersona, curate, warnings } = await opened({ summarize: () => Promise.reject(new Error("no model")) });
    await curate(calm);
    const deep = await mapPersona({ ...ASK, detailLevel: "deep_dive" });
    expect([deep.core.core.summary, deep.summary_error]).toEqual([undefined, "cognition_failed"]);
    expect(warnings.map(({ code }) => code)).toEqual(["summary_failed"]);
  });
});

describe("the moment", () => {
  const TIRED = {
    all: [
      { trait_check: { path: "mood", operator: "equals", value: "tired" } },
      { context_check: { field: "load", operator: "greater", value: 3 } },
    ],
  };
  const ruled = { rules: [{ ...ruleOf("rest"), conditions: TIRED }, ruleOf("style", "work.style")] };

  it("has what changes within hours, the context, and suggestions that say why", async () => {
    const { mapPersona, curate, clock } = await opened({}, ruled);
    await curate({ "work.style": "deep", mood: "tired" });
    const { overlay, suggestions = [] } = await mapPersona({ ...ASK, context: { load: 4 } });
    expect(overlay).toMatchObject({
      context: { load: 4 },
      time_zone: "UTC",
      mindscape_version: 1,
      generated_at: clock.now(),
    });
    expect(suggestions.map(({ rule_id }) => rule_id)).toEqual(["rest", "style"]);
    expect(suggestions[0]).toMatchObject({ mapper_id: "coach", mapper_version: 1, type: "focus", weight: 1 });
    expect(suggestions[0]?.because).toMatchObject([
      {
        path: "/rules/0/conditions/all/0/trait_check",
        subject: "mood",
        operator: "equals",
        holds: true,
        actual: "tired",
      },
      { path: "/rules/0/conditions/all/1/context_check", subject: "load", expected: 3, holds: true, actual: 4 },
    ]);
  });

  it("tells on request why the other rules did not fire", async () => {
    const { mapPersona, curate } = await opened({}, ruled);
    await curate({ "work.style": "deep", mood: "tired" });
    const { suggestions, trace } = await mapPersona({ ...ASK, context: { load: 3 }, explain: true });
    expect(suggestions?.map(({ rule_id }) => rule_id)).toEqual(["style"]);
    expect(trace).toMatchObject([
      {
        rule_id: "rest",
        fires: false,
        outcome: {
          kind: "all",
          holds: false,
          children: [{ holds: true }, { holds: false, actual: 3, flip: { above: 3 } }],
        },
      },
      { rule_id: "style", fires: true },
    ]);
    expect((await mapPersona(ASK)).trace).toBeUndefined();
  });

  it("gives the same suggestion under the same id for an hour, and stores each once", async () => {
    const always = { time_check: { hour_range: [0, 24] } };
    const { mapPersona, curate, clock } = await opened({}, { rules: [{ ...ruleOf("a"), conditions: always }] });
    await curate(calm);
    const ids = async (person = ANA) => (await mapPersona({ ...ASK, person })).suggestions?.map(({ id }) => id) ?? [];
    const first = await ids();
    clock.advance(59 * MINUTE);
    expect(await ids()).toEqual(first);
    clock.advance(MINUTE);
    const second = await ids();
    expect(second).not.toEqual(first);
    await curate(calm, BEN);
    expect(await ids(BEN)).not.toEqual(second);
  });

  it("gives all who ask at the same moment the same ones, and stores them once", async () => {
    let writes = 0;
    const wrap = (store: Store) => {
      const saveSuggestions: Store["mapping"]["saveSuggestions"] = async (rows, guard) => {
        writes += rows.length;
        return store.mapping.saveSuggestions(rows, guard);
      };
      return disturbed(store, { saveSuggestions });
    };
    const { mapPersona, curate } = await opened({ wrap });
    await curate(calm);
    const answers = await Promise.all(Array.from({ length: 8 }, () => mapPersona(ASK)));
    expect(new Set(answers.map(({ suggestions }) => suggestions?.[0]?.id)).size).toBe(1);
    expect(writes).toBe(1);
  });

  it("clears old ones away as fast as new ones come", async () => {
    const swept: number[] = [];
    const wrap = (store: Store) =>
      disturbed(store, {
        dropSuggestions: async (_at, limit) => {
          swept.push(limit);
          // There are many more, then there are not.
          return swept.length < 3 ? limit : 0;
        },
      });
    const { mapPersona, curate } = await opened({ wrap });
    for (const person of ["a", "b", "c", "d", "e"]) {
      await curate(calm, `user:${person}`);
      await mapPersona({ ...ASK, person: `user:${person}` });
    }
    expect(swept).toHaveLength(3);
  });

  it("ranks and explains by the same draw, and reads no document for it", async () => {
    let reads = 0;
    const wrap = (store: Store) => {
      const activeMapper: Store["mapping"]["activeMapper"] = async (...asked) => {
        reads += 1;
        return store.mapping.activeMapper(...asked);
      };
      return disturbed(store, { activeMapper });
    };
    const { mapPersona, curate } = await opened({ wrap }, { feedback_settings: { strategy: "thompson" } });
    await curate(calm);
    const drawn: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      const { suggestions, trace } = await mapPersona({ ...ASK, explain: true });
      expect(trace?.[0]?.weight).toBe(suggestions?.[0]?.weight);
      drawn.push(suggestions?.[0]?.weight);
    }
    expect(new Set(drawn).size).toBe(3);
    expect(reads).toBe(1);
  });

  it("lets the learned weights rank, at once, and a factor of the person's own", async () => {
    const { mapPersona, curate, store, weights, clock } = await opened({}, { rules: [ruleOf("one"), ruleOf("two")] });
    await curate(calm);
    const ranked = async (person = ANA) =>
      (await mapPersona({ ...ASK, person })).suggestions?.map((one) => [one.rule_id, one.weight]);
    expect(await ranked()).toEqual([
      ["one", 1],
      ["two", 1],
    ]);
    const row = {
      tenant: TENANT,
      mapper: "coach",
      base: 1,
      alpha: 1,
      beta: 1,
      direction: 1,
      version: 1,
      reason: "test",
    } as const;
    const learned = { ...row, key: store.allocate("mapping"), rule: "two", weight: 1.1, updatedAt: clock.now() };
    const nothing = { feedback: [], log: [], personal: [], mindscapes: [], at: clock.now() };
    await store.mapping.adjust({ ...nothing, weights: [learned] });
    weights.tell({ tenant: TENANT, mapper: "coach" });
    expect(await ranked()).toEqual([
      ["two", 1.1],
      ["one", 1],
    ]);
    const own = {
      tenant: TENANT,
      person: ANA,
      mapper: "coach",
      rule: "one",
      factor: 2,
      version: 1,
      updatedAt: clock.now(),
    };
    await store.mapping.adjust({ ...nothing, weights: [], personal: [own] });
    weights.tell({ tenant: TENANT, mapper: "coach", person: ANA });
    expect(await ranked()).toEqual([
      ["one", 2],
      ["two", 1.1],
    ]);
    await curate(calm, BEN);
    expect(await ranked(BEN)).toEqual([
      ["two", 1.1],
      ["one", 1],
    ]);
  });

  it("reports a rule that cannot be rendered, and gives what the others say", async () => {
    const templates = { t: { title: "Title", description: "Said" }, u: { title: "{who}", description: "Said" } };
    const parameters = { who: { from_trait: "name" } };
    const broken = ruleOf("broken", "mood", {
      actions: [{ generate_suggestion: { type: "x", template: "u", parameters } }],
    });
    const { mapPersona, curate } = await opened({}, { rules: [broken, ruleOf("sound")], templates });
    await curate(calm);
    const { suggestions, faults } = await mapPersona(ASK);
    expect(suggestions?.map(({ rule_id }) => rule_id)).toEqual(["sound"]);
    expect(faults).toMatchObject([{ rule_id: "broken", action: 0, parameter: "who", code: "missing_parameter" }]);
  });

  it("asks narratives what they hold, again once there are more, and deeply shows them", async () => {
    const check = { narrative_check: { query: "run", threshold: 0.5, limit: 3 } };
    const { mapPersona, narratives } = await opened({}, { rules: [{ ...ruleOf("a"), conditions: check }] });
    expect((await mapPersona(ASK)).suggestions).toEqual([]);
    narratives.tell("I like to run", 0.4);
    expect((await mapPersona(ASK)).suggestions).toEqual([]);
    narratives.tell("I run every day", 0.9);
    const deep = await mapPersona({ ...ASK, detailLevel: "deep_dive" });
    expect(deep.suggestions?.map(({ rule_id }) => rule_id)).toEqual(["a"]);
    expect(deep.narratives?.map(({ score }) => score)).toEqual([0.9, 0.4]);
    expect((await mapPersona({ ...ASK, person: BEN })).suggestions).toEqual([]);
  });

  it("sees what is written while a person is in memory, also what is removed, and with one place for all", async () => {
    const rules = { rules: [ruleOf("mood", "mood"), ruleOf("deep", "work.style.kind")] };
    const { mapPersona, curate, mindscapes } = await opened({ maxPersons: 1 }, rules);
    const fired = async (person = ANA) =>
      (await mapPersona({ ...ASK, person })).suggestions?.map(({ rule_id }) => rule_id);
    expect(await fired()).toEqual([]);
    await curate({ mood: "calm" });
    expect(await fired()).toEqual(["mood"]);
    await curate({ "work.style": { kind: "deep" } });
    expect(await fired()).toEqual(["mood", "deep"]);
    expect(await fired(BEN)).toEqual([]);
    // In memory again, in place of the other.
    expect(await fired()).toEqual(["mood", "deep"]);
    await mindscapes.curate(TENANT, ANA, { traits: { mood: null } }, "user:ada");
    expect(await fired()).toEqual(["deep"]);
  });
});

it("answers an owner about themselves only, and a tenant about anybody", async () => {
  const { serving } = await opened();
  const owned = serving.view({ tenant: TENANT, owner: ANA });
  expect((await owned.mapPersona({ persona: "ada" })).core.person_id).toBe(ANA);
  expect((await failure(owned.mapPersona({ persona: "ada", person: BEN }))).code).toBe("person_not_found");
  const whole = serving.view({ tenant: TENANT });
  const error = await failure(whole.mapPersona({ persona: "ada" }));
  expect([error.code, error.fields[0]?.field]).toEqual(["invalid_input", "person"]);
});

it("names what there is not", async () => {
  const { mapPersona, mappers } = await openTheatre();
  const code = async (request: object) => (await failure(mapPersona({ ...ASK, ...request }))).code;
  expect(await code({ persona: "eve" })).toBe("persona_not_found");
  expect(await code({})).toBe("mapper_not_found");
  await mappers.create(mapperOf([ruleOf("a")]));
  expect(await code({})).toBe("mapper_inactive");
  expect(await code({ persona: "bob" })).toBe("invalid_input");
  expect(await code({ limit: 101 })).toBe("invalid_input");
  expect(await code({ context: { text: "x".repeat(70_000) } })).toBe("invalid_input");
  const circle: { self?: object } = {};
  circle.self = circle;
  for (const value of [circle, 1n, nested(100), nested(20_000)]) {
    expect(await code({ context: { text: value } }), typeof value).toBe("invalid_input");
  }
  await mappers.activate("coach", 1);
  await expect(mapPersona(ASK)).resolves.toMatchObject({ cache: "regenerated" });
});

it("simulates a draft over a person, and over what is given, and stores nothing", async () => {
  const { mappers, curate, store } = await opened();
  await mappers.put("coach", mapperOf([ruleOf("draft", "plan"), ruleOf("style", "work.style")]));
  await curate(calm);
  const simulated = await mappers.simulate("coach", {
    version: 2,
    person: ANA,
    traits: { plan: "yes" },
    rules: ["draft"],
  });
  expect(simulated).toMatchObject({ mapper_id: "coach", mapper_version: 2, at: FRIDAY, time_zone: "UTC", faults: [] });
  expect(simulated.suggestions.map(({ rule_id }) => rule_id)).toEqual(["draft", "style"]);
  expect(simulated.trace).toMatchObject([{ rule_id: "draft", fires: true }]);
  const given = await mappers.simulate("coach", { traits: {} });
  expect([given.mapper_version, given.suggestions]).toEqual([1, []]);
  expect(given.trace).toMatchObject([{ rule_id: "a", fires: false, outcome: { flip: { present: true } } }]);
  expect(await store.mapping.core(TENANT, "ada", ANA, "coach")).toBeUndefined();
  const fault = async (request: object) => {
    const { code, fields } = await failure(mappers.simulate("coach", request));
    return [code, ...fields.map(({ field }) => field)];
  };
  expect(await fault({ rules: ["nobody"] })).toEqual(["invalid_input", "rules[0]"]);
  expect(await fault({ scores: { nothing: 1 } })).toEqual(["invalid_input", "scores.nothing"]);
  expect(await fault({ timeZone: "Mars/Base" })).toEqual(["invalid_input", "timeZone"]);
  expect(await fault({ at: 8.64e15 })).toEqual(["invalid_input", "at"]);
  expect(await fault({ context: { text: nested(20_000) }, traits: { plan: nested(100) } })).toEqual([
    "invalid_input",
    "traits",
    "context",
  ]);
  expect(await fault({ version: 9 })).toEqual(["mapper_not_found"]);
});

/** Lists in each other. */
const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
};
