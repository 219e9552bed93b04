/** What every WebSocket has in common: heartbeats, who may stay, and how it ends. */
import type { FastifyRequest } from "fastify";
import type { WebSocket } from "ws";
import { after } from "../clock.ts";
import { whileValid } from "./identity.ts";
import type { Services } from "./services.ts";

/** Why a socket ends. From 4000 on the numbers are an application's own; these follow the statuses of HTTP. */
export const CLOSE = {
  going: [1001, "the server closes"],
  failed: [1011, "the server's log says more"],
  nobody: [4401, "the key or token has expired or was revoked"],
  slow: [4408, "two heartbeats were not answered"],
  idle: [4408, "nothing was sent for too long"],
} as const satisfies Record<string, readonly [code: number, reason: string]>;

/** How long the other side may take to answer a close. */
const LAST_WORDS_MS = 1_000;

interface Hooks {
  /** The server closes: what was taken may still be answered; ends the socket at last. */
  readonly leave: () => void;
  /** With each heartbeat. */
  readonly beat?: () => void;
}

export class SocketLife {
  readonly #services: Services;
  readonly #socket: WebSocket;
  readonly #request: FastifyRequest;
  readonly #ended = new AbortController();
  #owesPong = false;
  #cancelAlarm: () => void = () => {};

  constructor(services: Services, socket: WebSocket, request: FastifyRequest) {
    this.#services = services;
    this.#socket = socket;
    this.#request = request;
  }

  /** Aborts when the socket is closed, or begins to be. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Nothing more is taken in, though what was taken is still answered. */
  stop(): void {
    this.#ended.abort();
  }

  /** Resolves when the socket is closed. */
  async last({ leave, beat = () => {} }: Hooks): Promise<void> {
    const { closing, clock, heartbeatMs } = this.#services;
    closing.addEventListener("abort", leave);
    this.#socket.on("pong", () => {
      this.#owesPong = false;
    });
    this.#socket.on("error", (error) => this.#request.log.info({ err: error }, "a socket was broken"));
    const closed = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    const ring = () => {
      if (this.#owesPong) return this.end("slow");
      this.#owesPong = true;
      this.#socket.ping();
      beat();
      this.#cancelAlarm = after(clock, heartbeatMs, ring);
    };
    this.#cancelAlarm = after(clock, heartbeatMs, ring);
    const stay = whileValid(this.#request.identity, this.#services, () => this.end("nobody"));
    if (closing.aborted) leave();
    await closed;
    closing.removeEventListener("abort", leave);
    stay();
    this.#ended.abort();
    this.#cancelAlarm();
  }

  end(why: keyof typeof CLOSE): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const { clock } = this.#services;
    this.#ended.abort();
    this.#cancelAlarm();
    const [code, reason] = CLOSE[why];
    this.#socket.close(code, reason);
    // Nobody need answer, and who takes nothing does not even hear of it.
    this.#cancelAlarm = after(clock, LAST_WORDS_MS, () => this.#socket.terminate());
  }
}
