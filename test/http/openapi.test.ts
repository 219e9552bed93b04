/** What is served is what is described: a list of all routes is the source of these tests. */
import { Validator } from "@seriousme/openapi-schema-validator";
import fastify from "fastify";
import { expect, it } from "vitest";
import { requirePolicies } from "../../src/http/policy.ts";
import { openHouse } from "./harness.ts";

const OWN_ROUTES = [
  "DELETE /v1/dead-letters/{item}",
  "DELETE /v1/enrollments/{id}",
  "DELETE /v1/keys/{id}",
  "DELETE /v1/personas/{id}",
  "DELETE /v1/persons/{id}",
  "DELETE /v1/roles/{id}",
  "DELETE /v1/rooms/{id}/members/{persona}",
  "DELETE /v1/sequences/{id}",
  "GET /",
  "GET /livez",
  "GET /metrics",
  "GET /openapi.json",
  "GET /readyz",
  "GET /v1/busiest",
  "GET /v1/dead-letters",
  "GET /v1/enrollments",
  "GET /v1/enrollments/{id}",
  "GET /v1/enrollments/{id}/why",
  "GET /v1/events",
  "GET /v1/explanations/{id}",
  "GET /v1/feedback/analytics",
  "GET /v1/items/{id}",
  "GET /v1/keys",
  "GET /v1/map-persona",
  "GET /v1/mappers",
  "GET /v1/mappers/{id}",
  "GET /v1/mappers/{id}/versions",
  "GET /v1/mappers/{id}/weights",
  "GET /v1/mappers/{id}/weights/log",
  "GET /v1/mindscapes/{person}",
  "GET /v1/mindscapes/{person}/history",
  "GET /v1/narratives",
  "GET /v1/narratives/search",
  "GET /v1/observations",
  "GET /v1/personas",
  "GET /v1/personas/{id}",
  "GET /v1/roles",
  "GET /v1/roles/{id}",
  "GET /v1/rooms/{id}",
  "GET /v1/rooms/{id}/messages",
  "GET /v1/sequences",
  "GET /v1/sequences/{id}",
  "GET /v1/sessions/{id}",
  "GET /v1/sessions/{id}/messages",
  "GET /v1/socket",
  "GET /v1/spending",
  "GET /v1/status",
  "GET /v1/tool-calls",
  "GET /v1/voice/turns",
  "PATCH /v1/enrollments/{id}",
  "PATCH /v1/mindscapes/{person}",
  "PATCH /v1/personas/{id}",
  "PATCH /v1/roles/{id}",
  "PATCH /v1/sequences/{id}",
  "POST /v1/dead-letters/{item}/replay",
  "POST /v1/feedback",
  "POST /v1/keys",
  "POST /v1/mappers",
  "POST /v1/mappers/{id}/publish",
  "POST /v1/mappers/{id}/simulate",
  "POST /v1/mappers/{id}/versions/{version}/activate",
  "POST /v1/messages",
  "POST /v1/narratives",
  "POST /v1/observations",
  "POST /v1/personas",
  "POST /v1/personas/{id}/messages",
  "POST /v1/personas/{id}/reset",
  "POST /v1/roles",
  "POST /v1/roles/{id}/reset",
  "POST /v1/rooms",
  "POST /v1/rooms/{id}/messages",
  "POST /v1/sequences",
  "POST /v1/sequences/{id}/reset",
  "POST /v1/sessions",
  "POST /v1/sessions/resolve",
  "POST /v1/sessions/{id}/advance",
  "POST /v1/sessions/{id}/close",
  "POST /v1/sessions/{id}/messages",
  "POST /v1/sessions/{id}/refresh",
  "POST /v1/tool-calls/{id}",
  "PUT /v1/enrollments/{id}",
  "PUT /v1/mappers/{id}",
  "PUT /v1/personas/{id}",
  "PUT /v1/roles/{id}",
  "PUT /v1/rooms/{id}/members/{persona}",
  "PUT /v1/sequences/{id}",
];

/** The others were published so. */
const isOurs = (name: string) => !["personaId", "mapperId", "personId", "detailLevel", "whenStale"].includes(name);
const snakeCase = /^[a-z0-9]+([_-][a-z0-9]+)*$/;

it("describes every route, in a document that is valid OpenAPI 3.1", async () => {
  const { send } = await openHouse();
  const { body: document, headers } = await send("GET /openapi.json");
  expect(headers["content-type"]).toContain("application/json");
  expect(document.openapi).toBe("3.1.0");
  const described = Object.entries<object>(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(OWN_ROUTES);
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true });
});

it("says of every route what it is for, what it answers, and which problems look like", async () => {
  const { send } = await openHouse();
  const { body: document } = await send("GET /openapi.json");
  // biome-ignore lint/suspicious/noExplicitAny: a JSON document
  for (const [path, operations] of Object.entries<any>(document.paths)) {
    // biome-ignore lint/suspicious/noExplicitAny: a JSON document
    for (const [method, operation] of Object.entries<any>(operations)) {
      const route = `${method} ${path}`;
      expect.soft(operation.summary, route).toMatch(/^[A-Z].{8,}/);
      expect.soft(operation.tags, route).toHaveLength(1);
      const { default: problem, ...answers } = operation.responses;
      expect.soft(Object.keys(problem.content), route).toEqual(["application/problem+json"]);
      expect.soft(Object.keys(answers).length, route).toBeGreaterThan(0);
      for (const [status, answer] of Object.entries<{ description: string; content?: object }>(answers)) {
        expect.soft(answer.description, `${route} ${status}`).not.toBe("Default Response");
        expect.soft(answer.content !== undefined, `${route} ${status}`).toBe(!["204", "304"].includes(status));
      }
      const names = (operation.parameters ?? []).map(({ name }: { name: string }) => name);
      for (const name of names.filter(isOurs)) expect.soft(name, route).toMatch(snakeCase);
    }
  }
});

it("names everything in one style, and every reference leads somewhere", async () => {
  const { send } = await openHouse();
  const { body: document } = await send("GET /openapi.json");
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("$ref" in value) {
      const name = String(value.$ref).replace("#/components/schemas/", "");
      expect.soft(Object.keys(document.components.schemas)).toContain(name);
    }
    if ("properties" in value) {
      for (const name of Object.keys(value.properties as object)) expect.soft(name).toMatch(snakeCase);
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(document);
});

it("does not start with a route that has no policy", async () => {
  const strict = fastify();
  requirePolicies(strict);
  strict.get("/open", async () => "");
  await expect(strict.ready()).rejects.toThrow("No policy in the config of GET /open");
});

it("serves the docs from this machine alone", async () => {
  const { app } = await openHouse();
  const page = await app.inject("/docs");
  expect(page.statusCode).toBe(200);
  const policy = String(page.headers["content-security-policy"]);
  expect(policy).not.toMatch(/https?:|\*/);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? "");
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) expect.soft((await app.inject(file)).statusCode, file).toBe(200);
  // An inline script would be blocked by the page's own policy.
  expect(page.body).not.toMatch(/<script(?![^>]*src=)/);
  const initializer = await app.inject("/docs/static/swagger-initializer.js");
  expect(initializer.body).toContain("/openapi.json");
  // Otherwise the page would send the document's address to a validator elsewhere.
  expect(initializer.body).toContain('"validatorUrl":null');
});
