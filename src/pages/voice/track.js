// What is known of a sound so far: its outline, the probabilities, and what was decided.

/** Of the outline, in milliseconds. */
export const BUCKET_MS = 8;

/** Numbers that become more, at any place. */
class Series {
  #values = new Float32Array(4_096);
  length = 0;

  /** @param {number} at @param {number} value */
  set(at, value) {
    while (at >= this.#values.length) {
      const more = new Float32Array(2 * this.#values.length);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[at] = value;
    this.length = Math.max(this.length, at + 1);
  }

  /** @param {number} at */
  get(at) {
    return this.#values[at] ?? 0;
  }
}

/**
 * @typedef {object} Span
 * @property {number} from ms
 * @property {number} to ms
 * @property {boolean} open
 * @property {boolean} [gone] it was none after all
 * @property {number} soundFrom ms, with the look-back
 */

export class Track {
  lows = new Series();
  highs = new Series();
  probabilities = new Series();
  frameMs = 8;
  /** @type {Span[]} */
  speech = [];
  /** @type {Span[]} */
  turns = [];
  /** What was decided and when, for marks. @type {{ at: number, type: string }[]} */
  marks = [];
  threshold = 0.5;
  exit = 0.35;
  /** Sound so far, in milliseconds. */
  heardMs = 0;
  /** Of it, scored. */
  scoredMs = 0;
  /** From 0 to 1. */
  loudest = 0;
  #samples = 0;
  #low = 0;
  #high = 0;

  /** @param {Int16Array} samples @param {number} rate */
  hear(samples, rate) {
    const bucket = (rate * BUCKET_MS) / 1000;
    for (const sample of samples) {
      this.#low = Math.min(this.#low, sample);
      this.#high = Math.max(this.#high, sample);
      this.#samples += 1;
      const at = Math.floor(this.#samples / bucket);
      if (at === this.lows.length) continue;
      this.loudest = Math.max(this.loudest, -this.#low / 32_768, this.#high / 32_768);
      this.lows.set(at - 1, this.#low / 32_768);
      this.highs.set(at - 1, this.#high / 32_768);
      this.#low = 0;
      this.#high = 0;
    }
    this.heardMs = (1000 * this.#samples) / rate;
  }

  /** @param {Record<string, any>} frame of the server */
  tell(frame) {
    const speech = this.speech.at(-1);
    const turn = this.turns.at(-1);
    switch (frame.type) {
      case "probabilities": {
        const first = Math.round(frame.from_ms / frame.frame_ms);
        for (const [n, value] of frame.values.entries()) this.probabilities.set(first + n, value);
        this.frameMs = frame.frame_ms;
        this.scoredMs = frame.from_ms + frame.values.length * frame.frame_ms;
        break;
      }
      case "speech_start":
        this.speech.push(begun(frame));
        if (!turn?.open) this.turns.push(begun(frame));
        break;
      case "speech_end":
        if (speech?.open) Object.assign(speech, { to: frame.at_ms, open: false });
        break;
      case "turn_end":
        if (speech?.open) Object.assign(speech, { to: frame.at_ms, open: false });
        if (turn?.open) Object.assign(turn, { to: frame.at_ms, open: false });
        break;
      case "interrupt_retracted":
      case "misfire":
        if (speech?.open) Object.assign(speech, { to: frame.until_ms ?? frame.known_at_ms, open: false });
        if (turn?.open) Object.assign(turn, { to: frame.until_ms ?? frame.known_at_ms, open: false, gone: true });
        break;
      default:
    }
    if (frame.type === "interrupt" || frame.type === "turn_end")
      this.marks.push({ at: frame.known_at_ms, type: frame.type });
  }
}

/** @param {Record<string, any>} frame @returns {Span} */
function begun({ at_ms, sound_from_ms }) {
  return { from: at_ms, to: at_ms, open: true, soundFrom: sound_from_ms };
}
