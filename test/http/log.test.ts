/** The log: what happened is in it, and nothing that was sent. Every word that must not be there is looked for in all of it. */
import net from "node:net";
import { expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { RequestLog } from "../../src/http/request-log.ts";
import { createRuntime } from "../../src/index.ts";
import { instead } from "../support/instead.ts";
import { listen, openHouse, sendTo } from "./harness.ts";

function recorder() {
  const lines: string[] = [];
  return { lines, logger: { level: "trace", stream: { write: (line: string) => void lines.push(line) } } as const };
}

/** Everything that somebody could want to keep to himself says so. */
const CANARY = /canary/i;

it("says which request was answered how, to which key, and repeats neither credentials nor words", async () => {
  const { lines, logger } = recorder();
  const cognition = () => {
    throw Object.assign(new Error("the model did not answer"), { request: { headers: { authorization: "canary-1" } } });
  };
  const { app, runtime } = await openHouse({ cognition }, { auth: { mode: "required" }, logger });
  await runtime.enroll({ id: "ada", name: "Ada", instructions: "canary-2", settings: { breakerFailures: 0 } });
  const key = await runtime.keys.create({ user: "ada", role: "admin", name: "canary-3" });
  const send = sendTo(await listen(app));
  const headers = { authorization: `Bearer ${key.secret}`, cookie: "canary-4", "x-api-key": "canary-5" };
  const answers = [
    await send("POST /v1/personas/ada/messages?wait=0", { text: "canary-6" }, headers),
    await send("POST /v1/personas/ada/messages?token=canary-7", { text: "canary-8" }, headers),
    await send("POST /v1/personas/ada/messages", { text: 8, canary9: "canary-10" }, headers),
    await send("GET /v1/status", undefined, { authorization: "Bearer canary-11" }),
    await send("GET /v1/status", undefined, { authorization: `Bearer ${key.secret.slice(0, 36)}canary-12` }),
    await send("POST /v1/keys", { user: "canary-13", name: "canary-14" }, headers),
    await send(`GET /v1/nothing?api_key=${key.secret}`, undefined, headers),
    await send("PUT /v1/enrollments/bob", { name: "canary-15", instructions: "canary-16" }, headers),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 422, 422, 401, 401, 201, 404, 201]);
  const log = lines.join("");
  expect(log).not.toMatch(CANARY);
  expect(log).not.toContain(key.secret.slice(36));
  const records = lines.map((line) => JSON.parse(line));
  expect(records).toContainEqual(
    expect.objectContaining({ req: { method: "POST", url: "/v1/personas/ada/messages", remoteAddress: "127.0.0.1" } }),
  );
  expect(records).toContainEqual(expect.objectContaining({ res: { statusCode: 202, tenant: "default", key: key.id } }));
});

it("of a defect says what it is and where, with its causes, and the answer says nothing of it", async () => {
  const { lines, logger } = recorder();
  const runtime = await createRuntime({ store: "memory" });
  const driver = Object.assign(new Error("SQLITE_ERROR: no such column"), { sql: "SELECT canary" });
  const failure = Object.assign(new TypeError("it broke", { cause: driver }), {
    config: { headers: { Authorization: "Bearer canary" } },
    responseBody: "canary",
  });
  const broken = () => {
    throw failure;
  };
  const app = await createApp(instead(runtime, { tenant: () => instead(runtime, { status: broken }) }), { logger });
  const answer = await app.inject("/v1/status");
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toMatch(/broke|SQLITE|canary/);
  const log = lines.join("");
  expect(log).not.toMatch(CANARY);
  const [record] = lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50);
  expect(record.err).toMatchObject({
    type: "TypeError",
    message: "it broke",
    stack: expect.stringContaining("log.test.ts"),
    cause: { type: "Error", message: "SQLITE_ERROR: no such column" },
  });
  await app.close();
  await runtime.close();
});

it("strikes out what looks like a secret, wherever somebody put it", async () => {
  const { lines, logger } = recorder();
  const { app, runtime } = await openHouse({}, { logger });
  const { secret } = await runtime.keys.create({ user: "ada", name: "a test's" });
  app.log.info({ headers: { authorization: "canary", cookie: "canary", "set-cookie": "canary" }, apiKey: "canary" });
  app.log.info({
    request: { headers: { "x-api-key": "canary", "sec-websocket-protocol": "canary" } },
    token: "canary",
  });
  app.log.error({ error: Object.assign(new Error("no"), { headers: "canary" }) }, "an error under another name");
  app.log.warn(new Error(`called with ${secret} and Bearer canary.canary-canary and sk-canarycanarycanary`));
  app.log.warn(`eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9. was sent, and bearer.canarycanary offered`);
  const log = lines.join("");
  expect(log).not.toMatch(CANARY);
  expect(log).not.toContain(secret.slice(36));
  expect(log).not.toContain("eyJjYW5hcnkiOjF9");
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(expect.arrayContaining([30, 40, 50]));
});

it("says nothing of what Node.js could not read", async () => {
  const { lines, logger } = recorder();
  const { app } = await openHouse({}, { logger });
  const socket = net.connect(await listen(app), "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nauthorization: Bearer canary\0canary\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += chunk;
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text + lines.join("")).not.toMatch(CANARY);
});

it("names the request in each of its lines, and writes none below its level", async () => {
  const { lines, logger } = recorder();
  const app = await createApp(await createRuntime({ store: "memory" }), { logger: { ...logger, level: "warn" } });
  expect((await app.inject("/v1/status")).statusCode).toBe(200);
  expect(lines).toEqual([]);
  const broken = new RequestLog(app.log, { reqId: "req-7" });
  broken.info("not this");
  broken.warn({ err: new Error("it broke") }, "a request failed");
  broken.child({ part: "reply" }).error("and this");
  const records = lines.map((line) => JSON.parse(line));
  expect(records).toMatchObject([
    { level: 40, reqId: "req-7", err: { message: "it broke" }, msg: "a request failed" },
    { level: 50, reqId: "req-7", part: "reply", msg: "and this" },
  ]);
  const loud = new RequestLog(app.log, { reqId: "req-8" }, { level: "debug" });
  loud.debug("heard");
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ reqId: "req-8", msg: "heard" });
  await app.close();
});
