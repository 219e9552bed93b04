/** What comes in is checked whole or refused whole, with a code, and nothing of it is stored. */
import { gzipSync } from "node:zlib";
import type { InjectOptions } from "fastify";
import { expect, it } from "vitest";
import { openCatalogueHouse, PERSONA, ROLE, SEQUENCE } from "./catalogue-house.ts";

const json = { "content-type": "application/json" };
const deep = (depth: number, heart = "0") => `${'{"a":'.repeat(depth)}${heart}${"}".repeat(depth)}`;
const manyKeys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join()}}`;
const role = (more: string) => `{"id":"aide","display_name":"Aide","system_prompt":"Be brief."${more}}`;

const BODIES: Record<string, [status: number, code: string, body: string | Buffer, headers?: Record<string, string>]> =
  {
    "a field 10 000 deep": [422, "invalid_role", role(`,"temperature":${deep(10_000)}`)],
    "an unknown field 10 000 deep": [422, "invalid_role", role(`,"more":${deep(10_000)}`)],
    "a prototype": [400, "unparsable_body", role(',"__proto__":{"version":7}')],
    "a prototype 10 000 deep": [400, "unparsable_body", deep(10_000, '{"__proto__":{"x":1}}')],
    "a constructor's prototype": [400, "unparsable_body", role(',"constructor":{"prototype":{"x":1}}')],
    "100 000 keys": [422, "invalid_role", manyKeys(100_000)],
    "100 000 tools": [422, "invalid_role", role(`,"tool_allowlist":[${Array(100_000).fill('"t"').join()}]`)],
    "a number beyond any": [422, "invalid_role", role(`,"temperature":1e${"9".repeat(400)}`)],
    "milliseconds beyond 32 bits": [422, "invalid_role", role(',"vad_silence_duration_ms":4294967297')],
    "half a surrogate pair": [422, "invalid_role", role(String.raw`,"vocabulary_hint":"\ud800"`)],
    "an unknown field": [422, "invalid_role", role(',"nick":1')],
    "an empty body": [400, "unparsable_body", ""],
    "half a body": [400, "unparsable_body", '{"id":"aide"'],
    "invalid UTF-8": [400, "unparsable_body", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x30, 0x7d])],
    gzip: [415, "unsupported_media_type", gzipSync(role("")), { "content-encoding": "gzip" }],
    "a form": [415, "unsupported_media_type", "id=aide", { "content-type": "application/x-www-form-urlencoded" }],
    TOML: [415, "unsupported_media_type", 'id = "aide"', { "content-type": "application/toml" }],
    "a merge patch that is none": [
      415,
      "unsupported_media_type",
      role(""),
      { "content-type": "application/merge-patch+json" },
    ],
    "more than 32 MiB": [413, "body_too_large", role(`,"vocabulary_hint":"${"x".repeat(33_554_432)}"`)],
  };

it("a body that is made to hurt is refused with a code, in an answer of a bounded size", async () => {
  const { app, send } = await openCatalogueHouse({}, { limits: { bodyBytes: 2_097_152 } });
  const ask = async (method: string, url: string, payload: string | Buffer, headers: Record<string, string>) =>
    app.inject({ method, url, payload, headers } as InjectOptions);
  for (const [name, [status, code, payload, headers]] of Object.entries(BODIES)) {
    for (const [method, url, more] of [
      ["POST", "/v1/roles", {}],
      ["PUT", "/v1/roles/aide", { "if-none-match": "*" }],
    ] as const) {
      const answer = await ask(method, url, payload, { ...json, ...more, ...headers });
      expect.soft([answer.statusCode, answer.json().code], `${method} ${name}`).toEqual([status, code]);
      expect.soft(answer.body.length, name).toBeLessThan(20_000);
    }
  }
  expect((await send("GET /v1/roles")).body).toEqual({ roles: [] });
  expect(({} as { version?: unknown }).version).toBeUndefined();
  expect((await ask("POST", "/v1/roles", role(""), json)).statusCode).toBe(201);

  const before = (await send("GET /v1/roles/aide")).body;
  for (const [name, [status, code, payload, headers]] of Object.entries(BODIES)) {
    if (name === "a merge patch that is none") continue;
    const answer = await ask("PATCH", "/v1/roles/aide", payload, { ...json, "if-match": "*", ...headers });
    expect.soft([answer.statusCode, answer.json().code], `PATCH ${name}`).toEqual([status, code]);
  }
  expect((await send("GET /v1/roles/aide")).body).toEqual(before);
});

it("texts are taken up to their bound, and not a byte beyond", async () => {
  const { send } = await openCatalogueHouse();
  const bound = 65_536;
  for (const [index, text] of [
    "x".repeat(bound),
    "ü".repeat(bound / 2),
    "\n".repeat(bound - 1).concat("x"),
  ].entries()) {
    const id = `r${index}`;
    const made = await send("POST /v1/roles", { ...ROLE, id, system_prompt: text });
    expect(made).toMatchObject({ status: 201, body: { system_prompt: text } });
    const more = await send("POST /v1/roles", { ...ROLE, id: "more", system_prompt: `${text}x` });
    expect(more).toMatchObject({ status: 422, body: { fields: [{ field: "system_prompt" }] } });
  }
});

it("what is large is large by its texts, and else refused before it is taken apart", async () => {
  const { app } = await openCatalogueHouse();
  const bodies = [
    `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":0`).join()}}`,
    `{"id":${"[".repeat(500_000)}${"]".repeat(500_000)}}`,
    String.raw`{"id":"\\"${"[".repeat(500_000)}`,
    `${" ".repeat(300_000)}{}`,
  ];
  for (const payload of bodies) {
    const answer = await app.inject({ method: "POST", url: "/v1/roles", headers: json, payload });
    expect(answer.json()).toMatchObject({ status: 413, detail: "Send at most 262144 bytes beside the texts." });
  }
  const quoted = String.raw`{"id":"a","display_name":"A","system_prompt":"\"${"[".repeat(300_000)}"}`;
  const answer = await app.inject({ method: "POST", url: "/v1/roles", headers: json, payload: quoted });
  expect(answer.json()).toMatchObject({ status: 422, fields: [{ field: "system_prompt" }] });
});

