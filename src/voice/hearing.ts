/**
 * The voices of this thread. Native computes them on the threads of a pool, collects what they tell, and wakes this thread
 * once; then everything is pulled in one call. The wake keeps no process alive, so that whoever waits holds it.
 */
import { type Addon, loadAddon } from "../addon.ts";
import * as layout from "../layout.ts";
import { voiceFailed } from "./failure.ts";
import { MOST_NEWS, type News, newsOf } from "./news.ts";

/** Longer than anything waits; Node.js takes no longer ones. */
const LONGEST_TIMER_MS = 2_147_483_647;

let current: Hearing | undefined;

/** The one of this thread. */
export function hearing(): Hearing {
  current ??= new Hearing();
  return current;
}

export class Hearing {
  readonly #addon: Addon;
  readonly #native: ReturnType<Addon["hearingCreate"]>;
  readonly #array = new Float64Array(MOST_NEWS * layout.NEWS_SIZE);
  readonly #listeners = new Map<number, (news: News) => void>();
  #lastVoice = 0;
  #waiting = 0;
  #alive: NodeJS.Timeout | undefined;

  constructor() {
    this.#addon = loadAddon();
    this.#native = this.#addon.hearingCreate(this.#read);
    // No thread may run while the process takes itself down; in a worker that is terminated, native sees to it.
    process.once("exit", () => this.#addon.hearingShut(this.#native));
  }

  /** Opens a voice; gives its id. */
  open(
    options: { detector: number; format: Float64Array; turn: Float64Array; probabilities: boolean },
    listener: (news: News) => void,
  ): number {
    const voice = ++this.#lastVoice;
    const { detector, format, turn, probabilities } = options;
    try {
      this.#addon.voiceOpen(this.#native, voice, detector, format, turn, probabilities);
    } catch (cause) {
      throw voiceFailed(cause);
    }
    this.#listeners.set(voice, listener);
    return voice;
  }

  /** How many bytes were taken; undefined once the voice has ended. */
  push(voice: number, bytes: Uint8Array, now: number): number | undefined {
    const taken = this.#addon.voicePush(this.#native, voice, bytes, now);
    return taken < 0 ? undefined : taken;
  }

  /** Whether there was room; undefined once the voice has ended. */
  control(voice: number, control: number, value: number): boolean | undefined {
    return this.#addon.voiceControl(this.#native, voice, control, value) ?? undefined;
  }

  check(voice: number, now: number): void {
    this.#addon.voiceCheck(this.#native, voice, now);
  }

  /** Without effect once the voice has ended. */
  finish(voice: number): void {
    this.#addon.voiceFinish(this.#native, voice);
  }

  sound(voice: number, fromMs: number, toMs: number): Int16Array | undefined {
    return this.#addon.voiceSound(this.#native, voice, fromMs, toMs) ?? undefined;
  }

  /** Nothing is told of it any more. */
  close(voice: number): void {
    this.#listeners.delete(voice);
    this.#addon.voiceClose(this.#native, voice);
  }

  /** Keeps the process alive until the promise is settled. */
  async held<Result>(promise: Promise<Result>): Promise<Result> {
    this.#waiting += 1;
    this.#alive ??= setInterval(() => {}, LONGEST_TIMER_MS);
    try {
      return await promise;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) {
        clearInterval(this.#alive);
        this.#alive = undefined;
      }
    }
  }

  readonly #read = (): void => {
    const count = this.#addon.voiceNews(this.#native, this.#array);
    for (const news of newsOf(this.#array, count)) this.#tell(news);
    // There may be more, after others have had their turn.
    if (count === MOST_NEWS) setImmediate(this.#read);
  };

  /** What a listener throws concerns no other voice: it is thrown on its own, as what a listener of an EventTarget throws. */
  #tell(news: News): void {
    try {
      this.#listeners.get(news.voice)?.(news);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }
}
