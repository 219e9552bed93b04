/** What every voice is opened with, as native reads it. */
import * as z from "zod";
import * as layout from "../layout.ts";
import { type CheckedFormat, detectorSchema, formatSchema, turnSchema } from "./options.ts";
import { packTurn, type TurnSettings, turnSettings } from "./resolve.ts";

export const openingShape = {
  format: formatSchema,
  turn: turnSchema.exactOptional(),
  detector: detectorSchema,
  /** Whether each frame's probability is told, too. Default false. */
  probabilities: z.boolean().default(false),
};

export type Opening = z.output<z.ZodObject<typeof openingShape>>;

export interface PackedOpening {
  readonly detector: number;
  readonly format: Float64Array;
  readonly turn: Float64Array;
  readonly probabilities: boolean;
  readonly settings: TurnSettings;
  readonly frameMs: 8 | 32;
}

/** Throws `invalid_input` for what only all options together tell. */
export function packOpening({ format, turn = {}, detector, probabilities }: Opening): PackedOpening {
  const settings = turnSettings(turn, "turn.");
  const { sampleRate, encoding, channels, channel } = format;
  return {
    detector: layout.DETECTOR.indexOf(detector),
    format: Float64Array.of(sampleRate, layout.ENCODING.indexOf(encoding), channels, channel),
    turn: packTurn(settings),
    probabilities,
    settings,
    frameMs: detector === "refined" || detector === "gated" ? 8 : 32,
  };
}

/** Nothing is brought up. */
export function rateOf({ sampleRate }: CheckedFormat): 8_000 | 16_000 {
  return sampleRate < 16_000 ? 8_000 : 16_000;
}
