/** API keys: made once, shown once, and what they open. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { createRuntime, openApiKeys } from "../../src/index.ts";
import { StoredApiKeys } from "../../src/runtime/api-keys.ts";
import type { Store } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { ApiKeyOptions, Runtime } from "../../src/types.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { instead } from "../support/instead.ts";
import { type House, listen, openHouse, readEvents, sendTo } from "./harness.ts";

const required = { auth: { mode: "required" } } as const;
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

function newKey(runtime: Runtime, over: Partial<ApiKeyOptions> = {}) {
  return runtime.keys.create({ user: "ada", name: "a test's", ...over });
}

const get = ({ send }: House, secret: string, route = "GET /v1/status") => send(route, undefined, bearer(secret));

it("opens what the role may do, and says 401 to nobody and 403 to too small a role", async () => {
  const house = await openHouse({}, required);
  const { secret } = await newKey(house.runtime);
  const admin = await newKey(house.runtime, { role: "admin", user: "root" });
  expect(await get(house, secret)).toMatchObject({ status: 200 });
  expect(await get(house, secret, "GET /v1/keys")).toMatchObject({ status: 403, body: { code: "forbidden" } });
  expect(await get(house, admin.secret, "GET /v1/keys")).toMatchObject({ status: 200 });
  expect(await house.send("GET /v1/status")).toMatchObject({
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="persona-runtime"', "content-type": /problem\+json/ },
    body: { code: "unauthenticated" },
  });
});

it("asks nobody who they are about health and at the docs, and everybody everywhere else", async () => {
  const clock = new ManualClock();
  const { app, send } = await openHouse({}, { ...required, clock });
  const { paths } = app.swagger() as { paths: Record<string, Record<string, { security?: unknown[] }>> };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({ route: `${method.toUpperCase()} ${path}`, security })),
  );
  for (const { route, security } of routes) {
    const open = ["GET /livez", "GET /readyz", "GET /openapi.json"].includes(route);
    expect(security, route).toEqual(open ? [] : undefined);
    // There are more routes than wrong credentials a minute.
    clock.advance(60_000);
    expect((await send(route)).status, route).toBe(open ? 200 : 401);
  }
  for (const route of ["HEAD /v1/rooms/x", "GET /v1/events"]) expect((await send(route)).status, route).toBe(401);
  for (const page of ["/docs", "/docs/static/index.css"]) expect((await app.inject(page)).statusCode, page).toBe(200);
  expect((await send("GET /v2")).status).toBe(404);
});

it("counts by address who reads the docs", async () => {
  const limits = { requestsPerMinute: 3 };
  const { app } = await openHouse({}, { ...required, limits, clock: new ManualClock() });
  const status = async (url: string) => (await app.inject(url)).statusCode;
  for (const url of ["/docs", "/openapi.json", "/docs/static/index.css"]) expect(await status(url), url).toBe(200);
  for (const url of ["/docs/yaml", "/openapi.json", "/docs"]) expect(await status(url), url).toBe(429);
  expect(await status("/livez")).toBe(200);
});

it("is made and shown once over HTTP, listed without the secret, and revoked at once", async () => {
  const house = await openHouse({}, required);
  const admin = bearer((await newKey(house.runtime, { role: "admin", name: "the first" })).secret);
  const made = await house.send("POST /v1/keys", { user: "bob", role: "service", name: "the bot" }, admin);
  expect(made).toMatchObject({
    status: 201,
    headers: { "cache-control": "no-store" },
    body: { tenant: "default", user: "bob", role: "service", tier: "enterprise", name: "the bot" },
  });
  const { secret, id } = made.body;
  expect(secret).toMatch(/^pr_[0-9a-f]{32}_[\w-]{43}$/);
  expect((await get(house, secret)).status).toBe(200);

  const listed = await house.send("GET /v1/keys", undefined, admin);
  expect(listed.body).toMatchObject({ keys: [{ name: "the first" }, { id, name: "the bot" }], more: false });
  expect(JSON.stringify(listed.body)).not.toMatch(/secret|hash|pr_/);
  const page = await house.send(`GET /v1/keys?limit=1`, undefined, admin);
  expect(page.body).toMatchObject({ keys: [{ name: "the first" }], more: true });
  const next = await house.send(`GET /v1/keys?after=${page.body.keys[0].id}`, undefined, admin);
  expect(next.body).toMatchObject({ keys: [{ id }], more: false });

  const revoked = await house.send(`DELETE /v1/keys/${id}`, undefined, admin);
  expect(revoked).toMatchObject({ status: 200, body: { id, revoked_at: expect.any(Number) } });
  expect(await get(house, secret)).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  const again = await house.send(`DELETE /v1/keys/${id}`, undefined, admin);
  expect(again.body.revoked_at).toBe(revoked.body.revoked_at);
});

it("is not made with a tier that the server does not know", async () => {
  const limits = { tiers: { enterprise: { requestsPerMinute: 1_000 }, gold: { requestsPerMinute: 1_000 } } };
  const house = await openHouse({}, { ...required, limits });
  const admin = bearer((await newKey(house.runtime, { role: "admin" })).secret);
  const make = (given: object) => house.send("POST /v1/keys", { user: "bob", name: "bob's", ...given }, admin);
  for (const given of [{ tier: "silver" }, {}]) {
    expect(await make(given)).toMatchObject({
      status: 422,
      body: { fields: [{ field: "tier", message: "must be one of enterprise, gold" }] },
    });
  }
  expect((await get(house, (await make({ tier: "gold" })).body.secret)).status).toBe(200);
});

it("is of one tenant: administrators of another neither see nor revoke it", async () => {
  const house = await openHouse({}, required);
  const mine = await newKey(house.runtime, { tenant: "acme", role: "admin" });
  const other = await newKey(house.runtime, { tenant: "evil", role: "admin" });
  const listed = await get(house, other.secret, "GET /v1/keys");
  expect(listed.body.keys.map(({ id }: { id: string }) => id)).toEqual([other.id]);
  const refused = await get(house, other.secret, `DELETE /v1/keys/${mine.id}`);
  expect(refused).toMatchObject({ status: 404, body: { code: "key_not_found" } });
  const made = await house.send("POST /v1/keys", { user: "x", name: "x" }, bearer(other.secret));
  expect(made.body.tenant).toBe("evil");
  const smuggled = { user: "x", name: "x", tenant: "acme" };
  expect((await house.send("POST /v1/keys", smuggled, bearer(other.secret))).status).toBe(422);
  expect((await get(house, mine.secret)).status).toBe(200);
});

it("ends when it expires, also for whom it was recognised before", async () => {
  const clock = new ManualClock(1_000_000);
  const house = await openHouse({ clock }, { ...required, clock });
  const { secret } = await newKey(house.runtime, { expiresAt: 1_010_000 });
  expect((await get(house, secret)).status).toBe(200);
  clock.advance(9_999);
  expect((await get(house, secret)).status).toBe(200);
  clock.advance(1);
  expect((await get(house, secret)).status).toBe(401);
});

it("ends the event streams that it opened when it is revoked, and no others", async () => {
  const house = await openHouse({}, required);
  const mine = await newKey(house.runtime);
  const other = await newKey(house.runtime, { name: "another" });
  const port = await listen(house.app);
  const ended = await readEvents(port, "", bearer(mine.secret));
  const stays = await readEvents(port, "", bearer(other.secret));
  await house.runtime.keys.revoke(mine.id);
  expect(await ended.next()).toBeUndefined();
  await house.runtime.enroll({ id: "ada", name: "Ada" });
  expect(await stays.until("enrollment")).toMatchObject({ data: { persona: "ada" } });
});

it("does not open anything with what was read before it was revoked", async () => {
  const store = await openSqliteStore(join(tempFolder(), "personas.db"), { clock: new ManualClock() });
  onTestFinished(() => store.close());
  const made = await new StoredApiKeys(store, new ManualClock()).create({ user: "ada", name: "a test's" });
  const revoked = Promise.withResolvers<void>();
  let reads = 0;
  const apiKey: Store["apiKey"] = async (key) => {
    const first = reads === 0;
    reads += 1;
    const row = await store.apiKey(key);
    if (first) await revoked.promise;
    return row;
  };
  const keys = new StoredApiKeys(instead(store, { apiKey }), new ManualClock());
  const found = keys.verify(made.secret);
  await keys.revoke(made.id);
  revoked.resolve();
  expect(await found).toBeUndefined();
});

it("is kept in the database, by its hash only, with when it was last used to the hour", async () => {
  const file = join(tempFolder(), "personas.db");
  const clock = new ManualClock(Date.UTC(2030, 0, 1));
  let secret: string;
  {
    await using keys = await openApiKeys(file, clock);
    ({ secret } = await keys.create({ user: "ada", role: "admin", name: "the first" }));
  }
  const runtime = await createRuntime({ store: file, clock });
  expect(await runtime.keys.verify(secret)).toMatchObject({ user: "ada", role: "admin" });
  await expect(openApiKeys(file, clock)).rejects.toMatchObject({ code: "store_locked" });
  clock.advance(60_000);
  await runtime.keys.verify(secret);
  expect(await runtime.keys.list()).toMatchObject([{ lastUsedAt: Date.UTC(2030, 0, 1) }]);
  clock.advance(3_600_000);
  await runtime.keys.verify(secret);
  await runtime.close();
  await using keys = await openApiKeys(file, clock);
  expect(await keys.list()).toMatchObject([{ lastUsedAt: Date.UTC(2030, 0, 1, 1, 1) }]);
  const written = [file, `${file}-wal`].map((name) => readFileSync(name, "latin1")).join("");
  expect(written).toContain("the first");
  expect(written).not.toContain(secret.slice(36));
});

it("is not another one that begins alike, and not what another database made", async () => {
  const house = await openHouse({ clock: new ManualClock(1e12) }, required);
  const stranger = await openHouse({ clock: new ManualClock(1e12) });
  const { secret } = await newKey(house.runtime);
  const other = await newKey(stranger.runtime);
  const tries = [
    other.secret,
    `${secret.slice(0, 36)}${"A".repeat(43)}`,
    secret.slice(0, -1),
    `${secret}A`,
    secret.toUpperCase(),
    `${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`,
  ];
  for (const wrong of tries) expect(await house.runtime.keys.verify(wrong), wrong).toBeUndefined();
  expect(await house.runtime.keys.verify(secret)).toBeDefined();
});

it.each<[string, Record<string, unknown>, string[]]>([
  ["nothing", {}, ["user", "name"]],
  ["a user with blanks", { user: "a b", name: "n" }, ["user"]],
  ["a user of control characters", { user: "a\u0000", name: "n" }, ["user"]],
  ["a user beyond its length", { user: "u".repeat(129), name: "n" }, ["user"]],
  ["an unknown role", { user: "a", role: "root", name: "n" }, ["role"]],
  ["a tier that is no name", { user: "a", tier: "Gold!", name: "n" }, ["tier"]],
  ["a blank name", { user: "a", name: " " }, ["name"]],
  ["an end in the past", { user: "a", name: "n", expires_at: 1 }, ["expires_at"]],
  ["an unknown field", { user: "a", name: "n", secret: "pr_mine" }, ["secret"]],
])("refuses a key of %s", async (_name, body, fields) => {
  const { send } = await openHouse();
  const answer = await send("POST /v1/keys", body);
  expect(answer).toMatchObject({ status: 422, body: { code: "invalid_input" } });
  expect(answer.body.fields.map(({ field }: { field: string }) => field)).toEqual(fields);
});

it("is taken from the authorization header and no other, on a real socket", async () => {
  const { app, runtime } = await openHouse({}, required);
  const { secret } = await newKey(runtime);
  const send = sendTo(await listen(app));
  expect((await send("GET /v1/status", undefined, { authorization: `bearer ${secret}` })).status).toBe(200);
  expect((await send("GET /v1/status", undefined, { "x-api-key": secret })).status).toBe(401);
});
