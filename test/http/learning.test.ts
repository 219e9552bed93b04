/** Observations, mindscapes and feedback over HTTP; what they do is in `test/mapping/learns.ts`. */
import { describe, expect, it } from "vitest";
import { until } from "../support/event-loop.ts";
import { type House, openHouse } from "./harness.ts";

const AT = "2026-01-01T00:00:00Z";
const session = (id: string, content: object = {}) => ({
  ...{ id, type: "work_session", observed_at: AT },
  content: { duration_minutes: 50, productivity_score: 4, ...content },
});

const mapper = {
  metadata: { id: "coach", version: "1.0.0", description: "A coach" },
  trait_mappings: { focus: ["work.focus_duration"] },
  rules: [
    {
      id: "deep",
      conditions: { trait_check: { path: "work.focus_duration", operator: "greater", value: 30 } },
      actions: [{ generate_suggestion: { type: "focus", template: "t" } }],
    },
  ],
  templates: { t: { title: "Focus", description: "Now" } },
};

const ANA = "user:local";
const MINE = `/v1/mindscapes/${ANA}`;

/** Without authentication whoever calls is the person `user:local`. */
async function learned(house: House, version: number): Promise<void> {
  await until(async () => (await house.send(`GET ${MINE}`)).body.version === version);
}

const fieldsOf = (body: { fields: { field: string }[] }) => body.fields.map(({ field }) => field);

describe("observations", () => {
  it("are recorded once, and become a mindscape", async () => {
    const house = await openHouse();
    const first = await house.send("POST /v1/observations", session("o1"));
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      observations: [{ id: "o1", person_id: ANA, observed_at: Date.parse(AT), content: { duration_minutes: 50 } }],
      repeated: [],
    });
    const again = await house.send("POST /v1/observations", { observations: [session("o1")] });
    expect([again.status, again.body]).toEqual([200, { ...first.body, repeated: ["o1"] }]);
    const both = await house.send("POST /v1/observations", { observations: [session("o1"), session("o2")] });
    expect([both.status, both.body.repeated]).toEqual([201, ["o1"]]);
    const other = await house.send("POST /v1/observations", session("o1", { duration_minutes: 1 }));
    expect([other.status, other.body.code]).toEqual([409, "observation_conflict"]);

    const page = await house.send("GET /v1/observations?limit=1");
    expect(page.body).toMatchObject({ observations: [{ id: "o1" }], more: true });
    expect((await house.send("GET /v1/observations?after=o1")).body).toMatchObject({
      ...{ observations: [{ id: "o2" }], more: false },
    });
    expect((await house.send(`GET /v1/observations?from=${Date.parse(AT) + 1}`)).body.observations).toEqual([]);
    await until(async () => (await house.send(`GET ${MINE}`)).body.traits?.["work.focus_duration"]?.sample_size === 2);
  });

  it("are refused by the names that their content has, however they are spelled", async () => {
    const house = await openHouse();
    const content = { myMood: { howDeep: "\ud800" } };
    const { body } = await house.send("POST /v1/observations", { ...session("o1"), type: "mood", content });
    expect(fieldsOf(body)).toEqual(["content.myMood.howDeep"]);
    const traits = { "work.myStyle": { value: 1, confidence: 2 } };
    const patched = await house.send(`PATCH ${MINE}`, { traits }, { "if-none-match": "*" });
    expect(fieldsOf(patched.body)).toEqual(["traits.work.myStyle.confidence"]);
  });

  it("are refused with every fault, by its name on the wire", async () => {
    const { send } = await openHouse();
    const bad = { ...session("", { productivity_score: 0 }), observed_at: "2026-01-01T00:00:00", colour: 1 };
    const one = await send("POST /v1/observations", bad);
    expect(one.status).toBe(422);
    expect(fieldsOf(one.body)).toEqual(["id", "observed_at", "colour", "content.productivity_score"]);
    const late = { ...session("o2"), observed_at: "2999-01-01T00:00:00Z" };
    const list = await send("POST /v1/observations", { observations: [session("o1"), late, bad] });
    expect(fieldsOf(list.body)).toEqual([
      ...["id", "observed_at", "colour", "content.productivity_score"].map((field) => `observations[2].${field}`),
      "observations[1].observed_at",
    ]);
    expect(fieldsOf((await send("POST /v1/observations", { observations: [] })).body)).toEqual(["observations"]);
    expect(fieldsOf((await send("POST /v1/observations", [session("o1")])).body)).toEqual(["body"]);
    const wide = {
      ...session("o3"),
      type: "x",
      content: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`f${n}`, n])),
    };
    expect(fieldsOf((await send("POST /v1/observations", wide)).body)).toEqual(["content"]);
    expect((await send("GET /v1/observations")).body.observations).toEqual([]);
  });
});

