/**
 * `node --expose-gc churn.ts STORE MINUTES NAMES`: a server whose personas come, talk and go for so long, some over HTTP and
 * some by the library, with rooms and event streams. After NAMES rounds the same personas come again. Prints what the
 * process holds, many times on the way, one line of JSON each. Time runs sixty times as fast, so that what is kept for
 * ten minutes is let go within seconds.
 */
import { readdirSync, statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { createRuntime } from "../../../src/index.ts";
import { serve } from "../../../src/server.ts";
import type { CognitionTurn } from "../../../src/types.ts";
import { turns, until } from "../../support/event-loop.ts";

export interface Holding {
  readonly native: number;
  /** After a collection, with what lies beside the heap. */
  readonly heap: number;
  readonly resident: number;
  /** What keeps the event loop busy, and what the process has of the system. */
  readonly handles: number;
  readonly files: number;
  readonly threads: number;
  /** Bytes of the database, and of its log; 0 in memory. */
  readonly database: number;
  readonly log: number;
  readonly rounds: number;
  /** Messages that were accepted and decided. */
  readonly decided: number;
}

const SAMPLES = 60;
/** By each way in: over HTTP, and by the library. */
const PERSONAS = 20;
const CALLERS = 3;
/** Rounds at once. */
const LANES = 3;
const FASTER = 60;

const [, , store = "", minutes = "", names = ""] = process.argv;
const end = Number(minutes) * 60_000;
const runtime = await createRuntime({ store, clock: hurried(FASTER), seed: 1, cognition: () => "I see." });
const server = await serve({ runtime, port: 0, limits: { maxEventLoopDelayMs: 60_000 } });

function hurried(factor: number): Clock {
  const real = systemClock();
  const start = real.now();
  return {
    now: () => start + (real.now() - start) * factor,
    at: (at, wake) => real.at(start + Math.ceil((at - start) / factor), wake),
  };
}

/** Answers, streams, fails at first, declines, and lets other personas talk. */
async function* cognition({ trigger, attempt, text, history }: CognitionTurn) {
  if (trigger.from.kind === "persona") return;
  const kind = text.length % 5;
  if (kind === 1 && attempt === 1) throw new Error("not yet");
  if (kind === 2) await history();
  yield "I heard: ";
  yield text;
}

/** Fails unless it is answered with one of these. */
async function call(route: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  const [method = "", path] = route.split(" ");
  const payload = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const response = await request(path ?? "", { method, headers: { ...type, ...headers }, ...payload });
  const text = await response.text();
  if (!response.ok) throw new Error(`${route}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** Once more when a connection was closed, after five idle seconds, just as a machine that was held up asked on it. */
async function request(path: string, init: RequestInit): Promise<Response> {
  return fetch(server.url + path, init).catch((error: Error) => {
    if (!/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(`${(error.cause as NodeJS.ErrnoException | undefined)?.code}`))
      throw error;
    return fetch(server.url + path, init);
  });
}

async function listenOverHttp(signal: AbortSignal): Promise<void> {
  const response = await request("/v1/events", { signal });
  for await (const _ of response.body ?? []);
}

async function listen(signal: AbortSignal): Promise<void> {
  for await (const _ of runtime.events({ signal }));
}

async function round(number: number): Promise<void> {
  const name = number % Number(names);
  const ids = Array.from({ length: PERSONAS }, (_, n) => ({ http: `h${name}-${n}`, own: `l${name}-${n}` }));
  await Promise.all(
    ids.flatMap(({ http, own }) => [
      call(`PUT /v1/enrollments/${http}`, { name: http, instructions: "You are patient." }),
      runtime.enroll({ id: own, name: own, cognition }),
    ]),
  );
  const readers = new AbortController();
  const heard = [listen(readers.signal), listenOverHttp(readers.signal)];
  const members = ids.slice(0, 3).flatMap(({ http, own }) => [http, own]);
  const { id: room } = (await call("POST /v1/rooms", { name: "talk", members: members.slice(1) })) as { id: string };
  await call(`PUT /v1/rooms/${room}/members/${members[0]}`);
  await runtime.removeMember(room, members[2] ?? "");
  await Promise.all([
    call(`POST /v1/rooms/${room}/messages`, { text: `What is new, ${members[1]}?`, from: "user:host" }),
    ...ids.flatMap(({ http, own }, n) => talk(n, http, own)),
  ]);
  await call(`GET /v1/enrollments/${members[1]}/why`);
  await Promise.all(
    ids.flatMap(({ http, own }, n) => [
      call(`DELETE /v1/enrollments/${own}${n % 2 === 0 ? "?mode=return" : ""}`),
      runtime.unenroll(http, n % 2 === 0 ? "return" : "drain"),
    ]),
  );
  readers.abort();
  await Promise.allSettled(heard);
}

function talk(n: number, http: string, own: string): PromiseLike<unknown>[] {
  return Array.from({ length: CALLERS }, (_, caller) => {
    const from = `user:${caller}`;
    const text = "x".repeat(caller + n);
    return [
      call(`POST /v1/personas/${own}/messages${caller === 0 ? "?wait=30" : ""}`, { text: `${text}.`, from }),
      call(
        `POST /v1/personas/${http}/messages`,
        { text: `${text}!`, from },
        { "idempotency-key": crypto.randomUUID() },
      ),
      caller === 0 ? runtime.send(own, `${text}?`, { from }) : runtime.send(http, `${text}?`, { from }).accepted,
    ];
  }).flat();
}

async function holding(rounds: number): Promise<Holding> {
  // Who has gone may have left items behind whose outcomes are still on their way to the disk.
  await until(() => undecided() === 0);
  await turns();
  globalThis.gc?.();
  await setImmediate();
  globalThis.gc?.();
  const { nativeBytes: native, accepted } = runtime.fleet();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    native,
    heap: heapUsed + external,
    resident: rss,
    handles: process.getActiveResourcesInfo().length,
    files: readdirSync("/proc/self/fd").length,
    threads: readdirSync("/proc/self/task").length,
    database: bytes(store),
    log: bytes(`${store}-wal`),
    rounds,
    decided: accepted,
  };
}

function undecided(): number {
  const { accepted, answered, declined, dead } = runtime.fleet();
  return accepted - answered - declined - dead;
}

function bytes(file: string): number {
  return store === "memory" ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

let sampled = 0;
for (let rounds = LANES; performance.now() < end; rounds += LANES) {
  await Promise.all(Array.from({ length: LANES }, (_, lane) => round(rounds - lane)));
  if (performance.now() < (end / SAMPLES) * (sampled + 1)) continue;
  sampled += 1;
  console.log(JSON.stringify(await holding(rounds)));
}
await server.close();
await runtime.close();
