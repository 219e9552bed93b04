import { expect, it } from "vitest";
import { furnish, TOUR } from "../runtime/catalogue-house.ts";
import { type House, listen, openHouse, readEvents } from "./harness.ts";

async function openGuided(): Promise<House> {
  const house = await openHouse({ cognition: ({ session }) => session?.step_id ?? "no step" });
  await furnish(house.runtime);
  return house;
}

it("opens a session, leads it through its steps and ends it", async () => {
  const { send } = await openGuided();
  const opened = await send("POST /v1/sessions", { persona_id: "guide" });
  const { id } = opened.body;
  expect(opened).toMatchObject({ status: 201, headers: { location: `/v1/sessions/${id}` } });
  expect(opened.body).toMatchObject({
    persona_id: "guide",
    caller: "user:local",
    mode: "text",
    created_at: expect.any(Number),
    resolved: { role_id: "host", sequence_id: "tour", step_id: "hello", step_count: 3, versions: { sequence: 1 } },
    progress: { status: "running", step_index: 0, turns: 0, turns_in_step: 0, tools: [] },
    not_honoured: [],
  });
  expect((await send(`GET /v1/sessions/${id}`)).body).toEqual(opened.body);
  const heard = await send(`POST /v1/sessions/${id}/messages?wait=30`, { text: "hi" });
  expect(heard).toMatchObject({ status: 200, body: { conversation_id: id, reply: { text: "hello" } } });

  const leave = () => send(`POST /v1/sessions/${id}/advance`, { step: "hello" });
  const walking = { resolved: { step_id: "walk" }, progress: { step_index: 1, turns: 1 } };
  expect(await leave()).toMatchObject({ status: 200, body: walking });
  expect(await leave()).toMatchObject({ status: 200, body: walking });
  const batch = { messages: [{ conversation_id: id, text: "hi" }] };
  expect((await send("POST /v1/messages", batch)).body.results).toMatchObject([{ status: 202 }]);

  const closed = await send(`POST /v1/sessions/${id}/close`);
  expect(closed).toMatchObject({
    status: 200,
    body: { closed_at: expect.any(Number), progress: { status: "completed" } },
  });
  expect(await send(`POST /v1/sessions/${id}/messages`, { text: "hi" })).toMatchObject({
    status: 409,
    body: { code: "session_closed" },
  });
});

it("tells its steps on the event stream, and once more to whoever resumes", async () => {
  const { app, send } = await openGuided();
  const port = await listen(app);
  const reader = await readEvents(port);
  const { id } = (await send("POST /v1/sessions", { persona_id: "guide" })).body;
  const entered = await reader.until("sequence_step");
  expect(entered.data).toEqual({
    type: "sequence_step",
    rev: Number(entered.id),
    conversation_id: id,
    persona: "guide",
    sequence_id: "tour",
    step_id: "hello",
    step_index: 0,
    status: "entered",
    reason: "begun",
  });
  await send(`POST /v1/sessions/${id}/advance`, { step: "hello" });
  const resumed = await readEvents(port, `?after=${entered.id}&conversation=${id}`);
  expect((await resumed.until("sequence_step")).data).toMatchObject({ step_id: "hello", status: "completed" });
  expect((await resumed.until("sequence_step")).data).toMatchObject({ step_id: "walk", status: "entered" });
});

it("takes over what the catalogue says when it is asked to", async () => {
  const { runtime, send } = await openGuided();
  const { id } = (await send("POST /v1/sessions", { persona_id: "guide" })).body;
  await runtime.catalogue.roles.patch("host", { temperature: 0.5, vad_silence_duration_ms: 300 });
  expect((await send(`GET /v1/sessions/${id}`)).body.resolved).not.toHaveProperty("temperature");
  expect((await send(`POST /v1/sessions/${id}/refresh`)).body).toMatchObject({
    resolved: { temperature: 0.5, versions: { role: 2 }, provenance: { temperature: "role" } },
    not_honoured: [{ field: "vad_silence_duration_ms", reason: expect.any(String) }],
  });
});

it.each([
  [{}, 422, "invalid_input", "persona_id"],
  [{ persona_id: 7 }, 422, "invalid_input", "persona_id"],
  [{ persona_id: "guide", mode: "voice" }, 422, "invalid_input", "mode"],
  [{ persona_id: "guide", what: 1 }, 422, "invalid_input", "what"],
  [{ persona_id: "nobody" }, 404, "persona_not_found", undefined],
  [{ persona_id: "guide", role_id: "nobody" }, 404, "role_not_found", undefined],
  [{ persona_id: "guide", sequence_id: "nothing" }, 404, "sequence_not_found", undefined],
  [{ persona_id: "ada" }, 409, "persona_inline", undefined],
])("refuses to open %j", async (body, status, code, field) => {
  const { runtime, send } = await openGuided();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const answer = await send("POST /v1/sessions", body);
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.body.fields?.[0].field).toBe(field);
});

it.each([
  ["advance", { step: "later" }, 422, "step_not_found"],
  ["advance", { step: "bye" }, 409, "step_not_current"],
  ["advance", {}, 422, "invalid_input"],
])("refuses to %s by %j", async (what, body, status, code) => {
  const { send } = await openGuided();
  const { id } = (await send("POST /v1/sessions", { persona_id: "guide" })).body;
  expect(await send(`POST /v1/sessions/${id}/${what}`, body)).toMatchObject({ status, body: { code } });
  expect((await send(`GET /v1/sessions/${id}`)).body.resolved.step_id).toBe("hello");
});

it("refuses a step that is not complete, naming what is missing", async () => {
  const { runtime, send } = await openHouse();
  const steps = TOUR.steps.map((step) => ({ ...step, require_tools: ["look"] }));
  await furnish(runtime, { ...TOUR, steps });
  const { id } = (await send("POST /v1/sessions", { persona_id: "guide" })).body;
  const refused = await send(`POST /v1/sessions/${id}/advance`, { step: "hello" });
  expect(refused).toMatchObject({
    status: 409,
    body: { code: "step_incomplete", detail: expect.stringContaining("look") },
  });
});

it("enrolls a persona of the catalogue by its id alone, and shows where it is from", async () => {
  const { send } = await openGuided();
  const enrolled = await send("PUT /v1/enrollments/guide", { settings: { max_queued: 7 } });
  expect(enrolled).toMatchObject({
    status: 201,
    body: { source: "catalogue", name: "Guide", settings: { max_parallel_turns: 16, max_queued: 7 } },
  });
  expect((await send("GET /v1/enrollments/guide/why")).body).toMatchObject({ source: "catalogue" });
  expect(await send("PUT /v1/enrollments/nobody", {})).toMatchObject({
    status: 422,
    body: { code: "invalid_input", fields: [{ field: "name" }] },
  });
  expect(await send("PUT /v1/enrollments/guide", { model: "a:b" })).toMatchObject({
    status: 422,
    body: { fields: [{ field: "model" }] },
  });
});
