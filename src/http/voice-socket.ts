/**
 * A WebSocket that hears: sound comes, and who speaks goes back. Frames are worked on one after the other, and nothing is
 * read meanwhile, so that a client is read no faster than its sound is computed and its events are taken.
 */
import type { FastifyRequest } from "fastify";
import type { RawData, WebSocket } from "ws";
import { PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import type { VoiceEvent } from "../voice/event.ts";
import { turnSettings } from "../voice/resolve.ts";
import { VoiceStream } from "../voice/stream.ts";
import { problemOfOne } from "./problem.ts";
import type { Services } from "./services.ts";
import { SocketLife } from "./socket-life.ts";
import { controlOf, frameOf, settingsOf, turnOf, type VoiceFrame, voiceSend } from "./wire/voice.ts";

/** A client that sends nothing for so long is ended, since it holds one of its few sockets. */
const IDLE_MS = 300_000;

export class VoiceSocket {
  readonly #services: Services;
  readonly #socket: WebSocket;
  readonly #request: FastifyRequest;
  readonly #parse: (text: string) => unknown;
  readonly #life: SocketLife;
  #stream: VoiceStream | undefined;
  /** Frames that are being worked on, or wait for it. */
  #waiting = 0;
  #worked: Promise<void> = Promise.resolve();
  /** Of the frames that were sent, the last one's way out. */
  #sent: Promise<void> = Promise.resolve();
  /** Those of one wake go together. */
  #probabilities: { readonly fromMs: number; readonly values: number[] } | undefined;
  #heardAt: number;

  /** `parse` throws for what is no JSON, or poisons prototypes. */
  constructor(services: Services, socket: WebSocket, request: FastifyRequest, parse: (text: string) => unknown) {
    this.#services = services;
    this.#socket = socket;
    this.#request = request;
    this.#parse = parse;
    this.#life = new SocketLife(services, socket, request);
    this.#heardAt = services.clock.now();
  }

  /** Until one side ends it. Rejects never. */
  async run(): Promise<void> {
    this.#socket.on("message", (data, isBinary) => this.#take(data, isBinary));
    await this.#life.last({
      leave: () => this.#life.end("going"),
      beat: () => {
        if (this.#services.clock.now() - this.#heardAt >= IDLE_MS) this.#life.end("idle");
      },
    });
    this.#stream?.close();
  }

  #take(data: RawData, isBinary: boolean): void {
    if (this.#life.ended.aborted) return;
    this.#heardAt = this.#services.clock.now();
    this.#waiting += 1;
    this.#socket.pause();
    this.#worked = this.#worked
      .then(() => (isBinary ? this.#hear(bytesOf(data)) : this.#do(String(data))))
      .catch((error: unknown) => this.#refuse(error))
      // Room for what came of it.
      .then(() => this.#sent)
      .then(() => {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#socket.resume();
      });
  }

  async #hear(sound: Uint8Array): Promise<void> {
    if (this.#life.ended.aborted) return;
    await this.#started().write(sound);
  }

  async #do(text: string): Promise<void> {
    if (this.#life.ended.aborted) return;
    this.#services.limits?.take(this.#request.identity);
    const checked = voiceSend.safeParse(this.#parse(text));
    if (!checked.success) {
      const fields = faultsOf(checked.error, "frame");
      throw new PersonaError("invalid_input", describeFaults(fields), { fields });
    }
    const frame = checked.data;
    if (frame.type === "start") {
      const { channels, channel } = frame;
      const turn = turnOf(frame.turn);
      const settings = settingsOf(turnSettings(turn, "turn."));
      const stream = new VoiceStream({
        format: { sampleRate: frame.sample_rate, encoding: frame.encoding, channels, channel },
        detector: frame.detector,
        turn,
        probabilities: true,
        onEvent: (event) => this.#tell(event, stream.frameMs),
        clock: this.#services.clock,
      });
      this.#stream?.close();
      this.#flush();
      this.#stream = stream;
      this.#write({ type: "ready", rate: stream.rate, frame_ms: stream.frameMs, turn: settings });
    } else if (frame.type === "finish") {
      await this.#started().finish();
      this.#stream = undefined;
      this.#flush();
      this.#write({ type: "finished" });
    } else this.#started().control(controlOf(frame));
  }

  #started(): VoiceStream {
    if (this.#stream !== undefined) return this.#stream;
    const fields = [{ field: "type", message: "must be `start` before anything else: it says what the sound is" }];
    throw new PersonaError("invalid_input", describeFaults(fields), { fields });
  }

  #tell(event: VoiceEvent, frameMs: number): void {
    if (event.type === "probability") this.#collect(event.atMs - frameMs, event.probability);
    else {
      this.#flush();
      if (event.type === "failed") this.#refuse(event.error);
      else this.#write(frameOf(event));
    }
  }

  #collect(fromMs: number, probability: number): void {
    if (this.#probabilities === undefined) {
      this.#probabilities = { fromMs, values: [] };
      queueMicrotask(() => this.#flush());
    }
    this.#probabilities.values.push(Math.round(probability * 1e4) / 1e4);
  }

  #flush(): void {
    if (this.#probabilities === undefined) return;
    const { fromMs, values } = this.#probabilities;
    this.#probabilities = undefined;
    const frame_ms = this.#stream?.frameMs ?? 0;
    this.#write({ type: "probabilities", from_ms: fromMs, frame_ms, values });
  }

  #refuse(error: unknown): void {
    this.#write({ type: "problem", problem: problemOfOne(error, this.#request.log) });
  }

  #write(frame: VoiceFrame): void {
    this.#sent = new Promise((resolve) => this.#socket.send(JSON.stringify(frame), () => resolve()));
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
