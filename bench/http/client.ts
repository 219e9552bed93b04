/**
 * Side of the caller: a closed loop over keep-alive connections, one request at a time on each. It writes bytes and
 * finds the end of each answer, and nothing more: whatever a whole HTTP client costs would be taken for the server's.
 */
import net from "node:net";
import { measured } from "../support/isolated.ts";
import { checkAnswer, requestAt, type Shape } from "./calls.ts";

interface Options extends Shape {
  readonly port: number;
  readonly secret: string;
  readonly connections: number;
  /** Request numbers. */
  readonly first: number;
  readonly count: number;
}

export interface Called {
  /** Milliseconds since 1970, of the first request and the last answer. */
  readonly began: number;
  readonly ended: number;
  /** How much of that time this process was busy: near 1 it was the client that was measured. */
  readonly busy: number;
}

await measured(async ({ port, secret, connections, first, count, ...shape }: Options): Promise<Called> => {
  const requests = Array.from({ length: count }, (_, n) => requestAt(first + n, shape, secret));
  const answers: [status: number, body: string][] = [];
  const sockets = await Promise.all(Array.from({ length: connections }, () => connect(port)));
  const busyBefore = performance.eventLoopUtilization();
  const began = performance.timeOrigin + performance.now();
  let sent = 0;
  await Promise.all(
    sockets.map((socket) =>
      converse(
        socket,
        () => requests[sent++],
        (status, body) => answers.push([status, body]),
      ),
    ),
  );
  const ended = performance.timeOrigin + performance.now();
  const busy = performance.eventLoopUtilization(busyBefore).utilization;
  const seen = new Set<string>();
  if (answers.length !== count) throw new Error(`${answers.length} answers to ${count} requests`);
  for (const [status, body] of answers) checkAnswer(status, body, shape.perRequest, seen);
  return { began, ended, busy };
});

function connect(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(socket.setNoDelay()));
    socket.on("error", reject);
  });
}

/** Sends what `next` gives, each after the answer to the one before, until there is no more. */
function converse(
  socket: net.Socket,
  next: () => Buffer | undefined,
  answered: (status: number, body: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const send = () => {
      const request = next();
      if (request !== undefined) return void socket.write(request);
      socket.end();
      resolve();
    };
    socket.on("close", () => reject(new Error("The server closed a connection")));
    socket.on("data", (chunk) => {
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
      const end = read.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = read.toString("latin1", 0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (read.length < end + 4 + length) return;
      answered(Number(head.slice(9, 12)), read.toString("utf8", end + 4, end + 4 + length));
      read = read.subarray(end + 4 + length);
      send();
    });
    send();
  });
}