describe("a mindscape", () => {
  it("is known by its tag", async () => {
    const house = await openHouse();
    expect((await house.send(`GET ${MINE}`)).body.code).toBe("mindscape_not_found");
    await house.send("POST /v1/observations", session("o1"));
    await until(async () => (await house.send(`GET ${MINE}`)).status === 200);
    const { headers, body } = await house.send(`GET ${MINE}`);
    expect(body).toMatchObject({ person_id: ANA, version: 1, traits: { "work.focus_duration": { value: 50 } } });
    const tag = { "if-none-match": String(headers["etag"]) };
    expect((await house.send(`GET ${MINE}`, undefined, tag)).status).toBe(304);
    await house.send("POST /v1/observations", session("o2", { duration_minutes: 100 }));
    await learned(house, 2);
    expect((await house.send(`GET ${MINE}`, undefined, tag)).status).toBe(200);
  });

  it("is curated by whoever has read it", async () => {
    const house = await openHouse();
    const traits = { "work.focus_duration": { value: 25 } };
    const patch = (headers: Record<string, string>, body: object = { traits }) =>
      house.send(`PATCH ${MINE}`, body, headers);
    expect((await patch({})).body.code).toBe("version_required");
    expect((await patch({ "if-match": '"1-x"' })).body.code).toBe("mindscape_not_found");
    const made = await patch({ "if-none-match": "*" });
    expect([made.status, made.body.traits["work.focus_duration"].curated.by]).toEqual([201, ANA]);
    expect((await patch({ "if-none-match": "*" })).body.code).toBe("version_conflict");
    expect((await patch({ "if-match": '"1-x"' })).body.code).toBe("version_conflict");
    const tag = String(made.headers["etag"]);
    const faulty = await patch({ "if-match": tag }, { traits: { "a..b": { value: 1 }, c: {} }, who: "me" });
    expect(fieldsOf(faulty.body)).toEqual(expect.arrayContaining(["traits.a..b", "traits.c.value", "who"]));
    const merge = { "if-match": tag, "content-type": "application/merge-patch+json" };
    const removed = await patch(merge, { traits: { "work.focus_duration": null }, reason: "not so" });
    expect([removed.status, removed.body]).toEqual([200, expect.objectContaining({ version: 2, traits: {} })]);

    const { body } = await house.send(`GET ${MINE}/history?limit=1`);
    expect(body).toMatchObject({ changes: [{ version: 2, cause: "curation", by: ANA }], more: true });
    const rest = await house.send(`GET ${MINE}/history?before=2`);
    expect(rest.body).toMatchObject({
      changes: [{ version: 1, changes: { "work.focus_duration": { before: null } } }],
      more: false,
    });
  });
});

