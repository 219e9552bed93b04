/** WebSockets over real connections, with the client that most programs use. */
import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import WebSocket from "ws";
import { ManualClock } from "../../src/clock.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { turns, until } from "../support/event-loop.ts";
import { listen, openHouse, WatchedClock } from "./harness.ts";

interface Client {
  readonly socket: WebSocket;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
  next(): Promise<any>;
  /** The next frame of one type; those before it are passed over. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
  until(type: string): Promise<any>;
  send(frame: object): void;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

function open(port: number, query = "", protocols: string[] = []): Promise<Client> {
  return openAt(`ws://127.0.0.1:${port}/v1/socket${query}`, protocols);
}

async function openAt(url: string, protocols: string[] = []): Promise<Client> {
  const socket = new WebSocket(url, protocols, { headers: { host: "localhost" } });
  onTestFinished(() => socket.terminate());
  const frames: unknown[] = [];
  let wake = () => {};
  socket.on("message", (data) => {
    frames.push(JSON.parse(String(data)));
    wake();
  });
  const closed = once(socket, "close").then(([code, reason]) => ({ code, reason: String(reason) }));
  closed.then(() => wake());
  await once(socket, "open");
  const next: Client["next"] = async () => {
    while (frames.length === 0) {
      if (socket.readyState === WebSocket.CLOSED) throw new Error("The socket is closed");
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return frames.shift();
  };
  return {
    socket,
    next,
    async until(type) {
      for (;;) {
        const frame = await next();
        if (frame.type === type) return frame;
      }
    },
    send: (frame) => socket.send(JSON.stringify(frame)),
    closed,
  };
}

it("takes messages and tells what becomes of them", async () => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const { rev } = runtime;
  const client = await open(await listen(app));
  expect(await client.next()).toEqual({ type: "rev", rev });
  client.send({ type: "send", persona: "ada", text: "hi", from: "user:7", ref: "first" });
  const { accepted, ref } = await client.until("accepted");
  expect(ref).toBe("first");
  expect(accepted).toMatchObject({ items: [{ persona: "ada" }], replayed: false });
  const token = await client.until("token");
  expect(token).toMatchObject({ persona: "ada", token: "heard: hi" });
  expect(await client.until("turn")).toMatchObject({ outcome: "answered", turn_id: token.turn_id });
  client.send({ type: "send", conversation_id: accepted.conversation_id, text: "again", from: "user:7" });
  expect(await client.until("accepted")).not.toHaveProperty("ref");
  expect((await client.until("turn")).conversation_id).toBe(accepted.conversation_id);
});

it("takes what is said in a room, and the same key once", async () => {
  const { app, runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const { body: room } = await send("POST /v1/rooms", { members: ["ada"] });
  const client = await open(await listen(app));
  const frame = { type: "send", conversation_id: room.id, text: "hi all", idempotency_key: "k-1" };
  client.send(frame);
  const first = await client.until("accepted");
  client.send(frame);
  const second = await client.until("accepted");
  expect(second.accepted).toMatchObject({ message_id: first.accepted.message_id, replayed: true });
  client.send({ ...frame, text: "something else", ref: "x" });
  expect(await client.until("problem")).toMatchObject({ ref: "x", problem: { code: "idempotency_conflict" } });
  client.send({ ...frame, idempotency_key: "k-2", reply_to: first.accepted.message_id });
  expect((await client.until("accepted")).accepted.conversation_id).toBe(room.id);
});

it("takes what comes over one socket in its order", async () => {
  const { app, runtime, send } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const { body: session } = await send("POST /v1/personas/ada/messages", { text: "hello" });
  const client = await open(await listen(app));
  client.send({ type: "send", conversation_id: session.conversation_id, text: "first" });
  client.send({ type: "send", persona: "ada", text: "second" });
  await client.until("accepted");
  await client.until("accepted");
  const said = await runtime.messages(session.conversation_id);
  expect(said.map(({ text }) => text)).toEqual(["hello", "first", "second"]);
});

it("answers a wrong frame with a problem that names its fields, and goes on", async () => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const client = await open(await listen(app));
  const problemAfter = async (data: string | Buffer) => {
    client.socket.send(data);
    return client.until("problem");
  };
  const codes = async (frame: object) => (await problemAfter(JSON.stringify(frame))).problem;
  expect((await problemAfter("{")).problem).toMatchObject({ code: "unparsable_body", status: 400 });
  expect((await problemAfter("")).problem.code).toBe("unparsable_body");
  expect((await problemAfter(Buffer.from("{}"))).problem.code).toBe("unparsable_body");
  expect((await problemAfter('{"type":"send","persona":"ada","text":"x","__proto__":{"a":1}}')).problem.code).toBe(
    "unparsable_body",
  );
  expect((await problemAfter('{"type":"send","persona":"ada","text":"x","text":"y"}')).problem).toMatchObject({
    code: "unparsable_body",
    detail: expect.stringContaining('"text" stands twice'),
  });
  expect((await problemAfter("null")).problem.code).toBe("invalid_input");
  expect(await codes({ type: "shout" })).toMatchObject({ code: "invalid_input" });
  expect(await codes({ type: "send", persona: "ada", text: " ", lane: "fast", colour: "red" })).toMatchObject({
    fields: [{ field: "text" }, { field: "lane" }, { field: expect.stringContaining("colour") }],
  });
  expect(await codes({ type: "send", text: "hi" })).toMatchObject({ fields: [{ field: "persona" }] });
  expect(await codes({ type: "send", text: "hi", persona: "ada", conversation_id: "x" })).toMatchObject({
    fields: [{ field: "conversation_id" }],
  });
  expect(await codes({ type: "send", text: "hi", persona: "nobody" })).toMatchObject({ code: "persona_not_found" });
  expect(await codes({ type: "send", text: "hi", conversation_id: "nowhere" })).toMatchObject({
    code: "room_not_found",
    detail: 'No room and no session has the id "nowhere"',
  });
  expect(await problemAfter('{"type":"send","ref":"r","text":7,"persona":"ada"}')).toMatchObject({ ref: "r" });
  expect(runtime.status().accepted).toBe(0);
  client.send({ type: "send", persona: "ada", text: "hi" });
  await client.until("accepted");
});

it("filters as the event stream does, and resumes after a rev", async () => {
  const clock = new WatchedClock();
  const { app, runtime } = await openHouse({}, { clock, heartbeatMs: 15_000 });
  for (const id of ["ada", "bob"]) await runtime.enroll({ id, name: id, settings: { paused: true } });
  const { rev } = runtime;
  const port = await listen(app);
  await runtime.send("bob", "hi bob", { from: "user:1" }).accepted;
  await runtime.send("ada", "hi ada", { from: "user:1" }).accepted;
  const { conversation } = await runtime.send("ada", "hi again", { from: "user:2" }).accepted;

  const resumed = await open(port, `?after=${rev}`);
  expect((await resumed.until("message")).message.text).toBe("hi bob");
  expect((await resumed.until("message")).message.text).toBe("hi ada");
  const filtered = await open(port, `?after=${rev}&conversation=${conversation}`);
  expect(await filtered.next()).toEqual({ type: "rev", rev });
  const last = await filtered.next();
  expect(last).toMatchObject({ type: "message", message: { text: "hi again" } });
  // What it is not told of, it only hears that it has passed.
  await runtime.send("bob", "hi bob", { from: "user:3" }).accepted;
  await turns();
  clock.advance(15_000);
  expect(await filtered.next()).toEqual({ type: "rev", rev: runtime.rev });
  const future = await open(port, "?after=1000000");
  await future.next();
  expect(await future.next()).toMatchObject({ type: "gap" });
});

it("answers a request that is no upgrade as HTTP", async () => {
  const { app, send } = await openHouse();
  const { status, headers, body } = await send("GET /v1/socket");
  expect(status).toBe(426);
  expect(headers["upgrade"]).toBe("websocket");
  expect(body).toMatchObject({ code: "upgrade_required" });
  expect((await send("HEAD /v1/socket")).status).toBe(405);
  const port = await listen(app);
  const refused = async (path: string, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, http.IncomingMessage];
    return { status: response.statusCode, problem: JSON.parse(String(await response.toArray().then(Buffer.concat))) };
  };
  expect(await refused("/v1/socket?after=x")).toMatchObject({
    status: 422,
    problem: { fields: [{ field: "after" }] },
  });
  expect(await refused("/v1/socket", { origin: "https://evil.example" })).toMatchObject({
    status: 403,
    problem: { code: "foreign_origin" },
  });
  expect(await refused("/v1/socket", { host: "evil.example" })).toMatchObject({ problem: { code: "foreign_host" } });
  // Elsewhere an offer to upgrade is not taken, and nothing else changes.
  expect(await refused("/v1/status")).toMatchObject({ status: 200, problem: { personas: 0 } });
  expect(await refused("/v1/nothing")).toMatchObject({ status: 404 });
});

it("reads the body of a request that offers HTTP/2, as many clients do", async () => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const socket = net.connect(await listen(app), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const body = JSON.stringify({ text: "hi" });
  socket.write(
    "POST /v1/personas/ada/messages HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\n" +
      `Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const answer = String(Buffer.concat(await socket.toArray()));
  expect(answer).toMatch(/^HTTP\/1\.1 202 Accepted/);
});

it("chooses the subprotocol that is not the token", async () => {
  const { app } = await openHouse();
  const port = await listen(app);
  expect((await open(port, "", ["persona-runtime", "bearer.secret"])).socket.protocol).toBe("persona-runtime");
  expect((await open(port)).socket.protocol).toBe("");
});

it("lets in whom the offered token names, shows them what is theirs, and ends with the token", async () => {
  const clock = new WatchedClock();
  const { app, runtime } = await openHouse({ clock }, { clock, heartbeatMs: 600_000, auth: { mode: "required" } });
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const expiresAt = clock.now() + 60_000;
  const key = { tenant: "default", role: "user", name: "phone" } as const;
  const { secret } = await runtime.keys.create({ ...key, user: "7", expiresAt });
  const { secret: others } = await runtime.keys.create({ ...key, user: "8" });
  const port = await listen(app);
  const nobody = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, ["persona-runtime"]);
  const [, refused] = (await once(nobody, "unexpected-response")) as [unknown, http.IncomingMessage];
  expect(refused.statusCode).toBe(401);

  const mine = await open(port, "", ["persona-runtime", `bearer.${secret}`]);
  expect(mine.socket.protocol).toBe("persona-runtime");
  const other = await open(port, "", ["persona-runtime", `bearer.${others}`]);
  other.send({ type: "send", persona: "ada", text: "not for 7" });
  const { accepted } = await other.until("accepted");
  mine.send({ type: "send", conversation_id: accepted.conversation_id, text: "may I?" });
  expect(await mine.until("problem")).toMatchObject({ problem: { code: "room_not_found" } });
  mine.send({ type: "send", persona: "ada", text: "mine" });
  expect(await mine.until("message")).toMatchObject({ message: { from: { id: "user:7" }, text: "mine" } });
  clock.advance(60_000);
  expect(await mine.closed).toMatchObject({ code: 4401 });
  expect(other.socket.readyState).toBe(WebSocket.OPEN);
});

it("ends when its key is revoked, and takes nothing that comes after that", async () => {
  const { app, runtime } = await openHouse({}, { auth: { mode: "required" } });
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const { secret, id } = await runtime.keys.create({ user: "7", name: "phone" });
  const { secret: others } = await runtime.keys.create({ user: "7", name: "desk" });
  const port = await listen(app);
  const lost = await open(port, "", ["persona-runtime", `bearer.${secret}`]);
  const other = await open(port, "", ["persona-runtime", `bearer.${others}`]);
  other.send({ type: "send", persona: "ada", text: "in time" });
  const { accepted } = await other.until("accepted");
  await runtime.keys.revoke(id);
  // The close is on its way, and has not been read.
  expect(lost.socket.readyState).toBe(WebSocket.OPEN);
  lost.send({ type: "send", persona: "ada", text: "too late" });
  expect(await lost.closed).toMatchObject({ code: 4401 });
  other.send({ type: "send", persona: "ada", text: "still" });
  await other.until("accepted");
  const texts = (await runtime.messages(accepted.conversation_id)).map(({ text }) => text);
  expect(texts).toEqual(["in time", "still"]);
});

it("counts each frame against what its caller may do in a minute", async () => {
  const clock = new ManualClock();
  const limits = { tiers: { free: { requestsPerMinute: 3 } } };
  const { app, runtime } = await openHouse({ clock }, { clock, auth: { mode: "required" }, limits });
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const { secret } = await runtime.keys.create({ user: "7", name: "phone" });
  const client = await open(await listen(app), "", ["persona-runtime", `bearer.${secret}`]);
  for (const ref of ["1", "2", "3"]) client.send({ type: "send", persona: "ada", text: "hi", ref });
  // The request that opened the socket was the first, and a refusal waits for nothing.
  expect(await client.until("problem")).toMatchObject({ ref: "3", problem: { code: "rate_limited" } });
  expect(await client.until("accepted")).toMatchObject({ ref: "1" });
  expect(await client.until("accepted")).toMatchObject({ ref: "2" });
});

it("lets a caller have so many streams and sockets at once, and another one when one of them has ended", async () => {
  const limits = { tiers: { free: { requestsPerMinute: 1_000_000, streams: 2 } } };
  const { app, runtime } = await openHouse({}, { auth: { mode: "required" }, limits });
  const port = await listen(app);
  const { secret } = await runtime.keys.create({ user: "7", name: "phone" });
  const { secret: others } = await runtime.keys.create({ user: "8", name: "phone" });
  const stream = async (key = secret) => {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const headers = { authorization: `Bearer ${key}` };
    const { status, body } = await fetch(`http://127.0.0.1:${port}/v1/events`, { headers, signal: stop.signal });
    return { status, body, stop: () => stop.abort() };
  };
  const socket = await open(port, "", ["persona-runtime", `bearer.${secret}`]);
  const events = await stream();
  expect(events.status).toBe(200);
  const refused = await stream();
  expect(refused.status).toBe(429);
  expect(await new Response(refused.body).json()).toMatchObject({ code: "too_many_streams" });
  const third = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, ["persona-runtime", `bearer.${secret}`]);
  const [, { statusCode }] = await once(third, "unexpected-response");
  expect(statusCode).toBe(429);
  expect((await stream(others)).status).toBe(200);

  socket.socket.close();
  await socket.closed;
  await expect.poll(async () => (await stream()).status, { timeout: 30_000 }).toBe(200);
  expect((await stream()).status).toBe(429);
  events.stop();
  await expect.poll(async () => (await stream()).status, { timeout: 30_000 }).toBe(200);
});

it("closes a socket whose frame is too big, and one that is not UTF-8", async () => {
  const { app } = await openHouse();
  const port = await listen(app);
  const big = await open(port);
  big.socket.send("x".repeat(262_145));
  expect(await big.closed).toMatchObject({ code: 1009 });
  const { app: smaller } = await openHouse({}, { limits: { bodyBytes: 1_024 } });
  const small = await open(await listen(smaller));
  small.socket.send("x".repeat(1_025));
  expect(await small.closed).toMatchObject({ code: 1009 });
  const broken = await open(port);
  broken.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
  expect(await broken.closed).toMatchObject({ code: 1007 });
});

it("answers what it has taken before it closes with 1001, and takes nothing more", async () => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const client = await open(await listen(app));
  await client.next();
  client.send({ type: "send", persona: "ada", text: "hi", ref: "last" });
  await until(() => runtime.status().accepted === 1);
  const closing = app.close();
  client.send({ type: "send", persona: "ada", text: "too late" });
  expect(await client.closed).toEqual({ code: 1001, reason: "the server closes" });
  await closing;
  expect(runtime.status().accepted).toBe(1);
  expect(await client.until("accepted")).toMatchObject({ ref: "last" });
});

it("does not wait for a client that does not answer a close", async () => {
  const clock = new WatchedClock();
  const { app } = await openHouse({}, { clock });
  const client = await open(await listen(app));
  client.socket.pause();
  const lastWords = clock.alarm(1_000);
  const closing = app.close();
  await lastWords;
  clock.advance(1_000);
  await closing;
});

it("closes the sockets when the runtime ends before the server", async () => {
  const { app, runtime } = await openHouse();
  const client = await open(await listen(app));
  await client.next();
  await runtime.close();
  expect(await client.closed).toMatchObject({ code: 1001 });
});

it("ends a socket that answers no heartbeat, and no other", async () => {
  const clock = new WatchedClock();
  const { app, runtime } = await openHouse({}, { clock, heartbeatMs: 15_000 });
  const port = await listen(app);
  const deaf = await open(port);
  const heard = await open(port);
  await turns();
  deaf.socket.pause();
  const beaten = once(heard.socket, "ping");
  clock.advance(15_000);
  await beaten;
  await until(() => runtime.fleet().readers === 2);
  // The pong of the other is on its way: a message behind it shows that it has arrived.
  heard.send({ type: "nothing" });
  await heard.until("problem");
  clock.advance(15_000);
  await until(() => runtime.fleet().readers === 1);
  deaf.socket.resume();
  expect(await deaf.closed).toEqual({ code: 4408, reason: "two heartbeats were not answered" });
  expect(heard.socket.readyState).toBe(WebSocket.OPEN);
});

it("drops the tokens of five hundred readers that take nothing, tells those that wake, and ends the others", async () => {
  const clock = new WatchedClock();
  const tokens = 400;
  let heard = 0;
  const { app, runtime } = await openHouse(
    {
      cognition: async function* () {
        for (let n = 0; n < tokens; n += 1) {
          yield "x".repeat(2_000);
          // As a model would, it leaves a reader that reads the time for it.
          await until(() => heard > n - 20);
        }
      },
    },
    { clock, heartbeatMs: 15_000 },
  );
  await runtime.enroll({ id: "ada", name: "Ada" });
  // The kernel keeps up to 4 MB for a TCP connection that nobody reads, and 0.1 MB for one like this.
  const path = join(tempFolder(), "socket");
  await app.listen({ path });
  const slow = await Promise.all(Array.from({ length: 500 }, () => openAt(`ws+unix://${path}:/v1/socket`)));
  for (const { socket } of slow) socket.pause();
  const quick = await openAt(`ws+unix://${path}:/v1/socket`);
  quick.socket.on("message", (data) => {
    if (String(data).includes('"token"')) heard += 1;
  });
  const before = process.memoryUsage();
  const answer = runtime.send("ada", "talk", { from: "user:1" });
  await answer;
  await until(() => heard === tokens);
  const { external, heapUsed } = process.memoryUsage();
  // 500 times 0.8 MB is what would be kept for them without a bound.
  expect(external + heapUsed - before.external - before.heapUsed).toBeLessThan(200e6);

  const [woken] = slow as [Client, ...Client[]];
  woken.socket.resume();
  expect((await woken.until("lagged")).missed).toBeGreaterThan(10);
  expect(runtime.fleet().readers).toBe(501);
  clock.advance(15_000);
  for (const one of [woken, quick]) {
    one.send({ type: "nothing" });
    await one.until("problem");
  }
  clock.advance(15_000);
  await until(() => runtime.fleet().readers === 2);
  expect(quick.socket.readyState).toBe(WebSocket.OPEN);
});

it("reads no faster than it answers", async () => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada", settings: { paused: true } });
  const client = await open(await listen(app));
  for (let n = 0; n < 2_000; n += 1) client.send({ type: "send", persona: "ada", text: `message ${n}`, ref: `${n}` });
  const order: number[] = [];
  while (order.length < 2_000) order.push(Number((await client.until("accepted")).ref));
  expect(order).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
  expect(runtime.status().accepted).toBe(2_000);
});
