/** Web pages of other sites reach loopback; what they can send is turned away. */
import { once } from "node:events";
import net from "node:net";
import { expect, it } from "vitest";
import { listen, openHouse } from "./harness.ts";

it.each(["localhost", "LOCALHOST:80", "127.0.0.1:8080", "127.8.9.10", "[::1]", "[::1]:65535"])(
  "answers to the Host %s",
  async (host) => {
    const { send } = await openHouse();
    expect((await send("GET /livez", undefined, { host })).status).toBe(200);
    expect((await send("GET /livez", undefined, { host, origin: `http://${host.toLowerCase()}` })).status).toBe(200);
  },
);

it.each([
  "evil.example",
  "localhost.evil.example",
  "evil.localhost",
  "127.0.0.1.evil.example",
  "127.0.0.1@evil.example",
  "localhost:80:80",
  "localhost:",
  "localhost.",
  "128.0.0.1",
  "2130706433",
  "0x7f.1",
  "0.0.0.0",
  "[::]",
  "::1",
  "[::ffff:10.0.0.1]",
])("does not answer to the Host %s", async (host) => {
  const { send } = await openHouse();
  expect(await send("GET /livez", undefined, { host })).toMatchObject({ status: 403, body: { code: "foreign_host" } });
});

it.each([
  "http://evil.example",
  "null",
  "https://localhost:8080",
  "http://localhost",
  "http://localhost:8081",
  "http://127.0.0.1:8080",
  "http://localhost:8080.evil.example",
])("does not answer pages of %s", async (origin) => {
  const { send } = await openHouse();
  const answer = await send("GET /livez", undefined, { host: "localhost:8080", origin });
  expect(answer).toMatchObject({ status: 403, body: { code: "foreign_origin" } });
  expect(Object.keys(answer.headers)).not.toContain("access-control-allow-origin");
});

it("checks before anything else: unknown routes and bodies say nothing to strangers", async () => {
  const { send } = await openHouse();
  expect((await send("GET /nothing", undefined, { host: "evil.example" })).status).toBe(403);
  expect((await send("POST /v1/rooms", "{", { host: "evil.example", "content-type": "text/plain" })).status).toBe(403);
});

it("refuses a request without a Host on the wire", async () => {
  const { app } = await openHouse();
  const socket = net.connect(await listen(app), "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /livez HTTP/1.0\r\n\r\n");
  const [bytes] = await once(socket, "data");
  expect(String(bytes)).toMatch(/^HTTP\/1\.1 403 /);
  expect(String(bytes)).toContain('"code":"foreign_host"');
});
