/** What answers tell a browser. */
import { expect, it } from "vitest";
import { openHouse } from "./harness.ts";

it("answers are for the caller alone, and no page", async () => {
  const { send } = await openHouse();
  for (const route of ["GET /v1/status", "GET /v1/enrollments/nobody", "GET /livez", "POST /v2", "GET /openapi.json"]) {
    expect((await send(route)).headers, route).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
    });
  }
});

it("the docs are a page that runs its own scripts only, and is shown in no other", async () => {
  const { app } = await openHouse();
  const page = await app.inject("/docs");
  expect(page.statusCode).toBe(200);
  expect(page.headers).toMatchObject({
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  });
  expect(page.headers["content-security-policy"]).toMatch(
    /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/,
  );
  expect(page.headers["strict-transport-security"]).toBeUndefined();
  const scripts = [...page.body.matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map(([, name]) => name);
  expect(scripts.length).toBeGreaterThan(2);
  for (const name of scripts)
    expect((await app.inject(`/docs/${name?.replace(/^docs\//, "")}`)).statusCode, name).toBe(200);
  expect(page.body).not.toMatch(/<script>[^<]/);
});

it("no answer lets another origin read it", async () => {
  const { app, runtime } = await openHouse({}, { auth: { mode: "required" } });
  const { secret } = await runtime.keys.create({ user: "ada", name: "a test's" });
  const headers = { host: "cast.example", origin: "https://evil.example", authorization: `Bearer ${secret}` };
  const asked = await app.inject({ url: "/v1/status", headers });
  expect(asked.statusCode).toBe(200);
  const preflight = await app.inject({
    method: "OPTIONS",
    url: "/v1/status",
    headers: { ...headers, "access-control-request-method": "GET" },
  });
  expect(preflight.statusCode).toBe(405);
  for (const answer of [asked, preflight]) {
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});
