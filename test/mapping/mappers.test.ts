/** Mappers: their documents, versions, and which of them is active. */
import { describe, expect, it } from "vitest";
import { disturbed, TENANT } from "./study.ts";
import { failure, mapperOf, openTheatre, ruleOf } from "./theatre.ts";

const faultsOf = async (attempt: Promise<unknown>) => {
  const error = await failure(attempt);
  expect(error.code).toBe("invalid_mapper");
  return error.fields.map(({ code, field, line }) => `${code} ${field}${line === undefined ? "" : ` ${line}`}`);
};

it("keeps each version as it was sent, and at most one active", async () => {
  const { mappers } = await openTheatre();
  const first = await mappers.create(mapperOf([ruleOf("a")]), { by: "user:ada" });
  expect(first).toMatchObject({ id: "coach", version: 1, newest_version: 1, semver: "1.0.0", status: "draft" });
  expect(first).toMatchObject({ created_by: "user:ada", document: mapperOf([ruleOf("a")]) });
  await mappers.activate("coach", 1);
  const next = mapperOf([ruleOf("b")], {}, { version: "1.1.0" });
  const { mapper, created } = await mappers.put("coach", next, { ifNewest: 1 });
  expect([created, mapper.version, mapper.semver, mapper.status]).toEqual([true, 2, "1.1.0", "draft"]);
  expect(await mappers.get("coach")).toMatchObject({ version: 1, newest_version: 2, status: "active" });
  await mappers.activate("coach", 2);
  expect((await mappers.versions("coach")).map(({ version, status }) => [version, status])).toEqual([
    [2, "active"],
    [1, "deprecated"],
  ]);
  expect((await mappers.get("coach", 1)).document).toEqual(mapperOf([ruleOf("a")]));
  // Back again, and once more, which changes nothing.
  await mappers.activate("coach", 1);
  expect(await mappers.activate("coach", 1)).toMatchObject({ version: 1, status: "active" });
});

it("makes no version of a document that is there already", async () => {
  const { mappers } = await openTheatre();
  await mappers.create(mapperOf([ruleOf("a")]));
  expect(await mappers.put("coach", JSON.stringify(mapperOf([ruleOf("a")])))).toMatchObject({ created: false });
  const activated = await mappers.put("coach", mapperOf([ruleOf("a")]), { activate: true });
  expect(activated).toMatchObject({ created: false, mapper: { version: 1, status: "active" } });
});

it("refuses a version that was made over another one than the sender has read", async () => {
  const { mappers } = await openTheatre();
  await mappers.create(mapperOf([ruleOf("a")]));
  expect((await failure(mappers.create(mapperOf([ruleOf("b")])))).code).toBe("already_exists");
  expect((await failure(mappers.put("coach", mapperOf([ruleOf("b")]), { ifNewest: "none" }))).code).toBe(
    "version_conflict",
  );
  const both = await Promise.allSettled(
    ["b", "c"].map((id) => mappers.put("coach", mapperOf([ruleOf(id)]), { ifNewest: 1 })),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await mappers.versions("coach")).toHaveLength(2);
});

