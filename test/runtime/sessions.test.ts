import { expect, it } from "vitest";
import { PersonaError } from "../../src/errors.ts";
import { turns } from "../support/event-loop.ts";
import { furnish, openGuided, TOUR } from "./catalogue-house.ts";
import { enroll, eventsOf, gated, openHouse, outcomeOf } from "./harness.ts";

const from = "user:7";

const codeOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof PersonaError ? error.code : error;
};

it("opens a session as it is resolved, several beside the direct one", async () => {
  const { runtime, turns: asked } = await openGuided();
  const first = await runtime.openSession({ persona: "guide", from });
  const second = await runtime.openSession({ persona: "guide", sequence: null, from });
  expect(first).toMatchObject({
    persona: "guide",
    caller: from,
    mode: "text",
    closedAt: undefined,
    resolved: { role_id: "host", sequence_id: "tour", step_id: "hello", step_index: 0, versions: { persona: 1 } },
    progress: { status: "running", step_index: 0, turns: 0 },
  });
  expect(second).toMatchObject({ resolved: { role_id: "host" }, progress: undefined });
  expect(second.resolved).not.toHaveProperty("sequence_id");
  const direct = await runtime.send("guide", "hi", { from });
  expect(new Set([first.id, second.id, direct.conversation]).size).toBe(3);
  expect(await outcomeOf(runtime.send("guide", "hi", { from, conversation: second.id }))).toBe("no step");
  expect(asked.map(({ session }) => session?.system_prompt)).toEqual([
    "You show guests around.\n\n[Current step: hello]\nNow: hello.",
    "You show guests around.",
  ]);
  expect(await runtime.session(direct.conversation)).toMatchObject({ resolved: { step_id: "hello" } });
});

it("says what there is not, and then nobody has joined the fleet", async () => {
  const { runtime } = await openGuided();
  await enroll(runtime, "ada");
  const open = (more: object) => codeOf(runtime.openSession({ persona: "guide", from, ...more }));
  expect(await open({ persona: "nobody" })).toBe("persona_not_found");
  expect(await open({ role: "nobody" })).toBe("role_not_found");
  expect(await open({ sequence: "nothing" })).toBe("sequence_not_found");
  expect(await open({ persona: "ada" })).toBe("persona_inline");
  expect(await open({ mode: "voice" })).toBe("invalid_input");
  expect(runtime.has("guide")).toBe(false);
  expect(await codeOf(runtime.tenant("other").openSession({ persona: "guide", from }))).toBe("persona_not_found");
  const { id } = await runtime.openSession({ persona: "guide", from });
  expect(await codeOf(runtime.tenant("other").session(id))).toBe("session_not_found");
  expect(await codeOf(runtime.tenant("default", { owner: "user:8" }).advanceSession(id, { step: "hello" }))).toBe(
    "session_not_found",
  );
  expect(await codeOf(runtime.tenant("default", { owner: "user:8" }).openSession({ persona: "guide", from }))).toBe(
    "forbidden",
  );
});

it("keeps to its snapshot until it is refreshed, and stays in its step then", async () => {
  const { runtime, turns: asked } = await openGuided();
  const { id } = await runtime.openSession({ persona: "guide", from });
  await runtime.advanceSession(id, { step: "hello" });
  await runtime.catalogue.roles.patch("host", { system_prompt: "You are in a hurry." });
  const steps = [{ id: "new", instruction: "New." }, ...TOUR.steps];
  await runtime.catalogue.sequences.patch("tour", { steps });
  await runtime.send("guide", "hi", { from, conversation: id });
  expect(asked.at(-1)?.session?.system_prompt).toContain("You show guests around.");
  expect(await runtime.session(id)).toMatchObject({ resolved: { step_index: 1, step_count: 3 } });

  const refreshed = await runtime.refreshSession(id);
  expect(refreshed).toMatchObject({
    resolved: { step_id: "walk", step_index: 2, step_count: 4, versions: { role: 2, sequence: 2 } },
    progress: { step_index: 2, turns: 1, turns_in_step: 1 },
  });
  await runtime.send("guide", "hi", { from, conversation: id });
  expect(asked.at(-1)?.session?.system_prompt).toBe("You are in a hurry.\n\n[Current step: walk]\nNow: walk.");

  await runtime.catalogue.sequences.patch("tour", { steps: TOUR.steps.slice(2) });
  expect(await runtime.refreshSession(id)).toMatchObject({
    resolved: { step_id: "bye" },
    progress: { status: "running", step_index: 0, turns: 0 },
  });
});

it("ends with the session, which then takes nothing more", async () => {
  const house = gated();
  const { runtime } = await openHouse({ cognition: house.cognition });
  await furnish(runtime, { ...TOUR, completion: "explicit_close" });
  const events = eventsOf(runtime);
  const { id } = await runtime.openSession({ persona: "guide", from });
  const waiting = runtime.send("guide", "before", { from, conversation: id });
  const { message } = await waiting.accepted;
  const closed = await runtime.closeSession(id);
  expect(closed).toMatchObject({ closedAt: closed.createdAt, progress: { status: "completed" } });
  expect(await runtime.closeSession(id)).toEqual(closed);
  const late = await outcomeOf(runtime.send("guide", "after", { from, conversation: id }));
  expect(late).toMatch(/^session_closed/);
  expect(await codeOf(runtime.advanceSession(id, { step: "hello" }))).toBe("session_closed");
  expect(await codeOf(runtime.refreshSession(id))).toBe("session_closed");
  await turns();
  house.release();
  expect(await outcomeOf(waiting)).toBe("before");
  expect((await runtime.messages(id)).map(({ id: said }) => said)[0]).toBe(message);
  await turns();
  expect(events.filter(({ type }) => type === "sequence_step")).toMatchObject([
    { conversation: id, persona: "guide", sequence: "tour", step: "hello", status: "entered", reason: "begun" },
    { step: "hello", stepIndex: 0, status: "sequence_completed", reason: "closed" },
  ]);
});

it("opens another direct session once the one before is closed", async () => {
  const { runtime } = await openGuided();
  const first = await runtime.send("guide", "hi", { from });
  await runtime.closeSession(first.conversation);
  const second = await runtime.send("guide", "hi", { from });
  expect(second.conversation).not.toBe(first.conversation);
  expect(await runtime.session(second.conversation)).toMatchObject({ progress: { turns: 1 } });
});

it("replays a message of a session that is closed by now", async () => {
  const { runtime } = await openGuided();
  const send = () => runtime.send("guide", "hi", { from, conversation: id, idempotencyKey: "once" });
  const { id } = await runtime.openSession({ persona: "guide", from });
  const first = await send();
  await runtime.closeSession(id);
  expect(await send()).toEqual(first);
});
