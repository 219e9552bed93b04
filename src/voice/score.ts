/** How good detectors are, measured on labelled sound. */
import { type Addon, loadAddon } from "../addon.ts";
import { invalidInput } from "../faults.ts";
import type { DetectorName } from "./options.ts";
import { readWav } from "./wav.ts";

/**
 * What is done to a clip before it is scored: nothing; a telephone line (8 kHz, µ-law); pink noise 10, 5 or 0 dB below the
 * labelled speech.
 */
export const VARIANTS = ["clean", "mulaw", "pink_10", "pink_5", "pink_0"] as const;
export type Variant = (typeof VARIANTS)[number];

export type TallyScores = ReturnType<Addon["tallyScores"]>;
export type TallyGains = ReturnType<Addon["tallyGains"]>;

/** A recording, and where people hear speech in it. */
export class LabelledClip {
  readonly #native: ReturnType<Addon["clipCreate"]>;

  private constructor(native: ReturnType<Addon["clipCreate"]>) {
    this.#native = native;
  }

  /**
   * A whole WAV file and its labels: lines of `start_s,end_s,speech`, contiguous from 0, 1 for speech. Throws
   * `wav_invalid`, `wav_truncated`, `invalid_input` naming the line.
   */
  static read(wav: Uint8Array, labels: string): LabelledClip {
    readWav(wav);
    const addon = loadAddon();
    const line = addon.labelsFault(labels);
    if (line !== null) {
      const message = "must be `start_s,end_s,speech`: seconds from the last end on, and 0 or 1";
      throw invalidInput("label file", [{ field: `line ${line}`, message }]);
    }
    return new LabelledClip(addon.clipCreate(wav, labels));
  }

  /** The same seed makes the same noise. */
  varied(variant: Variant, seed: number): LabelledClip {
    return new LabelledClip(loadAddon().clipVaried(this.#native, variant, seed));
  }

  /** Samples per second: 8 000 or 16 000. */
  get rate(): number {
    return loadAddon().clipRate(this.#native);
  }

  /** From -1 to 1; a copy. */
  get samples(): Float32Array {
    return loadAddon().clipSamples(this.#native);
  }

  /** The probability for each frame of a detector: 8 ms of the refined ones, else 32 ms. */
  scoredBy(detector: DetectorName): Float32Array {
    return loadAddon().clipScores(this.#native, detector);
  }

  /** Adds scores for frames of `frameMs` to a tally. */
  addTo(tally: Tally, scores: Float32Array, frameMs: number): void {
    loadAddon().tallyAdd(tally.native, this.#native, scores, frameMs);
  }
}

/** What one detector scored on any number of clips. */
export class Tally {
  readonly native = loadAddon().tallyCreate();

  /** Over all clips together. */
  scores(): TallyScores {
    return loadAddon().tallyScores(this.native);
  }

  /** What it gains over another on the same clips, in the same order: a paired bootstrap over so many draws of the clips. */
  gainsOver(other: Tally, rounds: number, seed: number): TallyGains {
    return loadAddon().tallyGains(this.native, other.native, rounds, seed);
  }
}
