/** The event stream over real sockets. */
import { once } from "node:events";
import net from "node:net";
import { expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { frameOf } from "../../src/http/event-frames.ts";
import type { EventOptions, Runtime, RuntimeEvent } from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { listen, openHouse, readEvents, replaced, WatchedClock } from "./harness.ts";

it("tells of everything that happens, in wire names", async () => {
  const { app, runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const reader = await readEvents(await listen(app));
  expect(reader.headers["content-type"]).toBe("text/event-stream");
  expect(reader.headers["cache-control"]).toBe("no-store");
  const { body } = await send("POST /v1/personas/ada/messages?wait=60", { text: "hi" });

  const message = await reader.until("message");
  expect(message.data).toMatchObject({ type: "message", message: { id: body.message_id, text: "hi" } });
  expect(message.id).toBe(String(message.data.rev));
  const started = await reader.until("turn_started");
  expect(started).not.toHaveProperty("id");
  expect(started.data).toEqual({
    type: "turn_started",
    turn_id: body.reply.turn_id,
    persona: "ada",
    conversation_id: body.conversation_id,
    items: [body.items[0].id],
  });
  expect((await reader.until("token")).data).toMatchObject({ turn_id: body.reply.turn_id, token: "heard: hi" });
  expect((await reader.until("message")).data.message).toMatchObject({
    id: body.reply.id,
    turn_id: body.reply.turn_id,
  });
  expect((await reader.until("turn")).data).toMatchObject({ outcome: "answered", reply_id: body.reply.id });
});

it("resumes after the last event that was seen, by header or by query", async () => {
  const { app, runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const port = await listen(app);
  const reader = await readEvents(port);
  await send("POST /v1/personas/ada/messages", { text: "one" });
  const { id } = await reader.until("message");
  reader.abort();
  await send("POST /v1/personas/ada/messages", { text: "two" });

  const byHeader = await readEvents(port, "?after=0", { "last-event-id": `${id}` });
  expect((await byHeader.until("message")).data.message.text).toBe("two");
  const byQuery = await readEvents(port, `?after=${id}`);
  expect((await byQuery.until("message")).data.message.text).toBe("two");
  const fromTheStart = await readEvents(port, "?after=0");
  expect((await fromTheStart.until("message")).data.message.text).toBe("one");
});

it("says at once where it begins, so that a stream which breaks before its first event can be resumed", async () => {
  const { app, runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const port = await listen(app);
  const broken = await readEvents(port);
  broken.abort();
  await send("POST /v1/personas/ada/messages", { text: "meanwhile" });
  const resumed = await readEvents(port, "", { "last-event-id": `${broken.begin}` });
  expect((await resumed.until("message")).data.message.text).toBe("meanwhile");
});

it("says so when it cannot go back that far", async () => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const reader = await readEvents(await listen(app), "?after=1000000");
  expect((await reader.next())?.data).toMatchObject({ type: "gap", oldest: expect.any(Number) });
});

it("filters by conversation and persona, and still moves the id on", async () => {
  const { app, runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.enroll({ id: "bob", name: "Bob" });
  const port = await listen(app);
  const ofAda = await readEvents(port, "?persona=ada");
  const { body: bob } = await send("POST /v1/personas/bob/messages?wait=60", { text: "hi bob" });
  const ofBobsTalk = await readEvents(port, `?conversation=${bob.conversation_id}&after=0`);
  await send("POST /v1/personas/ada/messages?wait=60", { text: "hi ada" });

  const skipped = await ofAda.next();
  expect(skipped).toEqual({ id: expect.stringMatching(/^\d+$/) });
  expect((await ofAda.until("turn_started")).data.persona).toBe("ada");
  expect((await ofAda.until("message")).data.message.from).toMatchObject({ kind: "persona", id: "ada" });

  expect((await ofBobsTalk.until("message")).data.message.text).toBe("hi bob");
  expect((await ofBobsTalk.until("message")).data.message.text).toBe("heard: hi bob");
  await send("POST /v1/personas/bob/messages?wait=60", { text: "bye bob" });
  expect((await ofBobsTalk.until("message")).data.message.text).toBe("bye bob");
});

it("shows a sign of life while nothing happens", async () => {
  const clock = new WatchedClock();
  const { app } = await openHouse({}, { clock, heartbeatMs: 15_000 });
  const reader = await readEvents(await listen(app));
  clock.advance(15_000);
  expect(await reader.next()).toEqual({ comment: "" });
  clock.advance(15_000);
  expect(await reader.next()).toEqual({ comment: "" });
});

it("moves the id on past what others are told", async () => {
  const clock = new WatchedClock();
  const { app, runtime, send } = await openHouse({}, { clock, heartbeatMs: 15_000 });
  const reader = await readEvents(await listen(app));
  const acme = runtime.tenant("acme");
  await acme.enroll({ id: "eve", name: "Eve" });
  await acme.send("eve", "hello", { from: "user:7" });
  await turns();
  clock.advance(15_000);
  expect(await reader.next()).toEqual({ comment: "", id: `${runtime.rev}` });
  clock.advance(15_000);
  expect(await reader.next()).toEqual({ comment: "" });
  const { body } = await send("POST /v1/rooms", {});
  const room = await reader.next();
  expect(room).toMatchObject({ event: "room", data: { room: { id: body.id } } });
  expect(Number(room?.id)).toBe(runtime.rev);
});

it("lets everything go when the client leaves", async () => {
  const clock = new WatchedClock();
  const { runtime } = await openHouse();
  const ended = Promise.withResolvers<void>();
  const events: Runtime["events"] = (options) => {
    options?.signal?.addEventListener("abort", () => ended.resolve());
    return runtime.events(options);
  };
  const app = await createApp(replaced(runtime, { events }), { clock, logger: false });
  const reader = await readEvents(await listen(app));
  expect(await connections(app)).toBe(1);
  reader.abort();
  await ended.promise;
  await clock.idle();
  await app.close();
  expect(await connections(app)).toBe(0);
});

it("stops pulling while a reader takes nothing, and cuts it off in the end", async () => {
  const { runtime } = await openHouse();
  let pulled = 0;
  const ended = Promise.withResolvers<void>();
  async function* endless(options?: EventOptions): AsyncGenerator<RuntimeEvent> {
    options?.signal?.addEventListener("abort", () => ended.resolve());
    while (!options?.signal?.aborted) {
      pulled += 1;
      yield { type: "token", turn: "t", persona: "ada", conversation: "c", token: "x".repeat(10_000) };
    }
  }
  const events: Runtime["events"] = (options) => Object.assign(endless(options), { rev: 0 });
  const app = await createApp(replaced(runtime, { events }), { logger: false, heartbeatMs: 25 });
  const socket = net.connect(await listen(app), "127.0.0.1");
  socket.pause();
  await once(socket, "connect");
  socket.write("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await ended.promise;
  // What the buffers of both ends hold, and no more: without backpressure this would grow for ever.
  expect(pulled).toBeLessThan(2_000);
  socket.destroy();
  await app.close();
});

it("ends every stream when the server closes", async () => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const port = await listen(app);
  const readers = await Promise.all([readEvents(port), readEvents(port)]);
  await app.close();
  expect(await Promise.all(readers.map((reader) => reader.next()))).toEqual([undefined, undefined]);
  // The runtime is its owner's: it goes on.
  expect((await runtime.send("ada", "hi", { from: "user:1" })).text).toBe("heard: hi");
});

function connections(app: { server: { getConnections(done: (error: Error | null, count: number) => void): void } }) {
  return new Promise<number>((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

it("makes the bytes of an event once, for readers of every scope", async () => {
  const { runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const owner = runtime.tenant("default", { owner: "user:7" });
  const readers = [runtime.events(), runtime.events(), owner.events()];
  await runtime.send("ada", "hi", { from: "user:7" });
  const seen = await Promise.all(
    readers.map(async (events) => {
      const own: RuntimeEvent[] = [];
      for await (const event of events) if (own.push(event) && event.type === "turn") return own;
      return own;
    }),
  );
  expect(seen[0]?.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["message", "turn_started", "token", "turn"]),
  );
  for (const [n, event] of seen[0]?.entries() ?? []) {
    const { whole, data } = frameOf(event);
    expect(JSON.parse(data.toString())).toMatchObject({ type: event.type });
    expect(whole.toString()).toContain(`\ndata: ${data}\n\n`);
    for (const other of seen) expect(frameOf(other[n] as RuntimeEvent).whole).toBe(whole);
  }
});
