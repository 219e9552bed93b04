import { expect, it } from "vitest";
import type { Cognition } from "../../src/types.ts";
import { openHouse } from "./harness.ts";

const prices = { "acme:large": { inputUsdPerMTok: 1, outputUsdPerMTok: 2 } };

const cognition: Cognition = async (turn) => {
  const reservation = await turn.reserve({ model: "acme:large", inputTokens: 60, maxOutputTokens: 40 });
  reservation.settle({ inputTokens: 60, outputTokens: 10 });
  return "yes";
};

it("reports who spent what", async () => {
  const { runtime, send } = await openHouse({ cognition, prices });
  for (const id of ["ada", "max"]) await runtime.enroll({ id, name: id });
  await runtime.send("ada", "?", { from: "user:7" });
  await runtime.send("ada", "?", { from: "user:8" });
  await runtime.send("max", "?", { from: "user:7" });
  const each = { input_tokens: 60, output_tokens: 10, unconfirmed: 0, unpriced: 0 };
  expect((await send("GET /v1/spending")).body).toEqual({
    spending: [
      { of: "ada", calls: 2, ...each, input_tokens: 120, output_tokens: 20, usd: 0.00016 },
      { of: "max", calls: 1, ...each, usd: 0.00008 },
    ],
    more: false,
  });
  const owners = await send("GET /v1/spending?by=owner&limit=1");
  expect(owners.body).toMatchObject({ spending: [{ of: "user:7", calls: 2 }], more: true });
  expect((await send("GET /v1/spending?by=model")).body.spending).toMatchObject([{ of: "acme:large", usd: 0.00024 }]);
  const [fleet] = (await send("GET /v1/spending?by=fleet")).body.spending;
  expect(fleet).toMatchObject({ calls: 3, usd: 0.00024 });
  expect(fleet).not.toHaveProperty("of");
  expect((await send("GET /v1/spending?by=fleet&to=5")).body).toEqual({ spending: [], more: false });
});

it("says which part of the question is wrong", async () => {
  const { send } = await openHouse();
  const { status, body } = await send("GET /v1/spending?by=team&from=-1&limit=0&owner=user:7");
  expect(status).toBe(422);
  expect(body.fields.map(({ field }: { field: string }) => field).sort()).toEqual(["by", "from", "limit", "owner"]);
});

it("lets a budget be given, seen, changed and taken away", async () => {
  const { send } = await openHouse();
  const given = await send("PUT /v1/enrollments/ada", { name: "Ada", settings: { budget: { usd: 5 } } });
  expect(given.body.settings.budget).toEqual({ usd: 5, window_ms: 86_400_000, on_exhausted: "decline" });
  const changed = await send("PATCH /v1/enrollments/ada", {
    settings: { budget: { tokens: 9, window_ms: 5_000, on_exhausted: "hold" } },
  });
  expect(changed.body.settings.budget).toEqual({ tokens: 9, window_ms: 5_000, on_exhausted: "hold" });
  expect((await send("PATCH /v1/enrollments/ada", { settings: {} })).body.settings.budget).toMatchObject({ tokens: 9 });
  expect((await send("PATCH /v1/enrollments/ada", { settings: { budget: null } })).body.settings.budget).toBeNull();
  const wrong = await send("PATCH /v1/enrollments/ada", { settings: { budget: { window_ms: 1 } } });
  expect(wrong).toMatchObject({ status: 422, body: { code: "invalid_input" } });
});

it("answers 422 for a model without a price under a budget in dollars", async () => {
  const { send } = await openHouse({ budgets: { fleet: { usd: 5 } } });
  const { status, body } = await send("PUT /v1/enrollments/ada", { name: "Ada", model: "acme:unheard" });
  expect({ status, code: body.code }).toEqual({ status: 422, code: "price_unknown" });
});
