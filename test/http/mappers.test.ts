/** Mappers and what they make of persons, over HTTP. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openCatalogueHouse } from "./catalogue-house.ts";
import { mapperDocument } from "./matrix/mappers.ts";

const YAML = readFileSync(new URL("../../src/mapping/examples/team_host.yaml", import.meta.url), "utf8");
const AS_YAML = { "content-type": "application/yaml" };
const ANA = "user:ana";

async function opened() {
  const house = await openCatalogueHouse();
  await house.runtime.catalogue.personas.create({ id: "ada", display_name: "Ada", mapper_id: "coach" });
  const curate = (mood: string) => house.runtime.mapping.curate({ traits: { mood: { value: mood } } }, { person: ANA });
  return { ...house, curate };
}

it("takes YAML and JSON, and gives JSON back, version by version", async () => {
  const { send } = await opened();
  const made = await send("POST /v1/mappers?activate=true", YAML, AS_YAML);
  expect([made.status, made.headers["location"], made.body.status]).toEqual([201, "/v1/mappers/team_host", "active"]);
  expect(made.body).toMatchObject({ id: "team_host", version: 1, semver: "1.0.0", created_by: "user:local" });
  const { etag } = made.headers;
  expect((await send("GET /v1/mappers/team_host")).headers["etag"]).toBe(etag);
  expect((await send("GET /v1/mappers/team_host", undefined, { "if-none-match": `${etag}` })).status).toBe(304);

  const next = { ...made.body.document, metadata: { ...made.body.document.metadata, version: "1.1.0" } };
  expect((await send("PUT /v1/mappers/team_host", next)).body.code).toBe("version_required");
  const put = await send("PUT /v1/mappers/team_host", next, { "if-match": `${etag}` });
  expect([put.status, put.body.version, put.body.status]).toEqual([201, 2, "draft"]);
  // What is active is shown still, but its tag is another one: there is a newer version.
  expect((await send("PUT /v1/mappers/team_host", YAML, { ...AS_YAML, "if-match": `${etag}` })).status).toBe(412);
  const activated = await send("POST /v1/mappers/team_host/versions/2/activate");
  expect([activated.status, activated.body.status]).toEqual([200, "active"]);
  expect((await send("GET /v1/mappers/team_host/versions?limit=1")).body).toMatchObject({
    versions: [{ version: 2, status: "active" }],
    more: true,
  });
  expect((await send("GET /v1/mappers/team_host?version=1")).body.status).toBe("deprecated");
  expect((await send("GET /v1/mappers?trait=work")).body.mappers).toMatchObject([{ id: "team_host", version: 2 }]);
});

it("the mapper routes are mounted once at the root, and answer there as under /v1", async () => {
  const { send, curate } = await opened();
  await send("POST /mappers?activate=true", mapperDocument("coach"));
  await curate("calm");
  for (const path of ["/mappers", "/mappers/coach", "/mappers/coach/versions"]) {
    const [root, versioned] = [await send(`GET ${path}`), await send(`GET /v1${path}`)];
    expect.soft([root.status, root.body]).toEqual([200, versioned.body]);
  }
  const ask = `map-persona?personaId=ada&personId=${ANA}`;
  const [root, versioned] = [await send(`GET /${ask}`), await send(`GET /v1/${ask}`)];
  expect(root.status).toBe(200);
  expect(root.body.suggestions).toEqual(versioned.body.suggestions);
  for (const path of ["/mappers/mappers", "/v1/mappers/mappers"])
    expect((await send(`GET ${path}`)).body.code).toBe("mapper_not_found");
  for (const path of ["/v1/v1/mappers", "/mappers/mappers/coach", "/v1/mappers/mappers/coach"])
    expect((await send(`GET ${path}`)).body.code).toBe("route_not_found");
});

it("answers for a stored person: level, stale policy, cost, and the choice made", async () => {
  const { send, curate, runtime } = await opened();
  await send("POST /v1/mappers?activate=true", mapperDocument("coach"));
  await curate("calm");
  const ask = `GET /v1/map-persona?personaId=ada&mapperId=coach&personId=${ANA}`;
  const first = await send(ask);
  expect(first.body).toMatchObject({
    cache: "regenerated",
    choice: { detail_level: "balanced", when_stale: "regenerate" },
    core: { persona_id: "ada", person_id: ANA, mapper_id: "coach", mapper_version: 1, is_stale: false },
    suggestions: [{ rule_id: "one", title: "canary-prompt" }],
    cost: { tokens: 0, usd: 0 },
  });
  expect((await send(`${ask}&detailLevel=instant`)).body).toMatchObject({ cache: "fresh" });
  await curate("cross");
  expect((await send(`${ask}&detailLevel=instant&whenStale=serve`)).body).toMatchObject({ cache: "stale" });
  expect(await send(`${ask}&whenStale=refuse`)).toMatchObject({ status: 409, body: { code: "core_stale" } });
  const ours = `persona_id=ada&mapper_id=coach&person_id=${ANA}&detail_level=instant&when_stale=serve`;
  expect((await send(`GET /v1/map-persona?${ours}`)).body).toMatchObject({
    core: { person_id: ANA },
    choice: { detail_level: "instant", when_stale: "serve" },
  });
  expect((await send("GET /v1/map-persona")).body.fields).toEqual([{ field: "persona_id", message: "must be given" }]);
  await runtime.enroll({ id: "max", name: "Max" });
  expect((await send("GET /v1/map-persona?personaId=max")).body.fields).toEqual([
    { field: "mapper_id", message: "must be given: the persona has none of its own" },
  ]);
  const own = await send("GET /v1/map-persona?personaId=ada&explain=true&limit=1");
  expect(own.body).toMatchObject({ core: { person_id: "user:local" }, suggestions: [], trace: [{ fires: false }] });
});

describe("refuses", () => {
  it("a document with faults, each with its pointer, code and line", async () => {
    const { send } = await opened();
    const broken = YAML.replace("operator: greater,", "operator: bigger,");
    const { status, body } = await send("POST /v1/mappers", broken, AS_YAML);
    expect([status, body.code]).toEqual([422, "invalid_mapper"]);
    expect(body.fields).toEqual([
      {
        field: "/rules/0/conditions/context_check/operator",
        message: expect.any(String),
        code: "unknown_operator",
        line: broken.split("\n").findIndex((line) => line.includes("bigger")) + 1,
      },
    ]);
    expect((await send("GET /v1/mappers")).body.mappers).toEqual([]);
  });

  it("settings that are wrong, each once", async () => {
    const { send } = await opened();
    const settings = { min_weight: 3, max_weight: 2, negative_threshold: 0, strategy: "guess" };
    const { body } = await send("POST /v1/mappers", { ...mapperDocument("coach"), feedback_settings: settings });
    const fields = body.fields.map(({ field }: { field: string }) => field);
    expect(new Set(fields).size).toBe(fields.length);
    expect(fields).toContain("/feedback_settings/negative_threshold");
    expect(fields.filter((field: string) => field.includes("min_weight"))).toHaveLength(0);
  });

  it.each<[string, unknown, Record<string, string>, number, string]>([
    ["another type", "a: 1", { "content-type": "text/yaml" }, 415, "unsupported_media_type"],
    ["what is packed", "a: 1", { ...AS_YAML, "content-encoding": "gzip" }, 415, "unsupported_media_type"],
    ["more than a megabyte", `a: ${"x".repeat(1_048_576)}`, AS_YAML, 422, "invalid_mapper"],
    ["far more", `a: ${"x".repeat(4_194_304)}`, AS_YAML, 413, "body_too_large"],
    ["what is no UTF-8", Buffer.from([0x61, 0x3a, 0xff]), AS_YAML, 400, "unparsable_body"],
    ["nothing", "", AS_YAML, 422, "invalid_mapper"],
  ])("%s", async (_what, body, headers, status, code) => {
    const { send } = await opened();
    const answer = await send("POST /v1/mappers", body, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each([
    ["a context that is no JSON", "context=%7B", "context"],
    ["a context that is no object", "context=%5B%5D", "context"],
    ["an unknown level", "detailLevel=deep", "detailLevel"],
    ["an unknown policy", "whenStale=never", "whenStale"],
    ["a limit beyond reason", "limit=101", "limit"],
    ["what nobody asks for", "mapper=coach", "mapper"],
  ])("%s", async (_what, query, field) => {
    const { send } = await opened();
    const { status, body } = await send(`GET /v1/map-persona?personaId=ada&${query}`);
    expect([status, body.code, body.fields[0].field]).toEqual([422, "invalid_input", field]);
  });
});

it("simulates, and stores nothing", async () => {
  const { send } = await opened();
  await send("POST /v1/mappers", mapperDocument("coach"));
  const { status, body } = await send("POST /v1/mappers/coach/simulate", {
    traits: { mood: "calm" },
    time_zone: "Asia/Tokyo",
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    mapper_version: 1,
    time_zone: "Asia/Tokyo",
    suggestions: [{ rule_id: "one" }],
    trace: [{ rule_id: "one", fires: true }],
  });
  const unknown = await send("POST /v1/mappers/coach/simulate", { time_zone: "Mars/Base" });
  expect([unknown.status, unknown.body.code, unknown.body.fields[0].field]).toEqual([
    422,
    "invalid_input",
    "time_zone",
  ]);
});
