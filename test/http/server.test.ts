/** The server on real sockets: where it binds, what slow and broken clients get, how it ends. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { type ServeOptions, type Server, serve } from "../../src/server.ts";
import type { Cognition, Runtime } from "../../src/types.ts";
import { UNHURRIED_LIMITS } from "../support/command-line.ts";
import { echo, WatchedClock } from "./harness.ts";

async function open(
  options: Partial<ServeOptions> = {},
  cognition: Cognition = echo,
): Promise<Server & { runtime: Runtime }> {
  const runtime = await createRuntime({ store: "memory", cognition });
  const server = await serve({ runtime, port: 0, logger: false, limits: UNHURRIED_LIMITS, ...options });
  onTestFinished(async () => {
    await server.close();
    await runtime.close({ graceMs: 0 });
  });
  return { ...server, runtime };
}

/** Sends bytes as they are, and gives back all that comes until the server hangs up. */
async function raw(url: string, bytes: string): Promise<string> {
  const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
  socket.setEncoding("utf8").on("error", () => {});
  socket.write(bytes);
  let answer = "";
  socket.on("data", (text) => {
    answer += text;
  });
  await once(socket, "close");
  return answer;
}

const post = (url: string, body: unknown) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was answered
const bodyOf = async (response: Promise<Response>): Promise<any> => (await response).json();

it.each(["127.0.0.1", "127.0.0.2", "localhost"])("serves on %s", async (host) => {
  const { url } = await open({ host });
  expect(url).toMatch(/^http:\/\/(127\.0\.0\.\d|\[::1\]):\d+$/);
  expect(await bodyOf(fetch(`${url}/livez`))).toEqual({ alive: true });
});

it.each(["0.0.0.0", "::", "10.0.0.1", "example.org", "", "127.1", "127.0.0.1.example.org"])(
  "does not bind %j",
  async (host) => {
    await expect(open({ host })).rejects.toMatchObject({ code: "bind_refused" });
  },
);

it.each(["0.0.0.0", "127.0.0.1", "localhost"])("binds %s, and lets nobody in, when it asks who calls", async (host) => {
  const { url, runtime } = await open({ host, auth: { mode: "required" } });
  const port = new URL(url).port;
  const { secret } = await runtime.keys.create({ user: "ada", name: "a test's" });
  const status = async (headers = {}) => (await fetch(`http://127.0.0.1:${port}/v1/status`, { headers })).status;
  expect(await status()).toBe(401);
  expect(await status({ authorization: `Bearer ${secret}` })).toBe(200);
});

it("says that a name has no address", async () => {
  const failed = open({ host: "nowhere.invalid", auth: { mode: "required" } });
  await expect(failed).rejects.toMatchObject({ code: "bind_refused", message: expect.stringContaining("nowhere") });
});

