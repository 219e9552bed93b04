/** Items that were given up: listed, given to their persona again, let go. */
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { until } from "../support/event-loop.ts";
import { listen, openHouse, readEvents, sendTo } from "./harness.ts";

/** Ada and Bob are paused, and let everything expire. */
async function openWard() {
  const clock = new ManualClock();
  const { app, runtime } = await openHouse({ clock });
  for (const id of ["ada", "bob"]) await runtime.enroll({ id, name: id, settings: { paused: true } });
  const port = await listen(app);
  const send = sendTo(port);
  const lose = async (persona: string, text: string): Promise<string> => {
    const { dead } = runtime.status();
    const { body } = await send(`POST /v1/personas/${persona}/messages`, { text, expires_in_ms: 1_000 });
    await until(() => runtime.status(persona).queued > 0);
    clock.advance(1_000);
    await until(() => runtime.status().dead > dead);
    return body.items[0].id;
  };
  return { clock, runtime, port, send, lose };
}

const RESUME = { settings: { paused: false } };

it("gives a dead letter to its persona again, as a new item", async () => {
  const { clock, runtime, send, lose } = await openWard();
  const sentAt = clock.now();
  const dead = await lose("ada", "hi");
  const { body: item } = await send(`GET /v1/items/${dead}`);
  const { status, body: page } = await send("GET /v1/dead-letters");
  expect(status).toBe(200);
  expect(page).toEqual({
    dead_letters: [
      {
        item_id: dead,
        message_id: item.message_id,
        conversation_id: item.conversation_id,
        persona: "ada",
        lane: "chat",
        reason: "expired",
        attempt: 0,
        enqueued_at: sentAt,
        died_at: clock.now(),
      },
    ],
    more: false,
  });

  const replayed = await send(`POST /v1/dead-letters/${dead}/replay`);
  expect(replayed).toMatchObject({
    status: 202,
    body: { message_id: item.message_id, persona: "ada", state: "waiting", attempt: 0, replay_of: dead },
  });
  expect(replayed.headers["location"]).toBe(`/v1/items/${replayed.body.id}`);
  expect(replayed.body.id).not.toBe(dead);
  await send("PATCH /v1/enrollments/ada", RESUME);
  await until(() => runtime.status().answered === 1);
  expect((await send(`GET ${replayed.headers["location"]}`)).body).toMatchObject({ state: "answered", attempt: 1 });
  // The outcome that was recorded stays what it was.
  expect((await send(`GET /v1/items/${dead}`)).body).toMatchObject({ state: "dead", reason: "expired" });
  expect((await send("GET /v1/dead-letters")).body).toEqual({ dead_letters: [], more: false });
});

it("lets a dead letter go, once, and says so on the event stream", async () => {
  const { port, runtime, send, lose } = await openWard();
  const dead = await lose("ada", "hi");
  const reader = await readEvents(port, `?after=${runtime.rev}`);
  expect(await send(`DELETE /v1/dead-letters/${dead}`)).toMatchObject({ status: 204, body: undefined });
  expect((await reader.until("item")).data).toMatchObject({ discarded: true, item: { id: dead, state: "dead" } });
  expect((await send("GET /v1/dead-letters")).body.dead_letters).toEqual([]);
  for (const route of [`DELETE /v1/dead-letters/${dead}`, `POST /v1/dead-letters/${dead}/replay`]) {
    expect(await send(route)).toMatchObject({ status: 404, body: { code: "dead_letter_not_found" } });
  }
  expect((await send(`GET /v1/items/${dead}`)).body).toMatchObject({ state: "dead" });
});

it("lists dead letters page by page, and those of one persona, also of one that is gone", async () => {
  const { send, lose } = await openWard();
  const dead: string[] = [];
  for (const persona of ["ada", "bob", "ada", "bob", "ada"]) dead.push(await lose(persona, "hi"));
  const list = async (query: string) => {
    const { body } = await send(`GET /v1/dead-letters${query}`);
    return [body.dead_letters.map((letter: { item_id: string }) => dead.indexOf(letter.item_id)).join(""), body.more];
  };
  expect(await list("")).toEqual(["01234", false]);
  expect(await list("?limit=5")).toEqual(["01234", false]);
  expect(await list("?limit=2")).toEqual(["01", true]);
  expect(await list(`?limit=2&after=${dead[1]}`)).toEqual(["23", true]);
  expect(await list(`?limit=2&after=${dead[3]}`)).toEqual(["4", false]);
  expect(await list("?persona=bob")).toEqual(["13", false]);
  expect(await list(`?persona=ada&limit=1&after=${dead[0]}`)).toEqual(["2", true]);
  // The place in the list stays, when what marks it is gone.
  await send(`DELETE /v1/dead-letters/${dead[1]}`);
  expect(await list(`?limit=2&after=${dead[1]}`)).toEqual(["23", true]);
  await send("DELETE /v1/enrollments/bob?mode=return");
  expect(await list("?persona=bob")).toEqual(["3", false]);
  expect(await send(`POST /v1/dead-letters/${dead[3]}/replay`)).toMatchObject({
    status: 404,
    body: { code: "persona_not_found" },
  });
});

it("keeps a dead letter that its persona has no room for", async () => {
  const { send, lose } = await openWard();
  const dead = await lose("ada", "hi");
  await send("PATCH /v1/enrollments/ada", { settings: { max_queued: 1 } });
  await send("POST /v1/personas/ada/messages", { text: "first" });
  const refused = await send(`POST /v1/dead-letters/${dead}/replay`);
  expect(refused).toMatchObject({ status: 429, body: { code: "inbox_full" } });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect((await send("GET /v1/dead-letters")).body.dead_letters).toMatchObject([{ item_id: dead }]);
});
