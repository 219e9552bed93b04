import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { openHouse, WatchedClock } from "./harness.ts";

const ada = { name: "Ada", instructions: "Be kind.", model: "some:model", settings: { max_queued: 5, paused: true } };

it("enrolls, shows, replaces and removes a persona", async () => {
  const { send } = await openHouse();
  const created = await send("PUT /v1/enrollments/ada", ada);
  expect(created.status).toBe(201);
  expect(created.headers.location).toBe("/v1/enrollments/ada");
  expect(created.body).toEqual({
    id: "ada",
    source: "inline",
    name: "Ada",
    instructions: "Be kind.",
    model: "some:model",
    cognition: "function",
    settings: {
      max_parallel_turns: 1,
      max_queued: 5,
      deadline_ms: 120_000,
      history_tokens: 4_000,
      on_unknown_outcome: "auto",
      tools: [],
      paused: true,
      windows: { voice: 50, chat: 500, task: 100, background: 200 },
      breaker_failures: 5,
      breaker_open_ms: 30_000,
      budget: null,
      room_gap_ms: 10_000,
      room_cap: 50,
      answer_undirected: false,
      temperament: false,
      complexity: 1,
      compute_budget: 1,
    },
    sleep: { mode: "active" },
    breaker: { state: "closed", failures: 0 },
    queued: 0,
    in_store: 0,
    in_flight: 0,
    lanes: { voice: 0, chat: 0, task: 0, background: 0 },
    draining: false,
  });
  await send("POST /v1/personas/ada/messages", { text: "hi" });
  // The native cycle takes what was accepted in the next turn of the event loop.
  await setImmediate();
  expect((await send("GET /v1/enrollments/ada")).body).toMatchObject({ queued: 1, lanes: { chat: 1 }, held: "paused" });

  const replaced = await send("PUT /v1/enrollments/ada", { ...ada, name: "Ada L." });
  expect(replaced).toMatchObject({ status: 200, body: { name: "Ada L.", queued: 1 } });
  expect(replaced.headers).not.toHaveProperty("location");
  expect((await send("GET /v1/enrollments")).body.enrollments).toMatchObject([{ id: "ada", name: "Ada L." }]);
  expect((await send("GET /v1/status")).body).toMatchObject({ personas: 1, queued: 1, accepted: 1, store: "memory" });

  const removed = await send("DELETE /v1/enrollments/ada?mode=return");
  expect(removed).toMatchObject({ status: 204, body: undefined });
  expect((await send("GET /v1/enrollments/ada")).status).toBe(404);
  expect((await send("GET /v1/enrollments")).body).toEqual({ enrollments: [], more: false });
});

it("does not hold a request until a long drain is over", async () => {
  const clock = new WatchedClock();
  const { runtime, send } = await openHouse({}, { clock });
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  await runtime.enroll({
    id: "ada",
    name: "Ada",
    cognition: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  const spoken = send("POST /v1/personas/ada/messages?wait=60", { text: "hi" });
  await asked.promise;
  const waiting = clock.alarm(5_000);
  const removal = send("DELETE /v1/enrollments/ada?wait=5");
  await waiting;
  clock.advance(5_000);
  expect(await removal).toMatchObject({ status: 202, body: { id: "ada", draining: true, in_flight: 1 } });
  expect(await send("POST /v1/personas/ada/messages", { text: "too late" })).toMatchObject({
    status: 409,
    body: { code: "persona_draining" },
  });
  answer.resolve("done");
  expect((await spoken).body.reply.text).toBe("done");
  expect((await send("DELETE /v1/enrollments/ada")).status).toBeOneOf([204, 404]);
});

it("lists many personas page by page", async () => {
  const { runtime, send } = await openHouse();
  for (const id of ["cid", "ada", "eve", "bob", "dan"]) await runtime.enroll({ id, name: id });
  const ids = async (query: string) => {
    const { body } = await send(`GET /v1/enrollments${query}`);
    return [body.enrollments.map(({ id }: { id: string }) => id).join(" "), body.more];
  };
  expect(await ids("")).toEqual(["ada bob cid dan eve", false]);
  expect(await ids("?limit=2")).toEqual(["ada bob", true]);
  expect(await ids("?limit=2&after=bob")).toEqual(["cid dan", true]);
  expect(await ids("?after=c")).toEqual(["cid dan eve", false]);
  expect(await ids("?after=eve")).toEqual(["", false]);
});