it("cuts off connections beyond the most", async () => {
  const { url } = await open({ maxConnections: 1 });
  const port = Number(new URL(url).port);
  const first = net.connect(port, "127.0.0.1");
  await once(first, "connect");
  const second = net.connect(port, "127.0.0.1").on("error", () => {});
  second.resume();
  await once(second, "close");
  first.write("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
  expect(String((await once(first, "data"))[0])).toMatch(/^HTTP\/1\.1 200 /);
  first.destroy();
});

it.each([-1, 65_536, 1.5, Number.NaN])("does not take %d for a port", async (port) => {
  await expect(open({ port })).rejects.toMatchObject({ code: "invalid_input", fields: [{ field: "port" }] });
});

it("says that a port is in use, and leaves the runtime alone", async () => {
  const { url, runtime } = await open();
  const port = Number(new URL(url).port);
  await expect(serve({ runtime, port, logger: false })).rejects.toMatchObject({
    code: "port_in_use",
    message: expect.stringContaining(`${port}`),
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  expect((await fetch(`${url}/v1/enrollments/ada`)).status).toBe(200);
});

it("keeps what it accepted in a file, over a restart of everything", async () => {
  const folder = await mkdtemp(join(tmpdir(), "persona-http-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const store = join(folder, "fleet.db");
  const first = await createRuntime({ store, cognition: echo });
  const before = await serve({ runtime: first, port: 0, logger: false, limits: UNHURRIED_LIMITS });
  await first.enroll({ id: "ada", name: "Ada" });
  const answer = await bodyOf(post(`${before.url}/v1/personas/ada/messages?wait=60`, { text: "hi" }));
  await before.close();
  await first.close();

  const second = await createRuntime({ store, cognition: echo });
  const after = await serve({ runtime: second, port: 0, logger: false, limits: UNHURRIED_LIMITS });
  onTestFinished(async () => {
    await after.close();
    await second.close({ graceMs: 0 });
  });
  const { messages } = await bodyOf(fetch(`${after.url}/v1/sessions/${answer.conversation_id}/messages`));
  expect(messages.map((message: { text: string }) => message.text)).toEqual(["hi", "heard: hi"]);
  expect(await bodyOf(fetch(`${after.url}/v1/explanations/${answer.reply.id}`))).toMatchObject({
    turn_id: answer.reply.turn_id,
    outcome: "answered",
  });
});

it.each([
  ["no HTTP at all", "hello\r\n\r\n", 400, "malformed_request"],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    400,
    "malformed_request",
  ],
  ["huge headers", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431, "headers_too_large"],
])("answers %s with a problem, and hangs up", async (_name, bytes, status, code) => {
  const { url } = await open();
  const answer = await raw(url, bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toContain("content-type: application/problem+json");
  expect(JSON.parse(body)).toMatchObject({ status, code });
});

it("hangs up on a client that announces a huge body", async () => {
  const { url } = await open();
  const answer = await raw(
    url,
    "POST /v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n{",
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toMatch(/connection: close/i);
});

it("does not suffer when a waiting client leaves", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  const clock = new WatchedClock();
  const cognition: Cognition = () => {
    asked.resolve();
    return answer.promise;
  };
  const { url, runtime } = await open({ clock }, cognition);
  await runtime.enroll({ id: "ada", name: "Ada" });
  const leave = new AbortController();
  const waiting = clock.alarm(60_000);
  const request = fetch(`${url}/v1/personas/ada/messages?wait=60`, {
    method: "POST",
    signal: leave.signal,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "hi" }),
  });
  await Promise.all([asked.promise, waiting]);
  leave.abort();
  await expect(request).rejects.toThrow();
  await clock.idle();
  // The item is answered all the same.
  const events = runtime.events();
  answer.resolve("to nobody");
  for await (const event of events) if (event.type === "turn") break;
  expect(runtime.status()).toMatchObject({ accepted: 1, answered: 1 });
});

it("lets a waiting request have its reply while it closes", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  const clock = new WatchedClock();
  const { url, runtime, close } = await open({ clock }, () => {
    asked.resolve();
    return answer.promise;
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const response = post(`${url}/v1/personas/ada/messages?wait=60`, { text: "hi" });
  await asked.promise;
  const closing = clock.alarm(10_000);
  const closed = close();
  await closing;
  answer.resolve("just in time");
  expect((await response).headers.get("connection")).toBe("close");
  expect((await bodyOf(response)).reply.text).toBe("just in time");
  await closed;
  await expect(fetch(`${url}/livez`)).rejects.toThrow();
  expect((await runtime.readiness()).ready).toBe(true);
});

it("answers waiting requests without a reply once the grace is over", async () => {
  const clock = new WatchedClock();
  const { url, runtime, close } = await open({ clock, graceMs: 5_000 }, (turn) => {
    return new Promise((resolve) => turn.signal.addEventListener("abort", () => resolve("")));
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const [waiting, grace] = [clock.alarm(60_000), clock.alarm(5_000)];
  const response = post(`${url}/v1/personas/ada/messages?wait=60`, { text: "hi" });
  await waiting;
  const closed = close();
  await grace;
  clock.advance(5_000);
  expect((await response).status).toBe(202);
  await closed;
});

it("lets go of idle connections, and cuts off clients that do not finish within the grace", async () => {
  const clock = new WatchedClock();
  const { url, close } = await open({ clock, graceMs: 10_000 });
  const agent = new http.Agent({ keepAlive: true });
  await new Promise((resolve) =>
    http.get(`${url}/livez`, { agent }, (response) => response.resume().once("end", resolve)),
  );
  const slow = net.connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
  await once(slow, "connect");
  slow.write(
    "POST /v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
  );
  // The server has read the head once it has answered somebody who came later.
  await fetch(`${url}/livez`);
  const lastWords = clock.alarm(11_000);
  const closed = close();
  await lastWords;
  clock.advance(11_000);
  await closed;
  agent.destroy();
  slow.destroy();
});

it("closes once, however often it is told to", async () => {
  const { close } = await open();
  const [first, second] = [close(), close()];
  expect(first).toBe(second);
  await first;
});
