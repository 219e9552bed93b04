/** What a voice is opened with: the check, and the bounds. Defaults come from the native side (`layout.ts`). */
import * as z from "zod";
import * as layout from "../layout.ts";

/** Samples per second that are understood. */
export const SAMPLE_RATES = [
  8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000,
] as const;

/** `s16le`, `s24le`, `s32le` and `f32` (-1..1) are little endian, `u8` lies around 128; `mulaw` and `alaw` are those of G.711. */
export const ENCODINGS = layout.ENCODING;

/** How sound arrives. */
export const formatSchema = z
  .strictObject({
    /** Samples per second and channel. They are brought down to 16 000, those below it to 8 000; telephony stays as it is. */
    sampleRate: z.literal([...SAMPLE_RATES]),
    /** Default `s16le`. */
    encoding: z.enum(ENCODINGS).default("s16le"),
    /** Interleaved channels, 1..8. Default 1. */
    channels: z.int().min(1).max(8).default(1),
    /** The one that is listened to, counted from 0. Default 0. */
    channel: z.int().min(0).max(7).default(0),
  })
  .refine(({ channels, channel }) => channel < channels, {
    path: ["channel"],
    error: "must be less than `channels`: the first channel is 0",
  });

export type VoiceFormat = z.input<typeof formatSchema>;
export type CheckedFormat = z.output<typeof formatSchema>;

const milliseconds = (least: number, most: number) => z.int().min(least).max(most);
const probability = z.number().min(0.01).max(0.99);
const level = z.enum(layout.LEVEL);

/** Options that depend on what the persona does. */
export const profileShape = {
  /** Probability from which a frame is speech, 0.01..0.99. */
  threshold: probability.exactOptional(),
  /** Probability below which it is silence, 0.01..`threshold`; in between all stays as it was. Default: 0.15 below the threshold. */
  exitThreshold: probability.exactOptional(),
  /** Speech before a start is committed, 0..5 000 ms. */
  minSpeechMs: milliseconds(0, 5_000).exactOptional(),
  /** Silence that ends speech, 32..10 000 ms. */
  minSilenceMs: milliseconds(32, 10_000).exactOptional(),
  /**
   * Speech that interrupts, 0..10 000 ms; null: nothing does, and what is said meanwhile is a turn all the same. Without
   * meaning while the persona listens.
   */
  interruptMs: milliseconds(0, 10_000).nullable().exactOptional(),
};

const profileSchema = z.strictObject(profileShape);

export const turnSchema = z.strictObject({
  /**
   * How readily something is taken for a start of speech: `low` is a threshold of 0.7 and 250 ms of speech, `medium`
   * 0.5 and 96 ms, `high` 0.35 and 64 ms. A threshold or `minSpeechMs` of a profile wins. While the persona speaks its
   * own defaults hold unless these are stricter. Default `medium`.
   */
  startSensitivity: level.exactOptional(),
  /** How readily silence is taken for an end: `low` is 800 ms, `medium` 500, `high` 250. `minSilenceMs` wins. Default `medium`. */
  endSensitivity: level.exactOptional(),
  /** While the persona listens. Default: 0.5, 96 ms, 500 ms. */
  listening: profileSchema.exactOptional(),
  /** While it thinks. Default: as while it listens, interrupted by 300 ms. */
  thinking: profileSchema.exactOptional(),
  /** While it speaks: its own voice may come back through the microphone. Default: 0.6, 192 ms, 500 ms, interrupted by 500 ms. */
  speaking: profileSchema.exactOptional(),
  /** Sound before a start that belongs to it, 0..5 000 ms. Default 300. */
  prefixPaddingMs: milliseconds(0, 5_000).exactOptional(),
  /** A turn is cut after so long, at the longest pause of its second half, 1 000..600 000 ms. So much sound is kept. Default 60 000. */
  maxTurnMs: milliseconds(1_000, 600_000).exactOptional(),
  /** How soon a turn ends that no judge finds complete: `low` 8 s, `medium` 4 s, `high` 2 s. `patienceMs` wins. Default: no judge is asked. */
  eagerness: level.exactOptional(),
  /**
   * After a pause, how long a judge may find the turn incomplete until it ends all the same, 0..60 000 ms. Default null:
   * nobody is asked, and the first pause ends the turn.
   */
  patienceMs: milliseconds(0, 60_000).nullable().exactOptional(),
  /**
   * An interruption by at most so much speech may be a false one, unless its turn began while the persona listened,
   * 0..10 000 ms. Default 1 000.
   */
  backchannelMs: milliseconds(0, 10_000).exactOptional(),
  /** It is retracted after so long a silence without a word understood, 0..60 000 ms; null: never. Default 2 000. */
  recoveryMs: milliseconds(0, 60_000).nullable().exactOptional(),
  /** Tells when nobody has spoken for so long while the persona listened, 100..3 600 000 ms. Default null: never. */
  idleTimeoutMs: milliseconds(100, 3_600_000).nullable().exactOptional(),
  /** Tells when no sound has come for so long, by the clock, 100..3 600 000 ms. Default null: never. */
  noAudioTimeoutMs: milliseconds(100, 3_600_000).nullable().exactOptional(),
});

/** How turns are found. */
export type TurnOptions = z.input<typeof turnSchema>;
export type ProfileOptions = z.input<typeof profileSchema>;
export type Level = z.input<typeof level>;

/**
 * What finds speech: `refined`, the network sharpened to 8 ms; `network`, Silero's network alone, 32 ms at a time; `gated`,
 * the refined one that sleeps through silence, for very many streams of which few are spoken into; `energy`, that gate alone.
 */
export const detectorSchema = z.enum(layout.DETECTOR).default("refined");
export type DetectorName = z.output<typeof detectorSchema>;
