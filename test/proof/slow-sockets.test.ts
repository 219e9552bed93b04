/**
 * Five hundred sockets that are slow in every way hold on to the built server while an honest client talks to it: each
 * request of that one is answered, the slow ones are cut off, and what the server held for them it lets go.
 */
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Serving, startServer, temporaryFolder } from "../support/command-line.ts";
import { until } from "../support/event-loop.ts";

const EACH = 100;
const REQUESTS = 160;
const WARM_UP = 20;

interface Slow {
  readonly socket: Socket;
  received: number;
  ended: boolean;
}

const KINDS = ["headers", "body", "reader", "socket", "silent"] as const;
type Kind = (typeof KINDS)[number];

const BYTES: Record<Kind, (n: number) => string> = {
  // A header that never ends.
  headers: (n) => `GET /v1/status HTTP/1.1\r\nhost: localhost\r\nx-slow-${n}: `,
  // A body of which a byte comes now and then.
  body: () =>
    "POST /v1/personas/ada/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n\r\n{",
  // An event stream whose reader reads nothing.
  reader: () => "GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n",
  // The same over a WebSocket.
  socket: () =>
    "GET /v1/socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: c2xvdyBhcyBhIHNub3dkcg==\r\n\r\n",
  silent: () => "",
};

async function open(port: number, kind: Kind, n: number): Promise<Slow> {
  const socket = connect(port, "127.0.0.1");
  const slow: Slow = { socket, received: 0, ended: false };
  socket.on("error", () => {});
  socket.on("close", () => {
    slow.ended = true;
  });
  if (kind === "reader" || kind === "socket") socket.pause();
  else
    socket.on("data", (bytes) => {
      slow.received += bytes.length;
    });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  socket.write(BYTES[kind](n));
  return slow;
}

/** Megabytes of memory, and open files, that a process has. */
function held({ pid }: Serving): { resident: number; files: number } {
  const [, kilobytes = ""] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { resident: Number(kilobytes) / 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}

it(`${KINDS.length * EACH} slow sockets hold up nobody`, async () => {
  const server = await startServer("--store", join(temporaryFolder(), "kept.db"));
  const port = Number(new URL(server.url).port);
  const talk = async (from: number) => {
    for (let n = from; n < REQUESTS; n += 8) {
      const response = await fetch(`${server.url}/v1/personas/ada/messages?wait=30`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: `${n} ${"x".repeat(2_000)}`, from: `user:${n % 8}` }),
      });
      expect(response.status, await response.text()).toBe(200);
    }
  };
  const everybody = () => Promise.all(Array.from({ length: 8 }, (_, from) => talk(from)));

  // As a measure: the same work with nobody else there, until the caches have what they keep.
  for (let round = 0; round < WARM_UP; round += 1) await everybody();
  const before = held(server);
  const slow = new Map<Kind, Slow[]>();
  for (const kind of KINDS)
    slow.set(kind, await Promise.all(Array.from({ length: EACH }, (_, n) => open(port, kind, n))));
  // Those of the honest client may have been closed meanwhile, and on a slow machine the first of these are cut off already.
  const isCut = () => [...slow.values()].flat().some(({ ended }) => ended);
  await until(() => held(server).files > before.files + 0.9 * KINDS.length * EACH || isCut());
  const opened = held(server);
  const drip = setInterval(() => {
    for (const kind of ["headers", "body"] as const)
      for (const { socket, ended } of slow.get(kind) ?? []) if (!ended) socket.write("a");
  }, 1_000);
  try {
    await everybody();
    // Each reader has had its frames by now, and the heap has the size that two hundred of them at once make it.
    const filled = held(server);
    await everybody();
    const during = held(server);
    console.log("before", before, "with the slow ones", opened, "filled", filled, "later", during);
    // A reader that takes nothing costs what lies in its socket, not what has happened since.
    expect(filled.resident - before.resident).toBeLessThan(300);
    expect(during.resident - filled.resident).toBeLessThan(80);

    // Slow requests are cut off by the server, with an answer; it needs 30 s for bodies.
    const cut = (kind: Kind) => (slow.get(kind) ?? []).filter(({ ended }) => ended);
    while (cut("headers").length + cut("body").length < 2 * EACH) {
      await everybody();
    }
    for (const { received } of [...cut("headers"), ...cut("body")]) expect(received).toBeGreaterThan(0);
  } finally {
    clearInterval(drip);
    for (const { socket } of [...slow.values()].flat()) socket.destroy();
  }
  await everybody();
  // The server may hear of the last ones a moment later.
  await until(() => held(server).files < before.files + 20);
  const after = held(server);
  console.log("after", after);
  expect(after.resident - before.resident).toBeLessThan(300);
  server.kill("SIGTERM");
  expect((await server.ended).code).toBe(0);
});
