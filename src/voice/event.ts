/** What a voice tells. */
import type { PersonaError } from "../errors.ts";
import type { Stance } from "./control.ts";

/**
 * What happened in the sound. Times are milliseconds of sound since the beginning of the stream, exact to the sample.
 *
 * Whatever `speech_start` opens is closed once: by `turn_end`, by `interrupt_retracted`, or by a `misfire` that was a
 * backchannel. Between a turn's end and the next `speech_start` there is none open.
 */
export type VoiceEvent =
  /** Somebody speaks: a turn begins, or goes on after a pause. */
  | {
      readonly type: "speech_start";
      /** The beginning of the first frame of speech. */
      readonly atMs: number;
      /** When it had lasted long enough to be taken for speech. */
      readonly committedAtMs: number;
      /** Where the sound begins that belongs to it: look-back before the start, but nothing of an earlier turn. */
      readonly soundFromMs: number;
    }
  /** They have been silent long enough. A judge may be asked now whether the turn is complete. */
  | {
      readonly type: "speech_end";
      /** The beginning of the silence. */
      readonly atMs: number;
      /** The end of the frame at which this was known. */
      readonly knownAtMs: number;
    }
  /** A turn is over and wants an answer. */
  | {
      readonly type: "turn_end";
      /** Where its sound begins: `soundFromMs` of its first start. */
      readonly soundFromMs: number;
      /** The end of its last speech. */
      readonly atMs: number;
      readonly knownAtMs: number;
      /**
       * `silence`: nobody was to be asked; `complete`: a judge found it so; `patience`: a judge did not, for as long as
       * the eagerness allows; `too_long`: it was cut; `told`: by a control; `no_audio`: no more sound came; `closed`:
       * the stream has ended.
       */
      readonly reason: "silence" | "complete" | "patience" | "too_long" | "told" | "no_audio" | "closed";
    }
  /** Somebody has spoken into the persona's thinking or speaking for so long that it should stop. */
  | {
      readonly type: "interrupt";
      /** The beginning of the speech. */
      readonly atMs: number;
      readonly knownAtMs: number;
      /** What was interrupted. */
      readonly stance: Stance;
    }
  /** The last interruption was short, nothing followed it, and no words were understood: the persona may go on. */
  | { readonly type: "interrupt_retracted"; readonly atMs: number; readonly knownAtMs: number }
  /** What sounded like a turn was none: too short for speech, or a few words that did not mean to interrupt. */
  | {
      readonly type: "misfire";
      readonly atMs: number;
      readonly untilMs: number;
      readonly what: "short" | "backchannel";
    }
  /** Speech (while the persona listened) or sound did not come in time. Told once, until it has come. */
  | { readonly type: "timeout"; readonly atMs: number; readonly what: "idle" | "no_audio" }
  /** The sound was at fault in the frame that ends here, and was mended: samples that are no finite numbers are silence. */
  | { readonly type: "damaged"; readonly atMs: number; readonly what: "not_finite" | "half_sample" }
  /** How likely the frame that ends here is speech, 0..1; for streams that asked for `probabilities`. */
  | { readonly type: "probability"; readonly atMs: number; readonly probability: number }
  /** A defect: this stream is closed, nothing more will come of it (`voice_failed`). */
  | { readonly type: "failed"; readonly error: PersonaError };
