/** How often somebody may come. */
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import type { AppOptions } from "../../src/http/app.ts";
import { refuseUnderPressure } from "../../src/http/limits.ts";
import { answerProblem } from "../../src/http/problem.ts";
import { Windows } from "../../src/http/windows.ts";
import type { ApiKeyOptions } from "../../src/types.ts";
import { openHouse } from "./harness.ts";

const tiers = { free: { requestsPerMinute: 3 }, enterprise: { requestsPerMinute: 1_000 } };

async function limitedHouse(options: AppOptions = {}) {
  const clock = new ManualClock(1e12);
  const limits = { tiers, requestsPerMinute: 10, ...options.limits };
  const house = await openHouse(
    { clock },
    { auth: { mode: "required" }, trustProxy: ["127.0.0.1"], ...options, clock, limits },
  );
  const keyOf = async (over: Partial<ApiKeyOptions> = {}) => {
    const { secret } = await house.runtime.keys.create({ user: "ada", name: "a test's", ...over });
    return `Bearer ${secret}`;
  };
  const get = (authorization?: string, from = "10.0.0.1", route = "GET /v1/status") =>
    house.send(route, undefined, { "x-forwarded-for": from, ...(authorization && { authorization }) });
  return { ...house, clock, keyOf, get };
}

describe("requests", () => {
  it("are counted by key, and say what is left and when there is more", async () => {
    const { get, keyOf, clock } = await limitedHouse();
    const [one, other] = [await keyOf(), await keyOf()];
    const left = async (key: string) => {
      const { status, headers } = await get(key);
      return [status, headers["ratelimit-limit"], headers["ratelimit-remaining"], headers["ratelimit-reset"]];
    };
    expect(await left(one)).toEqual([200, "3", "2", "60"]);
    clock.advance(20_000);
    expect(await left(one)).toEqual([200, "3", "1", "40"]);
    expect(await left(one)).toEqual([200, "3", "0", "40"]);
    expect(await get(one)).toMatchObject({
      status: 429,
      headers: { "retry-after": "40" },
      body: { code: "rate_limited", detail: expect.stringContaining("3 requests a minute") },
    });
    expect(await left(other)).toEqual([200, "3", "2", "60"]);
    clock.advance(39_999);
    expect((await get(one)).status).toBe(429);
    clock.advance(1);
    expect(await left(one)).toEqual([200, "3", "2", "60"]);
  });

  it("are as many as the tier has", async () => {
    const { get, keyOf } = await limitedHouse();
    const key = await keyOf({ tier: "enterprise" });
    for (let times = 0; times < 20; times += 1) expect((await get(key)).status).toBe(200);
  });

  it("are counted also when they are forbidden, and not where nobody is asked", async () => {
    const { get, keyOf } = await limitedHouse();
    const key = await keyOf();
    for (let times = 0; times < 20; times += 1) {
      expect((await get(key, "10.0.0.1", "GET /livez")).status).toBe(200);
    }
    const forbidden = await get(key, "10.0.0.1", "GET /v1/keys");
    expect(forbidden).toMatchObject({ status: 403, headers: { "ratelimit-remaining": "2" } });
    expect((await get(key)).headers["ratelimit-remaining"]).toBe("1");
  });

  it("of a tier that the server does not know are of nobody", async () => {
    const { get, keyOf } = await limitedHouse();
    for (const tier of ["personal", "constructor"]) {
      const answer = await get(await keyOf({ tier }));
      expect(answer).toMatchObject({ status: 401, body: { detail: expect.stringContaining(tier) } });
    }
  });

  it("on loopback without authentication are not limited", async () => {
    const { send } = await openHouse({}, { limits: { tiers: { enterprise: { requestsPerMinute: 1 } } } });
    for (let times = 0; times < 5; times += 1) {
      const { status, headers } = await send("GET /v1/status");
      expect([status, headers["ratelimit-limit"]]).toEqual([200, undefined]);
    }
  });
});

