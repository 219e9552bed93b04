/** Why a persona is not answering, over the wire. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { until } from "../support/event-loop.ts";
import { listen, openHouse, sendTo } from "./harness.ts";

it("names the gate, since when and until when, for the persona and for each conversation", async () => {
  const clock = new ManualClock();
  const { app, runtime } = await openHouse({ clock });
  const send = sendTo(await listen(app));
  const cognition = () => {
    throw new Error("kaput");
  };
  await runtime.enroll({ id: "ada", name: "Ada", settings: { breakerFailures: 1 }, cognition });
  expect((await send("GET /v1/enrollments/ada/why")).body).toEqual({
    persona: "ada",
    source: "inline",
    queued: 0,
    in_store: 0,
    in_flight: 0,
    breaker: { state: "closed", failures: 0 },
    sleep: { mode: "active" },
    energy: 1,
    debt: 0,
    conversations: [],
  });

  const { body: failed } = await send("POST /v1/personas/ada/messages", { text: "hi" });
  await until(() => runtime.status("ada").breaker.state === "open");
  const { body: waiting } = await send("POST /v1/personas/ada/messages", { text: "hello?", from: "user:8" });
  await until(() => runtime.status("ada").queued === 2);
  const { status, body } = await send("GET /v1/enrollments/ada/why");
  expect(status).toBe(200);
  const { half_open_at: halfOpenAt } = body.breaker;
  expect(body).toMatchObject({
    held: { gate: "breaker_open", since: clock.now(), until: halfOpenAt },
    queued: 2,
    breaker: { state: "open", half_open_at: expect.any(Number) },
  });
  expect(body.conversations).toHaveLength(2);
  expect(body.conversations).toEqual(
    expect.arrayContaining(
      [failed, waiting].map(({ conversation_id, items: [item] }) =>
        expect.objectContaining({ conversation_id, item_id: item.id, queued: 1, held: expect.any(Object) }),
      ),
    ),
  );
  expect((await send("GET /v1/enrollments/ada")).body).toMatchObject({
    held: "breaker_open",
    held_since: clock.now(),
    held_until: halfOpenAt,
    breaker: body.breaker,
  });
});

it("shows what waits in the database only", async () => {
  const { runtime, send } = await openHouse({ store: join(temporaryFolder(), "cast.db") });
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true, windows: { chat: 1 } } });
  for (const text of ["one", "two", "three"]) await send("POST /v1/personas/ada/messages", { text });
  await until(() => runtime.status("ada").queued === 3);
  for (const shown of ["status", "enrollments/ada", "enrollments/ada/why"]) {
    expect.soft((await send(`GET /v1/${shown}`)).body, shown).toMatchObject({ queued: 3, in_store: 2 });
  }
  await send("PATCH /v1/enrollments/ada", { settings: { paused: false } });
  await until(() => runtime.status().queued + runtime.status().inFlight === 0);
  expect((await send("GET /v1/status")).body).toMatchObject({ answered: 3, in_store: 0 });
});
