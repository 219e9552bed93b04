/** A voice that is heard while it speaks. */
import * as z from "zod";
import { type Clock, systemClock } from "../clock.ts";
import type { PersonaError } from "../errors.ts";
import { invalidInput, parse } from "../faults.ts";
import { clockSchema, functionSchema } from "../inputs.ts";
import { packControl, type VoiceControl } from "./control.ts";
import type { VoiceEvent } from "./event.ts";
import { checkTimes, soundGone, voiceBusy, voiceClosed, voiceFailed } from "./failure.ts";
import { type Hearing, hearing } from "./hearing.ts";
import { eventOf, type News } from "./news.ts";
import { openingShape, packOpening, rateOf } from "./opening.ts";

const streamSchema = z.strictObject({
  ...openingShape,
  /** Hears what happens, in order. What it throws is an uncaught exception. */
  onEvent: functionSchema<(event: VoiceEvent) => void>(),
  /** For `noAudioTimeoutMs`. Default: the system's time. */
  clock: clockSchema.exactOptional(),
});

export type VoiceStreamOptions = z.input<typeof streamSchema>;

/**
 * Takes sound as it comes and tells who speaks. A few threads, shared by all streams of the process, compute it; nothing
 * here waits for them. Events are what they would be in any other company, and however the bytes are cut.
 *
 * A stream is open until it is finished or closed. It keeps the process alive while `write` or `finish` are waited for, and
 * with `noAudioTimeoutMs` while sound is expected.
 *
 * Throws `invalid_input` naming every broken option, `addon_missing`, or `voice_failed` if the system has no thread left.
 */
export class VoiceStream implements Disposable {
  /** Samples per second inside, in which `audio` is given: 8 000 or 16 000. */
  readonly rate: 8_000 | 16_000;
  /** What is scored at once, in milliseconds: 8, or 32 with a detector that is not refined. */
  readonly frameMs: 8 | 32;
  readonly #hearing: Hearing;
  readonly #voice: number;
  readonly #onEvent: (event: VoiceEvent) => void;
  readonly #clock: Clock;
  readonly #noAudioTimeoutMs: number | null;
  #pushedAt: number;
  #cancelAlarm: (() => void) | undefined;
  /** Why nothing can be given any more. */
  #end: PersonaError | undefined;
  /** The last write, settled or not. */
  #written: Promise<unknown> = Promise.resolve();
  #room: PromiseWithResolvers<void> | undefined;
  #finished: PromiseWithResolvers<void> | undefined;

  constructor(options: VoiceStreamOptions) {
    const { onEvent, clock = systemClock(), ...opening } = parse(streamSchema, options, "options");
    const { settings, frameMs, ...packed } = packOpening(opening);
    this.rate = rateOf(opening.format);
    this.frameMs = frameMs;
    this.#onEvent = onEvent;
    this.#clock = clock;
    this.#noAudioTimeoutMs = settings.noAudioTimeoutMs;
    this.#hearing = hearing();
    this.#voice = this.#hearing.open(packed, (news) => this.#hear(news));
    this.#pushedAt = clock.now();
    this.#expectSound();
  }

  /**
   * Copies bytes and returns how many it took: all, unless more than a second of sound waits already. Keep the rest, and
   * try again later; `write` does both. Throws `voice_closed`.
   */
  push(bytes: Uint8Array): number {
    if (!(bytes instanceof Uint8Array)) {
      throw invalidInput("sound", [{ field: "bytes", message: "must be a Uint8Array, such as a Buffer" }]);
    }
    this.#assertOpen();
    this.#pushedAt = this.#clock.now();
    const taken = this.#hearing.push(this.#voice, bytes, this.#pushedAt);
    if (taken === undefined) throw voiceClosed();
    this.#expectSound();
    return taken;
  }

  /**
   * Pushes all bytes, as room comes; resolves when they are taken. They must not change until then. Writes follow each
   * other, a push does not wait for them. Rejects with `voice_closed`, `voice_failed`.
   */
  write(bytes: Uint8Array): Promise<void> {
    const written = this.#written.then(() => this.#write(bytes));
    this.#written = written.catch(() => {});
    return this.#hearing.held(written);
  }

  /**
   * Tells a word, which takes effect after the sound that was pushed before it. Throws `voice_closed`, `invalid_input`, and
   * `voice_busy` while a thousand words wait.
   */
  control(control: VoiceControl): void {
    const [place, value] = packControl(control);
    this.#assertOpen();
    const room = this.#hearing.control(this.#voice, place, value);
    if (room === undefined) throw voiceClosed();
    if (!room) throw voiceBusy();
  }

  /**
   * The sound between two times of events, in milliseconds, as 16-bit samples. It is kept for the open turn, for ten
   * seconds of sound after a turn has ended, and as far back as a new turn could reach. Throws `sound_gone`,
   * `voice_closed`, `invalid_input`.
   */
  audio(fromMs: number, toMs: number): Int16Array {
    checkTimes(fromMs, toMs);
    this.#assertOpen();
    const sound = this.#hearing.sound(this.#voice, fromMs, toMs);
    if (sound === undefined) throw soundGone();
    return sound;
  }

  /**
   * No more sound will come. Resolves when all of it is computed, the open turn is closed, and every event was heard; then
   * the stream is closed. Rejects with `voice_closed`, `voice_failed`.
   */
  finish(): Promise<void> {
    if (this.#finished === undefined) {
      this.#finished = Promise.withResolvers();
      void this.#written.then(() => {
        if (this.#end === undefined) this.#hearing.finish(this.#voice);
        else this.#finished?.reject(this.#end);
      });
    }
    return this.#hearing.held(this.#finished.promise);
  }

  /** Lets everything go at once: no event follows, and what waits is rejected (`voice_closed`). Once is enough. */
  close(): void {
    this.#leave(voiceClosed());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    for (;;) {
      const taken = this.push(rest);
      if (taken === rest.length) return;
      rest = rest.subarray(taken);
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
    }
  }

  #assertOpen(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  #hear(news: News): void {
    if (news.kind === "room") {
      this.#room?.resolve();
      this.#room = undefined;
    } else if (news.kind === "finished") {
      this.#finished?.resolve();
      this.#leave(voiceClosed());
    } else {
      if (news.kind === "failed") this.#leave(voiceFailed());
      const event = eventOf(news);
      if (event !== undefined) this.#onEvent(event);
    }
  }

  #leave(end: PersonaError): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#cancelAlarm?.();
    this.#hearing.close(this.#voice);
    this.#room?.reject(end);
    // Without effect on one that is resolved.
    this.#finished?.reject(end);
  }

  /** Has native look at the clock when sound is overdue. */
  #expectSound(): void {
    if (this.#noAudioTimeoutMs === null || this.#cancelAlarm !== undefined) return;
    // The time of the first look counts as the last sound.
    this.#hearing.check(this.#voice, this.#clock.now());
    this.#wakeAt(this.#pushedAt + this.#noAudioTimeoutMs);
  }

  #wakeAt(at: number): void {
    this.#cancelAlarm = this.#clock.at(at, () => {
      this.#cancelAlarm = undefined;
      const due = this.#pushedAt + (this.#noAudioTimeoutMs ?? 0);
      if (due > this.#clock.now()) this.#wakeAt(due);
      else this.#hearing.check(this.#voice, this.#clock.now());
    });
  }
}