describe("nobody", () => {
  it("is counted by address, and only then told to wait", async () => {
    const { get, keyOf, clock } = await limitedHouse();
    const statuses = [];
    for (let times = 0; times < 12; times += 1) statuses.push((await get()).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect((await get(undefined, "10.0.0.2")).status).toBe(401);
    expect((await get(await keyOf())).status).toBe(200);
    clock.advance(60_000);
    expect((await get()).status).toBe(401);
  });

  it("tries a wrong secret five times a minute, for each key and address; the right one opens nevertheless", async () => {
    const { get, keyOf, clock } = await limitedHouse({ limits: { requestsPerMinute: 1_000 } });
    const [one, other] = [await keyOf(), await keyOf()];
    const wrong = (key: string) => `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`;
    const tries = async (key: string, from?: string) => {
      const statuses = [];
      for (let times = 0; times < 7; times += 1) statuses.push((await get(key, from)).status);
      return statuses;
    };
    const limited = [401, 401, 401, 401, 401, 429, 429];
    expect(await tries(wrong(one))).toEqual(limited);
    expect((await get(wrong(one))).headers["retry-after"]).toBe("60");
    expect((await get(one)).status).toBe(200);
    expect(await tries(wrong(other))).toEqual(limited);
    expect(await tries(wrong(one), "10.0.0.2")).toEqual(limited);
    expect(await tries("Bearer eyJ.x.y")).toEqual(limited);
    clock.advance(60_000);
    expect((await get(wrong(one))).status).toBe(401);
  });

  it("does not choose an address: what a stranger says of itself counts for nothing", async () => {
    const { get } = await limitedHouse({ trustProxy: [] });
    const statuses = [];
    for (let times = 0; times < 11; times += 1) statuses.push((await get(undefined, `10.0.0.${times}`)).status);
    expect(statuses.at(-1)).toBe(429);
  });
});

it.each(["proxy.local", "10.0.0.0/33", "10.0.0.0/0", "::/129", "10.0.0.0/8/8", "", "fe80::1%eth0"])(
  "a proxy that is no address and no network is refused at the start: %j",
  async (proxy) => {
    await expect(openHouse({}, { trustProxy: ["::1", "fd00::/8", proxy] })).rejects.toMatchObject({
      code: "invalid_input",
      fields: [{ field: "trustProxy[2]", message: expect.stringMatching(/^must be an address or a network/) }],
    });
  },
);

it("windows are forgotten when they are over, and never more than so many", () => {
  const clock = new ManualClock(0);
  const windows = new Windows(clock, 100);
  for (let index = 0; index < 1_000; index += 1) windows.count(`${index}`);
  expect(windows.size).toBeLessThanOrEqual(100);
  expect(windows.count("999")).toMatchObject({ count: 2 });
  expect(windows.count("0")).toMatchObject({ count: 1 });
  clock.advance(60_000);
  for (let index = 0; index < 60; index += 1) windows.count(`new ${index}`);
  expect(windows.size).toBeLessThanOrEqual(100);
});

it("the configuration refuses what is no limit, and names it", async () => {
  const limits = {
    requestsPerMinute: 0,
    bodyBytes: 10,
    maxEventLoopDelayMs: 0.5,
    tiers: { "Gold!": {}, free: {} },
    burst: 1,
  };
  const error = await openHouse({}, { limits } as never).catch((reason) => reason);
  expect(error).toMatchObject({ code: "invalid_input" });
  const fields = new Set(error.fields.map(({ field }: { field: string }) => field));
  expect([...fields].sort()).toEqual(
    [
      "bodyBytes",
      "burst",
      "maxEventLoopDelayMs",
      "requestsPerMinute",
      "tiers.Gold!",
      "tiers.free.requestsPerMinute",
    ].sort(),
  );
});

it("refuses everything but health while the event loop is late, and says when to come again", async () => {
  let time = 0;
  const app = fastify();
  app.setErrorHandler(answerProblem);
  refuseUnderPressure(app, 1_000, () => time);
  app.get("/work", { config: { policy: "user" } }, async () => "done");
  app.get<{ Querystring: { ms?: string } }>("/livez", { config: { policy: "public" } }, async ({ query }) => {
    time += Number(query.ms ?? 0);
    return "alive";
  });
  const status = async (url: string) => (await app.inject(url)).statusCode;
  /** A request, and a turn of the event loop that takes so long. */
  const turn = async (ms: number) => {
    await app.inject(`/livez?ms=${ms}`);
    await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
  };
  await turn(1_001);
  expect(await status("/work")).toBe(200);
  await turn(0);
  await turn(1_001);
  expect(await status("/work")).toBe(200);
  await turn(0);
  await turn(1_001);
  await turn(1_001);
  const refused = await app.inject("/work");
  expect(refused).toMatchObject({ statusCode: 503, headers: { "retry-after": "1" } });
  expect(refused.json().code).toBe("overloaded");
  expect(await status("/livez")).toBe(200);
  await turn(0);
  expect(await status("/work")).toBe(200);
  await turn(1_001);
  await turn(1_001);
  // What was seen long ago says nothing.
  time += 1_000;
  expect(await status("/work")).toBe(200);
  await app.close();
});
