/** Where somebody speaks in a recording. */
import * as z from "zod";
import { invalidInput, parse } from "../faults.ts";
import { functionSchema } from "../inputs.ts";
import { SpeechDetector } from "./detector.ts";
import type { VoiceEvent } from "./event.ts";
import { type CheckedFormat, detectorSchema, formatSchema, profileShape } from "./options.ts";
import { EXIT_FAULT, resolveTurnOptions } from "./resolve.ts";
import { readWav } from "./wav.ts";

/** From the beginning of the first frame of speech to that of the silence after it, in milliseconds of sound. */
export interface SpeechSegment {
  readonly startMs: number;
  readonly endMs: number;
}

const { threshold, exitThreshold, minSpeechMs, minSilenceMs } = profileShape;

const optionsSchema = z.strictObject({
  /** Of samples; a WAV file says it itself. */
  sampleRate: formatSchema.shape.sampleRate.exactOptional(),
  /** Of a WAV file, counted from 0. Default 0. */
  channel: z.int().min(0).max(7).exactOptional(),
  detector: detectorSchema,
  threshold,
  exitThreshold,
  minSpeechMs,
  /** Silence between two segments, 32..10 000 ms. Default 100. */
  minSilenceMs: minSilenceMs.unwrap().default(100),
  /** Is told how far it has come, from 0 to 1, after each minute or so of sound. */
  onProgress: functionSchema<(share: number) => void>().exactOptional(),
});

/** Its names are the caller's; the detector below would speak of a profile. */
const detectSchema = optionsSchema.refine(
  ({ threshold = resolveTurnOptions().listening.threshold, exitThreshold = 0 }) => exitThreshold <= threshold,
  { path: ["exitThreshold"], error: EXIT_FAULT },
);

export type DetectOptions = z.input<typeof detectSchema>;

/** Bytes, or samples, that are computed at once. */
const PIECE = 2_097_152;

/** Pauses of turns do not matter here. A turn is cut at the latest after this time, which is undone. */
const TURN = { prefixPaddingMs: 0, maxTurnMs: 600_000 };

/**
 * Finds speech in a WAV file (bytes) or in samples from -1 to 1 of one channel, whose `sampleRate` must be given. Computes
 * in the calling thread, an hour of sound in some two seconds. A sample that is no finite number is silence. Throws
 * `invalid_input` naming every broken option, `wav_invalid`, `wav_truncated`, or `addon_missing`.
 */
export function detectSpeech(sound: Uint8Array | Float32Array, options: DetectOptions = {}): SpeechSegment[] {
  const { sampleRate, channel, detector, onProgress, ...profile } = parse(detectSchema, options, "options");
  const { format, data } = recordingOf(sound, sampleRate, channel);
  const events: VoiceEvent[] = [];
  const speech = new SpeechDetector({ format, detector, turn: { ...TURN, listening: profile } });
  for (let at = 0; at < data.length; at += PIECE) {
    speech.process(data.subarray(at, at + PIECE), events);
    onProgress?.(Math.min(1, (at + PIECE) / data.length));
  }
  speech.finish(events);
  speech.close();
  return segmentsOf(events, profile.minSilenceMs);
}

function recordingOf(
  sound: Uint8Array | Float32Array,
  sampleRate: CheckedFormat["sampleRate"] | undefined,
  channel: number | undefined,
): { format: CheckedFormat; data: Uint8Array | Float32Array } {
  const fault = (field: string, message: string) => invalidInput("options", [{ field, message }]);
  if (sound instanceof Float32Array) {
    if (sampleRate === undefined) throw fault("sampleRate", "must be given with samples");
    if (channel !== undefined) throw fault("channel", "must be left out with samples, which are of one channel");
    return { format: { sampleRate, encoding: "f32", channels: 1, channel: 0 }, data: sound };
  }
  if (sampleRate !== undefined) throw fault("sampleRate", "must be left out with a WAV file, which says it itself");
  const { format, data } = readWav(sound);
  if (channel === undefined) return { format, data };
  if (channel >= format.channels) throw fault("channel", `must be less than ${format.channels}, which the file has`);
  return { format: { ...format, channel }, data };
}

/** A pause that is shorter than the silence that ends speech is where a long turn was cut. */
function segmentsOf(events: readonly VoiceEvent[], minSilenceMs: number): SpeechSegment[] {
  const segments: SpeechSegment[] = [];
  let startMs = 0;
  for (const event of events) {
    if (event.type === "speech_start") {
      const cut = segments.at(-1);
      startMs = event.atMs;
      if (cut === undefined || startMs - cut.endMs >= minSilenceMs) continue;
      segments.pop();
      startMs = cut.startMs;
    } else if (event.type === "speech_end") segments.push({ startMs, endMs: event.atMs });
  }
  return segments;
}