it("an entry is taken as large as its schema lets it be", async () => {
  const { send } = await openCatalogueHouse();
  const text = "x".repeat(65_536);
  const steps = Array.from({ length: 100 }, (_, n) => ({ id: `s${n}`, instruction: text, exit_criteria: text }));
  expect((await send("POST /v1/sequences", { ...SEQUENCE, steps })).status).toBe(201);
  const example = { user_message: text, persona_response: text, context: text };
  const metadata = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`k${n}`, text]));
  const large = { ...PERSONA, metadata, conversation_examples: Array(100).fill(example) };
  const made = await send("POST /v1/personas", large);
  expect(made.status).toBe(201);
  expect((await send("PUT /v1/personas/ada", made.body, { "if-match": String(made.headers["etag"]) })).status).toBe(
    200,
  );
  // All else is bound as before.
  expect((await send("POST /v1/rooms", { name: text.repeat(5) })).status).toBe(413);
});

it.each([
  ["a slash", "a%2Fb"],
  ["a blank", "a%20b"],
  ["a blank at its end", "aide%20"],
  ["a capital", "Aide"],
  ["a Cyrillic letter that looks alike", "%D0%B0ide"],
  ["a letter with a combining mark", "a%CC%81ide"],
  ["a full-width letter", "%EF%BD%81ide"],
  ["a line break", "aide%0A"],
  ["a null byte", "aide%00"],
  ["dots alone", "..."],
  ["a way up", "..%2F..%2Froles%2Faide"],
  ["129 letters", "a".repeat(129)],
  ["the name of what every object has", "__proto__"],
  ["another such name", "constructor"],
])("an id with %s names nothing, and cannot be given", async (name, id) => {
  const { send } = await openCatalogueHouse();
  await send("POST /v1/roles", ROLE);
  const isGood = name === "another such name";
  const missing = { status: 404, body: { code: "role_not_found" } };
  expect(await send(`GET /v1/roles/${id}`)).toMatchObject(missing);
  expect(await send(`DELETE /v1/roles/${id}`)).toMatchObject(missing);
  expect(await send(`POST /v1/roles/${id}/reset`)).toMatchObject(missing);
  expect(await send(`PATCH /v1/roles/${id}`, {}, { "if-match": "*" })).toMatchObject(missing);
  const { id: _, ...body } = ROLE;
  const put = await send(`PUT /v1/roles/${id}`, body, { "if-none-match": "*" });
  const posted = await send("POST /v1/roles", { ...body, id: decodeURIComponent(id) });
  if (isGood) expect([put.status, posted.status]).toEqual([201, 409]);
  else
    for (const answer of [put, posted])
      expect(answer).toMatchObject({ status: 422, body: { code: "invalid_role", fields: [{ field: "id" }] } });
  const { roles } = (await send("GET /v1/roles")).body;
  expect(roles).toHaveLength(isGood ? 2 : 1);
});

