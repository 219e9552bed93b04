/** Where entries come from and who wins, who may write, and what becomes of a write that cannot be stored. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { memoryPersister } from "../../src/catalogue/memory-persister.ts";
import type { Persister } from "../../src/catalogue/port.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { openCatalogueHouse, PERSONA, ROLE, SEQUENCE } from "./catalogue-house.ts";

function seedFile(prompt = "Be brief."): string {
  const file = join(temporaryFolder(), "seeds.toml");
  writeFileSync(file, seedsWith(prompt));
  return file;
}

const seedsWith = (prompt: string) => `
[[personas]]
id = "ada"
display_name = "Ada"
default_role = "aide"
[[roles]]
id = "aide"
display_name = "Aide"
system_prompt = "${prompt}"
`;

it("an override of a seed, a deleted seed and a reset hold after a restart", async () => {
  const [persister, seeds] = [memoryPersister(), seedFile()];
  const first = await openCatalogueHouse({ persister, seeds });
  const seed = await first.send("GET /v1/roles/aide");
  expect(seed.body).toMatchObject({ source: "toml", version: 0 });
  const mine = await first.send("PUT /v1/roles/aide", { ...seed.body, system_prompt: "Be long." }, tagged(seed));
  expect(mine).toMatchObject({ status: 200, body: { source: "store", version: 1, system_prompt: "Be long." } });
  expect(mine.headers["etag"]).not.toBe(seed.headers["etag"]);
  expect((await first.send("DELETE /v1/personas/ada")).status).toBe(204);

  const second = await openCatalogueHouse({ persister, seeds });
  const kept = await second.send("GET /v1/roles/aide");
  expect(kept.body).toEqual(mine.body);
  expect(kept.headers["etag"]).toBe(mine.headers["etag"]);
  expect((await second.send("GET /v1/personas/ada")).status).toBe(404);
  expect((await second.send("GET /v1/personas")).body).toEqual({ personas: [] });
  const reset = await second.send("POST /v1/roles/aide/reset", undefined, tagged(kept));
  expect(reset).toMatchObject({ status: 200, body: { source: "toml", system_prompt: "Be brief." } });
  expect((await second.send("POST /v1/personas/ada/reset")).body).toMatchObject({ id: "ada", source: "toml" });

  const third = await openCatalogueHouse({ persister, seeds });
  expect((await third.send("GET /v1/roles/aide")).body).toMatchObject({ source: "toml", system_prompt: "Be brief." });
  expect((await third.send("GET /v1/personas/ada")).status).toBe(200);
  // Whoever had the override in mind is told, and a version never comes twice.
  expect((await third.send("PUT /v1/roles/aide", ROLE, tagged(mine))).status).toBe(412);
  const anew = await third.send("PUT /v1/roles/aide", ROLE, { "if-match": "*" });
  expect(anew.body.version).toBeGreaterThan(reset.body.version);
});

it("a seed that its file changes has another tag", async () => {
  const seeds = seedFile();
  const before = await (await openCatalogueHouse({ seeds })).send("GET /v1/roles/aide");
  const same = await (await openCatalogueHouse({ seeds })).send("GET /v1/roles/aide");
  expect(same.headers["etag"]).toBe(before.headers["etag"]);
  writeFileSync(seeds, seedsWith("Be kind."));
  const house = await openCatalogueHouse({ seeds });
  const after = await house.send("GET /v1/roles/aide", undefined, { "if-none-match": String(before.headers["etag"]) });
  expect(after).toMatchObject({ status: 200, body: { system_prompt: "Be kind.", version: 0 } });
  expect(after.headers["etag"]).not.toBe(before.headers["etag"]);
  expect((await house.send("PUT /v1/roles/aide", ROLE, tagged(before))).status).toBe(412);
});

it("nothing takes the id of a seed but what says that it replaces it", async () => {
  const { send } = await openCatalogueHouse({ seeds: seedFile() });
  expect(await send("POST /v1/roles", ROLE)).toMatchObject({ status: 409, body: { code: "already_exists" } });
  expect((await send("PUT /v1/roles/aide", ROLE, { "if-none-match": "*" })).status).toBe(412);
  expect((await send("GET /v1/roles/aide")).body.source).toBe("toml");
});

it("where writes are off everything else works, and each write says so before it is looked at", async () => {
  const { app, send } = await openCatalogueHouse({ seeds: seedFile(), writes: false });
  expect((await send("GET /v1/personas")).body.personas).toMatchObject([{ id: "ada" }]);
  expect((await send("POST /v1/sessions/resolve", { persona_id: "ada" })).status).toBe(200);
  for (const [method, url, allow] of [
    ["POST", "/v1/roles", "GET, HEAD"],
    ["PUT", "/v1/roles/aide", "GET, HEAD"],
    ["PATCH", "/v1/roles/aide", "GET, HEAD"],
    ["DELETE", "/v1/roles/aide", "GET, HEAD"],
    ["POST", "/v1/roles/aide/reset", ""],
  ] as const) {
    const answer = await app.inject({ method, url, headers: { "content-type": "text/plain" }, payload: "x" });
    expect(answer.statusCode, `${method} ${url}`).toBe(405);
    expect(answer.headers["allow"]).toBe(allow);
    expect(answer.json()).toMatchObject({ code: "writes_disabled" });
  }
  expect((await send("GET /v1/roles/aide")).body).toMatchObject({ source: "toml" });
});

/** A store that fails whatever is written, in the words of a driver. */
function failing(persister: Persister): Persister & { fails: boolean } {
  const broken = { fails: false };
  const guard = (write: Persister["saveRole"]) => async (row: never, expected: number) => {
    if (broken.fails) throw new Error("SQLITE_IOERR: disk I/O error at /var/secret/path");
    return write(row, expected);
  };
  return Object.assign(broken, {
    ...persister,
    savePersona: guard(persister.savePersona),
    deletePersona: guard(persister.deletePersona),
    saveRole: guard(persister.saveRole),
    deleteRole: guard(persister.deleteRole),
    saveSequence: guard(persister.saveSequence),
    deleteSequence: guard(persister.deleteSequence),
  });
}

