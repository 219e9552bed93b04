import { expect, it } from "vitest";
import { openHouse } from "./harness.ts";

it("keeps what is told of a person, lists and finds it, and forgets it with the person", async () => {
  const { send } = await openHouse();
  const told = [];
  for (const body of [
    { text: "I work best in the morning." },
    { text: "Morning meetings tire me.", type: "curation", metadata: { from: "coach" } },
  ]) {
    told.push(await send("POST /v1/narratives", { person_id: "user:ada", ...body }));
  }
  expect(told.map(({ status }) => status)).toEqual([201, 201]);
  const [first, second] = told.map(({ body }) => body);
  expect(second).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    person_id: "user:ada",
    type: "curation",
    text: "Morning meetings tire me.",
    metadata: { from: "coach" },
    created_by: "user:local",
    created_at: expect.any(Number),
  });
  const of = "person_id=user:ada";
  expect((await send(`GET /v1/narratives?${of}&limit=1`)).body).toEqual({ narratives: [first], more: true });
  expect((await send(`GET /v1/narratives?${of}&after=${first.id}`)).body).toEqual({
    narratives: [second],
    more: false,
  });
  expect((await send(`GET /v1/narratives?${of}&type=curation`)).body.narratives).toEqual([second]);
  expect((await send("GET /v1/narratives")).body.narratives).toEqual([]);

  const found = await send(`GET /v1/narratives/search?${of}&query=${encodeURIComponent("tired of MORNING meeting")}`);
  expect(found.body.narratives).toEqual([
    { id: second.id, type: "curation", text: second.text, created_at: second.created_at, score: (1 + 0.8) / 4 },
    { id: first.id, type: "self_observation", text: first.text, created_at: first.created_at, score: 1 / 4 },
  ]);
  const hostile = encodeURIComponent('" OR words : * NEAR(');
  expect((await send(`GET /v1/narratives/search?${of}&query=${hostile}`)).body).toEqual({ narratives: [] });

  const erased = await send("DELETE /v1/persons/user:ada");
  expect(erased.body).toEqual({ person_id: "user:ada", removed: 2, erased_at: expect.any(Number) });
  expect((await send(`GET /v1/narratives?${of}`)).body.narratives).toEqual([]);
  expect((await send(`GET /v1/narratives/search?${of}&query=morning`)).body.narratives).toEqual([]);
  expect((await send("DELETE /v1/persons/user:ada")).body).toMatchObject({ removed: 0 });
});

it.each([
  ["POST /v1/narratives", {}, "text"],
  ["POST /v1/narratives", { text: "  \n" }, "text"],
  ["POST /v1/narratives", { text: "x".repeat(70_000) }, "text"],
  ["POST /v1/narratives", { text: "x", type: "rumour" }, "type"],
  ["POST /v1/narratives", { text: "x", person_id: " " }, "person_id"],
  ["POST /v1/narratives", { text: "x", metadata: [] }, "metadata"],
  ["POST /v1/narratives", { text: "x", metadata: { x: "y".repeat(20_000) } }, "metadata"],
  ["POST /v1/narratives", { text: "x", id: "mine" }, "id"],
  ["GET /v1/narratives?type=rumour", undefined, "type[0]"],
  ["GET /v1/narratives?limit=0", undefined, "limit"],
  ["GET /v1/narratives?after=nobody", undefined, "after"],
  ["GET /v1/narratives/search", undefined, "query"],
  ["GET /v1/narratives/search?query=", undefined, "query"],
  [`GET /v1/narratives/search?query=${"x".repeat(1_001)}`, undefined, "query"],
])("refuses %s with %j, naming what is wrong", async (route, body, field) => {
  const { send } = await openHouse();
  const answer = await send(route, body);
  expect(answer).toMatchObject({ status: 422, body: { code: "invalid_input", fields: [{ field }] } });
});
