/** A real runtime behind a real app, and what the HTTP tests look at it with. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance, InjectOptions } from "fastify";
import { onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { type AppOptions, createApp } from "../../src/http/app.ts";
import { createRuntime } from "../../src/index.ts";
import type { Cognition, Runtime, RuntimeOptions } from "../../src/types.ts";
import { UNHURRIED_LIMITS } from "../support/command-line.ts";
import { instead } from "../support/instead.ts";

export interface House {
  readonly runtime: Runtime;
  readonly app: FastifyInstance;
  /** `send("POST /v1/rooms", {...})` */
  send(route: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.OutgoingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was answered
  readonly body: any;
}

/** Says back what it heard, so that a test sees which message was answered. */
export const echo: Cognition = (turn) => `heard: ${turn.text}`;

export async function openHouse(options: Partial<RuntimeOptions> = {}, appOptions: AppOptions = {}): Promise<House> {
  const runtime = await createRuntime({ store: "memory", cognition: echo, ...options });
  // A machine that is busy with other tests may be as late as it likes.
  const limits = { ...UNHURRIED_LIMITS, ...appOptions.limits };
  const app = await createApp(runtime, { logger: false, ...appOptions, limits });
  onTestFinished(async () => {
    await app.close();
    await runtime.close({ graceMs: 0 });
  });
  return {
    runtime,
    app,
    async send(route, body, headers) {
      const [method, url] = route.split(" ") as [InjectOptions["method"] & string, string];
      const payload = body === undefined ? {} : { payload: body as object };
      const response = await app.inject({ method, url, ...payload, ...(headers && { headers }) } as InjectOptions);
      return {
        status: response.statusCode,
        headers: response.headers,
        body: response.body === "" ? undefined : response.json(),
      };
    },
  };
}

/** The same runtime with some calls replaced, in all of its views. */
export function replaced(runtime: Runtime, calls: Partial<Runtime>): Runtime {
  return instead(runtime, { ...calls, tenant: (...args) => instead(runtime.tenant(...args), calls) });
}

/** Listens on a free port; for what only a real socket shows. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return (app.server.address() as AddressInfo).port;
}

/** `send` over a real socket, as another process would. */
export function sendTo(port: number): House["send"] {
  return async (route, body, headers) => {
    const [method = "", path] = route.split(" ");
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { ...type, ...headers },
      ...payload,
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}

/** A clock that stands still, and tells when somebody has asked to be woken, and when nobody wants to be any more. */
export class WatchedClock extends ManualClock {
  readonly #alarms = new Set<object>();
  #watchers: { ms: number; seen: () => void }[] = [];
  #idle = Promise.withResolvers<void>();

  override at(at: number, wake: () => void): () => void {
    const ms = at - this.now();
    for (const watcher of this.#watchers.filter((one) => one.ms === ms)) watcher.seen();
    const alarm = {};
    this.#alarms.add(alarm);
    const done = () => {
      if (this.#alarms.delete(alarm) && this.#alarms.size === 0) this.#idle.resolve();
    };
    const cancel = super.at(at, () => {
      done();
      wake();
    });
    return () => {
      done();
      cancel();
    };
  }

  /** Resolves when no alarm is set any more. */
  idle(): Promise<void> {
    this.#idle = Promise.withResolvers();
    if (this.#alarms.size === 0) this.#idle.resolve();
    return this.#idle.promise;
  }

  /** Resolves when the next alarm is set to ring in `ms`. */
  alarm(ms: number): Promise<void> {
    return new Promise((seen) => this.#watchers.push({ ms, seen }));
  }
}

export interface Frame {
  readonly id?: string;
  readonly event?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
  readonly data?: any;
  readonly comment?: string;
}

export interface EventReader {
  /** The id of the first frame. */
  readonly begin: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
  /** The next frame, or undefined at the end of the stream. */
  next(): Promise<Frame | undefined>;
  /** The next frame of one type; those before it are passed over. */
  until(event: string): Promise<Frame>;
  /** Goes away without a word. */
  abort(): void;
}

/** Connects to the event stream as a browser would; the first frame, which says where it begins, has been read. */
export async function readEvents(port: number, query = "", headers: Record<string, string> = {}): Promise<EventReader> {
  const request = http.get({ host: "127.0.0.1", port, path: `/v1/events${query}`, headers });
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
  });
  request.on("error", () => {});
  const frames = framesOf(response);
  const next = async () => (await frames.next()).value as Frame | undefined;
  onTestFinished(() => void request.destroy());
  const begin = await next();
  return {
    headers: response.headers,
    begin: begin?.id,
    next,
    async until(event) {
      for (;;) {
        const frame = await next();
        if (frame === undefined) throw new Error(`The stream ended before an event of type ${event}`);
        if (frame.event === event) return frame;
      }
    },
    abort: () => void request.destroy(),
  };
}

async function* framesOf(response: http.IncomingMessage): AsyncGenerator<Frame> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += chunk;
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) yield parse(frame);
  }
}

function parse(frame: string): Frame {
  const fields = frame.split("\n").map((line) => {
    const [, name, value] = /^([a-z]*):? ?(.*)$/.exec(line) ?? [];
    return [name === "" ? "comment" : name, name === "data" ? JSON.parse(value ?? "") : value] as const;
  });
  return Object.fromEntries(fields);
}
