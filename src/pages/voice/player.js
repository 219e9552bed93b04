// Plays sound from any place, and knows where it is.

/** Seconds of sound that are given to the browser at once, and how far ahead. */
const PIECE_S = 10;
const AHEAD_S = 15;

export class Player {
  /** @type {() => void} */
  #changed;
  /** At the rate of the sound, so that pieces meet without a seam. @type {AudioContext | undefined} */
  #context;
  #samples = new Int16Array();
  #rate = 16_000;
  /** Where it stands while nothing plays, in milliseconds. */
  #at = 0;
  /** What plays: its bounds in samples, when it began by the context's clock, and what has been scheduled of it. */
  #run = { from: 0, until: 0, began: 0, next: 0 };
  /** @type {Set<AudioBufferSourceNode>} */
  #sources = new Set();
  /** The last call to play, so that a slow one does not begin after another. */
  #calls = 0;

  /** @param {() => void} changed is called when it begins, stops or is put somewhere else */
  constructor(changed) {
    this.#changed = changed;
  }

  get playing() {
    return this.#sources.size > 0;
  }

  get lengthMs() {
    return (1_000 * this.#samples.length) / this.#rate;
  }

  get positionMs() {
    if (!this.playing || this.#context === undefined) return this.#at;
    const { from, until, began } = this.#run;
    // What is heard now was given to the loudspeaker a little earlier.
    const played = this.#context.currentTime - (this.#context.outputLatency || 0) - began;
    return (1_000 * Math.min(until, from + Math.max(0, played) * this.#rate)) / this.#rate;
  }

  /** Another sound, at its beginning; an empty one is none. @param {Int16Array<ArrayBuffer>} samples @param {number} rate */
  load(samples, rate) {
    this.#stop();
    this.#samples = samples;
    this.#rate = rate;
    this.#at = 0;
    this.#changed();
  }

  /** Goes on from there if it plays. @param {number} ms */
  seek(ms) {
    const to = Math.max(0, Math.min(this.lengthMs, ms));
    if (this.playing) void this.play(to);
    else {
      this.#at = to;
      this.#changed();
    }
  }

  /** From one place to another, in milliseconds; from the beginning if it stands at the end. */
  async play(fromMs = this.#at, toMs = this.lengthMs) {
    this.#stop();
    const call = ++this.#calls;
    const sample = (/** @type {number} */ ms) =>
      Math.max(0, Math.min(this.#samples.length, Math.round((ms * this.#rate) / 1_000)));
    const until = sample(toMs);
    const from = sample(fromMs) < until ? sample(fromMs) : 0;
    if (from >= until) return;
    if (this.#context?.sampleRate !== this.#rate) {
      void this.#context?.close();
      this.#context = new AudioContext({ sampleRate: this.#rate });
    }
    await this.#context.resume();
    if (call !== this.#calls) return;
    this.#run = { from, until, began: this.#context.currentTime + 0.01, next: from };
    this.#schedule(this.#context);
    this.#changed();
  }

  pause() {
    this.#stop();
    this.#changed();
  }

  #stop() {
    this.#calls += 1;
    this.#at = this.positionMs;
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
    }
    this.#sources.clear();
  }

  /** @param {AudioContext} context */
  #schedule(context) {
    const run = this.#run;
    while (run.next < run.until) {
      const when = run.began + (run.next - run.from) / this.#rate;
      if (when > context.currentTime + AHEAD_S) return;
      const end = Math.min(run.until, run.next + PIECE_S * this.#rate);
      const buffer = context.createBuffer(1, end - run.next, this.#rate);
      buffer.copyToChannel(
        Float32Array.from(this.#samples.subarray(run.next, end), (sample) => sample / 32_768),
        0,
      );
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(context.destination);
      source.onended = () => this.#ended(source, context);
      source.start(when);
      this.#sources.add(source);
      run.next = end;
    }
  }

  /** @param {AudioBufferSourceNode} source @param {AudioContext} context */
  #ended(source, context) {
    this.#schedule(context);
    this.#sources.delete(source);
    if (this.playing) return;
    this.#at = (1_000 * this.#run.until) / this.#rate;
    this.#changed();
  }
}
