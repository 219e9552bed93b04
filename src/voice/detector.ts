/** Sound that is computed in the calling thread. */
import * as z from "zod";
import { type Addon, loadAddon } from "../addon.ts";
import { invalidInput, parse } from "../faults.ts";
import * as layout from "../layout.ts";
import { packControl, type VoiceControl } from "./control.ts";
import type { VoiceEvent } from "./event.ts";
import { checkTimes, soundGone, voiceClosed, voiceFailed } from "./failure.ts";
import { eventOf, MOST_NEWS, newsOf } from "./news.ts";
import { openingShape, packOpening, rateOf } from "./opening.ts";
import type { CheckedFormat } from "./options.ts";

const detectorOptions = z.strictObject(openingShape);

export type SpeechDetectorOptions = z.input<typeof detectorOptions>;

/** What a call writes and the same call reads. */
let array: Float64Array | undefined;

/**
 * The synchronous form of a stream, for work that nobody waits for live: what a call is given is computed when it returns.
 * An hour of sound takes some two seconds. The same sound gives the events of a `VoiceStream`.
 *
 * Throws `invalid_input` naming every broken option, or `addon_missing`.
 */
export class SpeechDetector implements Disposable {
  /** Samples per second inside, in which `audio` is given: 8 000 or 16 000. */
  readonly rate: 8_000 | 16_000;
  /** What is scored at once, in milliseconds: 8, or 32 with a detector that is not refined. */
  readonly frameMs: 8 | 32;
  readonly #encoding: CheckedFormat["encoding"];
  readonly #addon: Addon;
  readonly #native: ReturnType<Addon["speechCreate"]>;
  #state: "open" | "finished" | "closed" = "open";

  constructor(options: SpeechDetectorOptions) {
    const opening = parse(detectorOptions, options, "options");
    const { detector, format, turn, probabilities, frameMs } = packOpening(opening);
    this.rate = rateOf(opening.format);
    this.frameMs = frameMs;
    this.#encoding = opening.format.encoding;
    this.#addon = loadAddon();
    this.#native = this.#addon.speechCreate(detector, format, turn, probabilities);
  }

  /**
   * Computes sound, in pieces of any size, and appends what happened to `events`. Samples as a Float32Array are for the
   * encoding `f32`; they lie interleaved if there are several channels. Throws `voice_closed`, `invalid_input`.
   */
  process(sound: Uint8Array | Float32Array, events: VoiceEvent[]): void {
    const bytes = this.#bytesOf(sound);
    this.#assertOpen();
    this.#read(() => this.#addon.speechProcess(this.#native, bytes), events);
  }

  /** Tells a word, which takes effect now. Throws `voice_closed`, `invalid_input`. */
  control(control: VoiceControl, events: VoiceEvent[]): void {
    const [place, value] = packControl(control);
    this.#assertOpen();
    this.#read(() => this.#addon.speechControl(this.#native, place, value), events);
  }

  /** As `VoiceStream.audio`; also after `finish`. */
  audio(fromMs: number, toMs: number): Int16Array {
    checkTimes(fromMs, toMs);
    if (this.#state === "closed") throw voiceClosed();
    const sound = this.#addon.speechSound(this.#native, fromMs, toMs);
    if (sound === null) throw soundGone();
    return sound;
  }

  /** No more sound will come: computes what is left, and closes the open turn. Throws `voice_closed`. */
  finish(events: VoiceEvent[]): void {
    this.#assertOpen();
    this.#state = "finished";
    this.#read(() => this.#addon.speechFinish(this.#native), events);
  }

  /** Gives its memory back, half a megabyte, before the garbage collector does. */
  close(): void {
    this.#state = "closed";
    this.#addon.speechClose(this.#native);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#state !== "open") throw voiceClosed();
  }

  #bytesOf(sound: Uint8Array | Float32Array): Uint8Array {
    if (sound instanceof Uint8Array) return sound;
    if (sound instanceof Float32Array && this.#encoding === "f32") {
      return new Uint8Array(sound.buffer, sound.byteOffset, sound.byteLength);
    }
    const message = `must be a Uint8Array${this.#encoding === "f32" ? " or a Float32Array" : ""}`;
    throw invalidInput("sound", [{ field: "sound", message }]);
  }

  /** A call that fails is a defect: the input was checked before. */
  #read(call: () => number, events: VoiceEvent[]): void {
    array ??= new Float64Array(MOST_NEWS * layout.NEWS_SIZE);
    try {
      for (let left = call(); left > 0; ) {
        const count = this.#addon.speechNews(this.#native, array);
        left -= count;
        for (const news of newsOf(array, count)) {
          const event = eventOf(news);
          if (event !== undefined) events.push(event);
        }
      }
    } catch (cause) {
      this.#state = "closed";
      throw voiceFailed(cause);
    }
  }
}