it("ends two activations at once with one active version", async () => {
  const { mappers, mapPersona } = await openTheatre();
  for (const id of ["a", "b", "c"]) await mappers.put("coach", mapperOf([ruleOf(id)]));
  const settled = await Promise.allSettled([1, 2, 3].map((version) => mappers.activate("coach", version)));
  expect(settled.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
  for (const one of settled) if (one.status === "rejected") expect(one.reason.code).toBe("version_conflict");
  const statuses = (await mappers.versions("coach")).map(({ status }) => status);
  expect(statuses.filter((status) => status === "active")).toHaveLength(1);
  const { version } = await mappers.get("coach");
  await expect(mapPersona({ persona: "ada", person: "user:ana" })).resolves.toMatchObject({
    core: { mapper_version: version },
  });
});

it("names what there is not, and whose mappers they are", async () => {
  const { mappers, serving } = await openTheatre();
  for (const attempt of [mappers.get("coach"), mappers.versions("coach"), mappers.activate("coach", 1)])
    expect((await failure(attempt)).code).toBe("mapper_not_found");
  await mappers.create(mapperOf([ruleOf("a")]));
  expect((await failure(mappers.get("coach", 2))).code).toBe("mapper_not_found");
  expect((await failure(serving.view({ tenant: "umbra" }).mappers.get("coach"))).code).toBe("mapper_not_found");
  const owned = serving.view({ tenant: TENANT, owner: "user:ana" }).mappers;
  await expect(owned.get("coach")).resolves.toMatchObject({ id: "coach" });
  for (const attempt of [owned.create({}), owned.put("coach", {}), owned.activate("coach", 1), owned.simulate("coach")])
    expect((await failure(attempt)).code).toBe("forbidden");
});

it("finds mappers by the traits that their conditions read", async () => {
  const { mappers } = await openTheatre();
  const of = (id: string, path: string, more: object = {}) => mapperOf([ruleOf("a", path)], more, { id });
  await mappers.create(of("focus", "work.focus_duration.p90"), { activate: true });
  await mappers.create(of("mood", "mood", { required_traits: ["work.focus_duration"] }));
  await mappers.create(of("work", "work"));
  const found = async (trait: string) => (await mappers.list({ trait })).map(({ id }) => id);
  expect(await found("work.focus_duration")).toEqual(["focus", "work"]);
  expect(await found("work.focus")).toEqual(["work"]);
  expect(await found("mood")).toEqual(["mood"]);
  expect((await mappers.list({ active: true })).map(({ id }) => id)).toEqual(["focus"]);
  expect((await mappers.list({ after: "focus", limit: 1 })).map(({ id }) => id)).toEqual(["mood"]);
});

describe("of a document with faults", () => {
  const check = (path: string, value: object) => ({ ...ruleOf("a"), conditions: { [path]: value } });
  const nested = (levels: number): object =>
    levels === 0 ? { trait_check: { path: "x", operator: "exists" } } : { all: [nested(levels - 1)] };
  const action = (more: object) => ruleOf("a", "x", { actions: [{ generate_suggestion: { type: "t", ...more } }] });

  it.each<[string, unknown, readonly string[]]>([
    ["what is no object", [], ["wrong_type "]],
    ["nothing", null, ["wrong_type "]],
    ["an empty text", "", ["wrong_type  1"]],
    ["what JSON has no form for", 1n, ["wrong_type "]],
    ["metadata that are none", { ...mapperOf([]), metadata: null }, ["wrong_type /metadata"]],
    ["duplicate ids", mapperOf([ruleOf("a"), ruleOf("a")]), ["duplicate_id /rules/1/id"]],
    [
      "an unknown template",
      mapperOf([action({ template: "u" })]),
      ["unknown_template /rules/0/actions/0/generate_suggestion/template"],
    ],
    [
      "an unknown operator",
      mapperOf([check("trait_check", { path: "x", operator: "is" })]),
      ["unknown_operator /rules/0/conditions/trait_check/operator"],
    ],
    [
      "an unknown zone",
      mapperOf([check("time_check", { timezone: "Mars/Base", period: "morning" })]),
      ["unknown_zone /rules/0/conditions/time_check/timezone"],
    ],
    [
      "a threshold of the wrong type",
      mapperOf([check("trait_check", { path: "x", operator: "greater", value: "3" })]),
      ["wrong_type /rules/0/conditions/trait_check/value"],
    ],
    [
      "conditions 33 deep",
      mapperOf([{ ...ruleOf("a"), conditions: nested(33) }]),
      [expect.stringMatching(/^too_deep \/rules\/0\/conditions/) as unknown as string],
    ],
    ["an empty group", mapperOf([{ ...ruleOf("a"), conditions: { all: [] } }]), ["empty /rules/0/conditions/all"]],
    ["a weight that is no number", mapperOf([ruleOf("a", "x", { weight: "NaN" })]), ["wrong_type /rules/0/weight"]],
    ["a negative weight", mapperOf([ruleOf("a", "x", { weight: -1 })]), ["out_of_range /rules/0/weight"]],
    ["an id that no path can hold", mapperOf([ruleOf("a")], {}, { id: "a/b" }), ["wrong_id /metadata/id"]],
    [
      "a strategy that nobody knows",
      mapperOf([ruleOf("a")], { feedback_settings: { strategy: "luck" } }),
      ["wrong_setting /feedback_settings/strategy"],
    ],
  ])("names %s", async (_what, document, faults) => {
    const { mappers } = await openTheatre();
    expect(await faultsOf(mappers.create(document))).toEqual(expect.arrayContaining([...faults]));
    expect(await mappers.list()).toEqual([]);
  });

  it("names an unknown placeholder and an unknown transform", async () => {
    const { mappers } = await openTheatre();
    const templates = { t: { title: "{who}", description: "{duration}" } };
    const parameters = { duration: { from_trait: "x", transform: "upside_down" } };
    const faults = await faultsOf(mappers.create(mapperOf([action({ template: "t", parameters })], { templates })));
    expect(faults.map((fault) => fault.split(" ")[0]).sort()).toEqual(["unknown_placeholder", "unknown_transform"]);
  });

  it("tells the line of each, in YAML and in JSON", async () => {
    const { mappers } = await openTheatre();
    const yaml = [
      "metadata: {id: coach, version: 1, description: d}",
      "rules:",
      "  - id: a",
      "    conditions: {trait_check: {path: x, operator: is}}",
      "    weight: -1",
      "    actions:",
      "      - generate_suggestion: {type: t, template: u}",
      "templates: {t: {title: x, description: y}}",
    ].join("\n");
    expect((await faultsOf(mappers.create(yaml))).map((fault) => fault.split(" ").at(-1)).sort()).toEqual([
      "4",
      "5",
      "7",
    ]);
    const json = JSON.stringify(mapperOf([ruleOf("a"), ruleOf("a")]), null, 1);
    const line = json.split("\n").findLastIndex((one) => one.includes('"id": "a"')) + 1;
    expect(await faultsOf(mappers.create(json))).toEqual([`duplicate_id /rules/1/id ${line}`]);
  });

  it("tells what is wrong with its text and with its meaning at once, where the text can be read on", async () => {
    const { mappers } = await openTheatre();
    const yaml = [
      "metadata: {id: coach, version: 1, description: @home}",
      "rules:",
      "  - id: a",
      "    id: b",
      "    conditions: {trait_check: {path: x, operator: is}}",
      "    weight: .nan",
      "    actions:",
      '      - generate_suggestion: {type: !!js/function t, template: "\\q"}',
      "templates: {t: {title: x, description: y}}",
      "feedback_settings: {strategy: luck}",
    ];
    expect((await faultsOf(mappers.create(yaml.join("\n")))).sort()).toEqual([
      "duplicate_key /rules/0/id 4",
      "not_finite /rules/0/weight 6",
      "syntax  1",
      "syntax  8",
      "tag /rules/0/actions/0/generate_suggestion/type 8",
      "unknown_operator /rules/0/conditions/trait_check/operator 5",
      "unknown_template /rules/0/actions/0/generate_suggestion/template 8",
      "wrong_setting /feedback_settings/strategy 10",
    ]);
    // Behind a quote that is never closed nothing is what it looks like.
    const open = [...yaml.slice(0, 2), '  - id: "a', ...yaml.slice(4)].join("\n");
    expect(new Set((await faultsOf(mappers.create(open))).map((fault) => fault.split(" ")[0]))).toEqual(
      new Set(["syntax"]),
    );
    expect(await mappers.list()).toEqual([]);
  });

  it("refuses a hundred thousand rules, and as many bytes as are too many, at once", async () => {
    const { mappers } = await openTheatre({ bounds: { documentBytes: 1_000_000 } });
    const many = `{"metadata":{"id":"a","version":1,"description":"d"},"templates":{},"rules":[${Array(100_000).fill("{}")}]}`;
    expect(await faultsOf(mappers.create(many))).toEqual(["too_many /rules 1"]);
    expect(await faultsOf(mappers.create("x".repeat(1_000_001)))).toEqual(["too_large "]);
  });

  it("stores nothing by halves when the store fails", async () => {
    let fails = true;
    const { mappers } = await openTheatre({
      wrap: (store) =>
        disturbed(store, {
          addMapper: (...args) =>
            fails ? Promise.reject(new Error("The disk is gone")) : store.mapping.addMapper(...args),
        }),
    });
    await expect(mappers.create(mapperOf([ruleOf("a")]))).rejects.toThrow("The disk is gone");
    fails = false;
    expect(await mappers.list()).toEqual([]);
    await expect(mappers.create(mapperOf([ruleOf("a")]))).resolves.toMatchObject({ version: 1 });
  });
});
