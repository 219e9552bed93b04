/** Failures as they look from outside. */
import { Writable } from "node:stream";
import fastify from "fastify";
import { expect, it } from "vitest";
import { PersonaError } from "../../src/errors.ts";
import { createApp } from "../../src/http/app.ts";
import { answerProblem } from "../../src/http/problem.ts";
import { openHouse, replaced } from "./harness.ts";

it("is one shape", async () => {
  const { app } = await openHouse();
  const response = await app.inject("/v1/enrollments/bob?x=1");
  expect(response.json()).toEqual({
    type: "urn:persona-runtime:problem:invalid_input",
    title: "The input is not valid",
    status: 422,
    detail: "x: is no known field",
    instance: "/v1/enrollments/bob",
    code: "invalid_input",
    fields: [{ field: "x", message: "is no known field" }],
  });
});

it.each([
  [1, "1"],
  [1_000, "1"],
  [1_001, "2"],
  [undefined, undefined],
])("rounds %s ms up to Retry-After: %s", async (retryAfterMs, expected) => {
  const app = fastify();
  app.setErrorHandler(answerProblem);
  app.get("/", async () => {
    throw new PersonaError("inbox_full", "later", retryAfterMs === undefined ? {} : { retryAfterMs });
  });
  const response = await app.inject("/");
  expect(response.statusCode).toBe(429);
  expect(response.headers["retry-after"]).toBe(expected);
});

it("keeps what went wrong inside to the log", async () => {
  const { runtime } = await openHouse();
  const lines: string[] = [];
  const stream = new Writable({ write: (line, _encoding, done) => done(void lines.push(String(line))) });
  const room = async () => {
    throw new Error("SELECT secret FROM vault");
  };
  const app = await createApp(replaced(runtime, { room }), { logger: { level: "warn", stream } });
  const response = await app.inject("/v1/rooms/x");
  expect(response.statusCode).toBe(500);
  expect(response.json()).toMatchObject({ code: "internal", detail: "The server's log says more." });
  expect(response.body).not.toContain("secret");
  expect(lines.join("")).toContain("SELECT secret FROM vault");
  await app.close();
});

it("does not let an answer out that is not what it is described as", async () => {
  const { runtime } = await openHouse();
  const status = (() => ({ ...runtime.status(), queued: "many" })) as unknown as typeof runtime.status;
  const app = await createApp(replaced(runtime, { status }), { logger: false });
  const response = await app.inject("/v1/status");
  expect(response.json()).toMatchObject({ status: 500, code: "internal" });
  await app.close();
});

it("says which check stands against readiness", async () => {
  const { app, runtime, send } = await openHouse();
  expect(await send("GET /readyz")).toMatchObject({ status: 200, body: { ready: true } });
  await runtime.close();
  const { status, body } = await send("GET /readyz");
  expect(status).toBe(503);
  expect(body).toMatchObject({ ready: false, checks: { accepting: "closing" } });
  expect((await app.inject("/livez")).statusCode).toBe(200);
  const refused = await send("POST /v1/personas/ada/messages", { text: "hi" });
  expect(refused).toMatchObject({ status: 503, body: { code: "runtime_closed" } });
});