it("a path that is no UTF-8, or longer than any id, leads nowhere", async () => {
  const { send } = await openCatalogueHouse();
  expect(await send("GET /v1/roles/%ff")).toMatchObject({ status: 400, body: { code: "malformed_request" } });
  expect(await send(`GET /v1/roles/${"a".repeat(600)}`)).toMatchObject({ status: 404 });
});

it("an id is that of the path, whatever a body says", async () => {
  const { send } = await openCatalogueHouse();
  await send("POST /v1/roles", ROLE);
  const other = await send("PUT /v1/roles/aide", { ...ROLE, id: "other" }, { "if-match": "*" });
  expect(other).toMatchObject({ status: 422, body: { code: "invalid_role", fields: [{ field: "id" }] } });
  const renamed = await send("PATCH /v1/roles/aide", { id: "other" }, { "if-match": "*" });
  expect(renamed).toMatchObject({ status: 422, body: { fields: [{ field: "id" }] } });
});

it("nobody but the server says where an entry comes from, and when", async () => {
  const { send } = await openCatalogueHouse();
  for (const own of [{ source: "builtin" }, { source: "toml" }, { version: 7 }, { created_at: 1 }, { updated_at: 1 }]) {
    const [field] = Object.keys(own);
    const made = await send("POST /v1/roles", { ...ROLE, ...own });
    expect(made).toMatchObject({ status: 422, body: { code: "invalid_role", fields: [{ field }] } });
  }
  await send("POST /v1/roles", ROLE);
  const before = await send("GET /v1/roles/aide");
  const tag = { "if-match": String(before.headers["etag"]) };
  for (const own of [{ source: "builtin" }, { version: 7 }, { created_at: 1 }, { updated_at: 1 }]) {
    const [field] = Object.keys(own);
    for (const method of ["PUT", "PATCH"]) {
      const answer = await send(`${method} /v1/roles/aide`, { ...ROLE, ...own }, tag);
      expect(answer, `${method} ${field}`).toMatchObject({ status: 422, body: { fields: [{ field }] } });
    }
  }
  expect((await send("GET /v1/roles/aide")).body).toEqual(before.body);
});

it("what a persona refers to must be there, and stays while it does", async () => {
  const { send } = await openCatalogueHouse();
  const persona = { ...PERSONA, default_role: "aide", default_sequence: "walk" };
  const dangling = await send("POST /v1/personas", persona);
  expect(dangling).toMatchObject({
    status: 422,
    body: { code: "invalid_persona", fields: [{ field: "default_role" }, { field: "default_sequence" }] },
  });
  await send("POST /v1/roles", ROLE);
  await send("POST /v1/sequences", SEQUENCE);
  expect((await send("POST /v1/personas", persona)).status).toBe(201);
  for (const [route, field] of [
    ["/v1/roles/aide", "default_role"],
    ["/v1/sequences/walk", "default_sequence"],
  ] as const) {
    for (const asked of [`DELETE ${route}`, `DELETE ${route}?force=false`, `POST ${route}/reset`])
      expect(await send(asked), asked).toMatchObject({
        status: 409,
        body: { code: "referenced", referrers: [{ kind: "persona", id: "ada", field }] },
      });
    expect((await send(`DELETE ${route}?force=yes`)).status).toBe(422);
    expect((await send(`GET ${route}`)).status).toBe(200);
    expect((await send(`DELETE ${route}?force=true`)).status).toBe(204);
  }
});
