/**
 * A WebSocket (RFC 6455): the events of the event stream, and messages the other way. A client that
 * takes nothing is not written to: the runtime, which bounds what waits for a reader, drops its tokens
 * first and says so, and the heartbeat ends the socket. One that only sends is read no faster than its
 * messages are answered.
 */
import type { FastifyRequest } from "fastify";
import type { RawData, WebSocket } from "ws";
import type * as z from "zod";
import { compiledWhenBusy } from "../compiled-schema.ts";
import { PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import type { EventStream, Runtime } from "../types.ts";
import { frameOf } from "./event-frames.ts";
import { concerns, type EventFilter } from "./event-stream.ts";
import { problemOfOne } from "./problem.ts";
import { OrderedEntries } from "./send-entry.ts";
import type { Services } from "./services.ts";
import { SocketLife } from "./socket-life.ts";
import { acceptedOf } from "./wire/send.ts";
import { type socketFrame, socketSend } from "./wire/socket.ts";

/** Messages of one client that wait for their answer; then nothing more is read from it for a while. */
const MAX_IN_FLIGHT = 32;
/** Bytes that may be on their way to a client that has not taken them yet. */
const MAX_AHEAD = 4_096;
const frameSchema = compiledWhenBusy(socketSend);
/** Of a frame: bytes that are text. */
const TEXT = { binary: false } as const;

interface Opening {
  /** As the caller may see and use it. */
  readonly runtime: Runtime;
  readonly after: number;
  readonly filter: EventFilter;
  /** Throws for what is no JSON, or poisons prototypes. */
  readonly parse: (text: string) => unknown;
}

export class EventSocket {
  readonly #services: Services;
  readonly #socket: WebSocket;
  readonly #request: FastifyRequest;
  readonly #opening: Opening;
  readonly #entries: OrderedEntries;
  readonly #life: SocketLife;
  readonly #inFlight = new Set<Promise<void>>();
  #events: EventStream | undefined;
  /** The newest rev that was read, and that the client knows of. */
  #rev: number;
  #told: number;
  #gathers = false;

  constructor(services: Services, socket: WebSocket, request: FastifyRequest, opening: Opening) {
    this.#services = services;
    this.#socket = socket;
    this.#request = request;
    this.#opening = opening;
    this.#life = new SocketLife(services, socket, request);
    this.#entries = new OrderedEntries(opening.runtime, request.identity);
    this.#rev = opening.after;
    this.#told = opening.after;
  }

  /** Until one side ends it. Rejects never. */
  async run(): Promise<void> {
    this.#socket.on("message", (data, isBinary) => this.#take(data, isBinary));
    const over = this.#life.last({
      leave: () => void this.#leave(),
      beat: () => {
        // It also goes on over what is others'.
        this.#rev = Math.max(this.#rev, this.#events?.rev ?? 0);
        if (this.#rev > this.#told) void this.#tellRev();
      },
    });
    void this.#tell();
    await over;
  }

  async #tell(): Promise<void> {
    const { runtime, after, filter } = this.#opening;
    try {
      await this.#tellRev();
      this.#events = runtime.events({ after, signal: this.#life.ended });
      for await (const event of this.#events) {
        if ("rev" in event) this.#rev = event.rev;
        if (!concerns(event, filter)) continue;
        this.#told = this.#rev;
        await this.#write(frameOf(event).data, event.type === "token");
      }
      this.#life.end("going");
    } catch (error) {
      this.#request.log.error({ err: error }, "a socket failed unexpectedly");
      this.#life.end("failed");
    }
  }

  /** Of what the filter leaves out only this is told, now and then: clients resume where they are. */
  #tellRev(): Promise<void> {
    this.#told = this.#rev;
    return this.#say({ type: "rev", rev: this.#rev });
  }

  #take(data: RawData, isBinary: boolean): void {
    // A socket that is closing is still read, until the other side closes too.
    if (this.#services.closing.aborted || this.#life.ended.aborted) return;
    const answered = this.#answer(data, isBinary).then((answer) => this.#say(answer));
    this.#inFlight.add(answered);
    if (this.#inFlight.size >= MAX_IN_FLIGHT) this.#socket.pause();
    void answered.then(() => {
      this.#inFlight.delete(answered);
      if (this.#inFlight.size < MAX_IN_FLIGHT) this.#socket.resume();
    });
  }

  /** What a frame is answered with; its ref as far as it can be read. */
  async #answer(data: RawData, isBinary: boolean): Promise<Frame> {
    let ref: string | undefined;
    const limited = this.#counted();
    try {
      if (isBinary) throw new PersonaError("unparsable_body", "Send one JSON document in a text frame.");
      const frame = this.#opening.parse(String(data));
      ref = refOf(frame);
      if (limited !== undefined) throw limited;
      const checked = frameSchema().safeParse(frame);
      if (!checked.success) {
        const fields = faultsOf(checked.error, "frame");
        throw new PersonaError("invalid_input", describeFaults(fields), { fields });
      }
      const accepted = await this.#entries.send(checked.data);
      return { type: "accepted", ref, accepted: acceptedOf(accepted) };
    } catch (error) {
      return { type: "problem", ref, problem: problemOfOne(error, this.#request.log) };
    }
  }

  /** Counts a frame, also one that says nothing; what there is against it. */
  #counted(): unknown {
    try {
      this.#services.limits?.take(this.#request.identity);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #say(frame: Frame): Promise<void> {
    return this.#write(JSON.stringify(frame), false);
  }

  /** Resolves when the client has room for more, or is gone. */
  #write(text: string | Buffer, isToken: boolean): Promise<void> {
    if (!isToken) this.#gather();
    return new Promise((resolve) => {
      this.#socket.send(text, TEXT, () => resolve());
      if (isToken) this.#letGo();
      if (this.#socket.bufferedAmount < MAX_AHEAD) resolve();
    });
  }

  /**
   * What is said in one turn of the event loop goes out together, at its end: each write alone takes longer than what is
   * in it, and a question to a model that this turn has begun is on its way before. Only tokens do not wait.
   */
  #gather(): void {
    if (this.#gathers) return;
    this.#gathers = true;
    this.#request.raw.socket.cork();
    setImmediate(() => this.#letGo());
  }

  #letGo(): void {
    if (!this.#gathers) return;
    this.#gathers = false;
    this.#request.raw.socket.uncork();
  }

  /** The server closes: what was taken is still answered, as long as anybody waits. */
  async #leave(): Promise<void> {
    this.#life.stop();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const { graceOver } = this.#services;
    graceOver.addEventListener("abort", () => resolve(), { once: true });
    if (graceOver.aborted) resolve();
    await Promise.race([Promise.all(this.#inFlight), over]);
    this.#life.end("going");
  }
}

type Frame = z.input<typeof socketFrame>;

function refOf(frame: unknown): string | undefined {
  if (typeof frame !== "object" || frame === null || !("ref" in frame)) return undefined;
  return typeof frame.ref === "string" && frame.ref.length <= 128 ? frame.ref : undefined;
}
