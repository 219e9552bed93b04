/** What a session would be made of, asked over HTTP. */
import { expect, it } from "vitest";
import { openCatalogueHouse, PERSONA, ROLE, SEQUENCE } from "./catalogue-house.ts";

async function openWithAll() {
  const house = await openCatalogueHouse({ defaults: { locale: "en", temperature: 0.4 } });
  await house.send("POST /v1/roles", { ...ROLE, thinking_level: "high" });
  await house.send("POST /v1/sequences", {
    ...SEQUENCE,
    steps: [...SEQUENCE.steps, { id: "two", instruction: "Ask.", max_turns: 2 }],
  });
  await house.send("POST /v1/personas", { ...PERSONA, default_role: "aide", default_sequence: "walk", voice: "v1" });
  return house;
}

it("gives persona, role and step together, and who said what", async () => {
  const { send } = await openWithAll();
  const first = await send("POST /v1/sessions/resolve", { persona_id: " ada " });
  expect(first).toMatchObject({
    status: 200,
    body: {
      persona_id: "ada",
      role_id: "aide",
      sequence_id: "walk",
      voice: "v1",
      locale: "en",
      temperature: 0.4,
      thinking_level: "high",
      system_prompt: "Be brief.\n\n[Current step: one]\nGreet.",
      step_index: 0,
      step_count: 2,
      provenance: { locale: "server", temperature: "server", thinking_level: "role", voice: "persona" },
      versions: { persona: 1, role: 1, sequence: 1 },
    },
  });
  const second = await send("POST /v1/sessions/resolve", { persona_id: "ada", step: 1 });
  expect(second.body).toMatchObject({ step_id: "two", step_max_turns: 2 });
  const without = await send("POST /v1/sessions/resolve", { persona_id: "ada", sequence_id: null });
  expect(without.body).toMatchObject({ system_prompt: "Be brief." });
  expect(without.body).not.toHaveProperty("sequence_id");
});

it.each([
  [{ persona_id: "bob" }, 404, "persona_not_found"],
  [{ persona_id: "../ada" }, 404, "persona_not_found"],
  [{ persona_id: "" }, 404, "persona_not_found"],
  [{ persona_id: "ada", role_id: "none" }, 404, "role_not_found"],
  [{ persona_id: "ada", sequence_id: "none" }, 404, "sequence_not_found"],
  [{ persona_id: "ada", step: 2 }, 422, "step_not_found"],
  [{ persona_id: "ada", step: -1 }, 422, "step_not_found"],
  [{ persona_id: "ada", sequence_id: null, step: 1 }, 422, "step_not_found"],
  [{ persona_id: "ada", step: 0.5 }, 422, "invalid_input"],
  [{ persona_id: "ada", step: "0" }, 422, "invalid_input"],
  [{ persona_id: "ada", role: "aide" }, 422, "invalid_input"],
  [{}, 422, "invalid_input"],
])("%j is refused with %s %s", async (body, status, code) => {
  const { send } = await openWithAll();
  expect(await send("POST /v1/sessions/resolve", body)).toMatchObject({ status, body: { code } });
});

it("says which steps there are", async () => {
  const { send } = await openWithAll();
  const { body } = await send("POST /v1/sessions/resolve", { persona_id: "ada", step: 9 });
  expect(body.detail).toMatch(/0.*1/);
});