describe("feedback", () => {
  async function suggested(): Promise<House & { readonly suggestion: string }> {
    const house = await openHouse();
    await house.send("POST /v1/mappers?activate=true", mapper);
    await house.send(`PATCH ${MINE}`, { traits: { "work.focus_duration": { value: 60 } } }, { "if-none-match": "*" });
    await house.runtime.enroll({ id: "ada", name: "Ada" });
    const { body } = await house.send("GET /v1/map-persona?personaId=ada&mapperId=coach");
    return { ...house, suggestion: body.suggestions[0].id };
  }

  it.each(["/v1/feedback", "/feedback"])("at %s moves the weight of the rule behind the suggestion", async (url) => {
    const { send, suggestion } = await suggested();
    const given = { id: "f1", suggestion_id: suggestion, helpful: true };
    const made = await send(`POST ${url}`, given);
    expect([made.status, made.body]).toMatchObject([201, { rule_id: "deep", mapper_id: "coach", person_id: ANA }]);
    const weight = async () =>
      (await send("GET /v1/map-persona?personaId=ada&mapperId=coach")).body.suggestions[0].weight;
    await until(async () => (await weight()) === 1.1);
    expect((await send(`POST ${url}`, given)).status).toBe(200);
    expect((await send(`POST ${url}`, { ...given, helpful: false })).body.code).toBe("feedback_conflict");
    expect((await send(`POST ${url}`, { suggestion_id: suggestion, rating: 3 })).status).toBe(201);
    const analytics = await send("GET /v1/feedback/analytics?mapper_id=coach&days=1");
    const figures = { total: 2, helpful: 1, unhelpful: 0, neutral: 1, helpful_rate: 1, average_rating: 3 };
    expect(analytics.body).toMatchObject({
      ...figures,
      rules: [{ rule_id: "deep", ...figures }],
      types: [{ suggestion_type: "focus" }],
    });
    expect((await send("GET /v1/feedback/analytics?rule_id=none")).body).toMatchObject({ total: 0, rules: [] });
  });

  it("is told again by whoever asks why a rule weighs what it weighs", async () => {
    const { send, suggestion } = await suggested();
    const weights = async () => (await send("GET /v1/mappers/coach/weights")).body;
    expect(await weights()).toEqual({
      ...{ mapper_id: "coach", mapper_version: 1, strategy: "law" },
      rules: [{ rule_id: "deep", weight: 1, authored: 1 }],
    });
    for (const id of ["f1", "f2"]) await send("POST /v1/feedback", { id, suggestion_id: suggestion, helpful: true });
    await until(async () => (await weights()).rules[0].weight === 1.21);
    expect((await weights()).rules).toMatchObject([{ authored: 1, reason: "helpful", moved_at: expect.any(Number) }]);
    const log = (query: string) => send(`GET /v1/mappers/coach/weights/log?${query}`);
    const first = (await log("limit=1")).body;
    expect(first).toMatchObject({ changes: [{ rule_id: "deep", from: 1.1, to: 1.21, reason: "helpful" }], more: true });
    const second = (await log(`rule_id=deep&before=${first.changes[0].id}`)).body;
    expect(second).toMatchObject({ changes: [{ rule_id: "deep", from: 1, to: 1.1 }], more: false });
    expect((await log("rule_id=none")).body).toEqual({ changes: [], more: false });
    expect((await log("before=Z")).body.fields).toMatchObject([{ field: "before" }]);
    for (const path of ["weights", "weights/log"])
      expect((await send(`GET /mappers/none/${path}`)).body.code).toBe("mapper_not_found");
  });

  it("says what is wrong with it, and when there was enough", async () => {
    const { send, suggestion } = await suggested();
    const faulty = await send("POST /v1/feedback", { id: "f 1", suggestion_id: suggestion, rating: 6, mood: 1 });
    expect(fieldsOf(faulty.body)).toEqual(["id", "rating", "mood"]);
    const unknown = await send("POST /v1/feedback", { id: "f1", suggestion_id: "none", helpful: true });
    expect([unknown.status, unknown.body.code]).toEqual([404, "suggestion_not_found"]);
    for (let n = 0; n < 10; n += 1) {
      const given = { id: `f${n}`, suggestion_id: suggestion, rating: 4 };
      expect((await send("POST /v1/feedback", given)).status).toBe(201);
    }
    const eleventh = await send("POST /v1/feedback", { id: "f10", suggestion_id: suggestion, rating: 4 });
    expect([eleventh.status, eleventh.body.code]).toEqual([429, "feedback_limit"]);
    expect(Number(eleventh.headers["retry-after"])).toBeGreaterThan(0);
    expect(Number(eleventh.headers["retry-after"])).toBeLessThanOrEqual(86_400);
  });

  it("on a type moves the traits behind it", async () => {
    const house = await openHouse();
    await house.send("POST /v1/mappers?activate=true", mapper);
    await house.send("POST /v1/observations", session("o1"));
    await learned(house, 1);
    await house.send("POST /v1/feedback", { id: "f1", mapper_id: "coach", suggestion_type: "focus", helpful: false });
    await learned(house, 2);
    const { body } = await house.send(`GET ${MINE}`);
    expect(body.traits["work.focus_duration"]).toMatchObject({ value: 50, confidence: 0.72 });
  });
});