it("what cannot be stored is told without a driver's words, and nothing is changed", async () => {
  const persister = failing(memoryPersister());
  const { send } = await openCatalogueHouse({ persister, seeds: seedFile() });
  await send("POST /v1/sequences", SEQUENCE);
  const state = async () =>
    Promise.all(["personas", "roles", "sequences"].map(async (name) => (await send(`GET /v1/${name}`)).body));
  const before = await state();
  persister.fails = true;
  const writes: [string, object?, Record<string, string>?][] = [
    ["POST /v1/personas", { ...PERSONA, id: "eve" }],
    ["PUT /v1/roles/new", { ...ROLE, id: "new" }, { "if-none-match": "*" }],
    ["PUT /v1/roles/aide", { ...ROLE, display_name: "Other" }, { "if-match": "*" }],
    ["PATCH /v1/sequences/walk", { display_name: "Other" }, { "if-match": "*" }],
    ["POST /v1/sequences/walk/reset"],
    ["DELETE /v1/personas/ada"],
  ];
  for (const [route, body, headers] of writes) {
    const answer = await send(route, body, headers);
    expect(answer, route).toMatchObject({ status: 500, body: { code: "persist_failed" } });
    expect(JSON.stringify(answer), route).not.toMatch(/SQLITE|secret|disk I\/O/);
    expect(await state(), route).toEqual(before);
  }
  persister.fails = false;
  for (const [route, body, headers] of writes)
    expect((await send(route, body, headers)).status, route).toBeLessThan(300);
});

const tagged = ({ headers }: { readonly headers: { readonly etag?: string | undefined } }) => ({
  "if-match": String(headers.etag),
});
