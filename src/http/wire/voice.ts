/** What goes over the socket of a voice, both ways. */
import * as z from "zod";
import { STANCES, type VoiceControl } from "../../voice/control.ts";
import type { VoiceEvent } from "../../voice/event.ts";
import { detectorSchema, ENCODINGS, SAMPLE_RATES, type TurnOptions, turnSchema } from "../../voice/options.ts";
import type { TurnSettings } from "../../voice/resolve.ts";
import { problemSchema } from "../problem.ts";
import { libraryName, wireName } from "./names.ts";
import { wire } from "./registry.ts";

/** The same with other keys, also in what is nested. */
function renamed(value: unknown, name: (key: string) => string): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [name(key), renamed(inner, name)]));
}

/** A schema whose fields are called as on the wire. */
function onWire(shape: Readonly<Record<string, z.ZodType>>): z.ZodObject {
  const field = (schema: z.ZodType): z.ZodType => {
    if (schema instanceof z.ZodExactOptional) return field(schema.unwrap() as z.ZodType).exactOptional();
    return schema instanceof z.ZodObject ? onWire(schema.shape) : schema;
  };
  return z.strictObject(
    Object.fromEntries(Object.entries(shape).map(([key, schema]) => [wireName(key), field(schema)])),
  );
}

const turn = onWire(turnSchema.shape).register(wire, {
  id: "VoiceTurnOptions",
  description: "How turns are found; everything is optional",
});

/** What a client sends, each as one text frame; its binary frames are sound. */
export const voiceSend = z
  .discriminatedUnion("type", [
    z
      .strictObject({
        type: z.literal("start"),
        sample_rate: z.literal([...SAMPLE_RATES]),
        encoding: z.enum(ENCODINGS).default("s16le"),
        channels: z.int().min(1).max(8).default(1).register(wire, { description: "Interleaved" }),
        channel: z.int().min(0).max(7).default(0).register(wire, { description: "Which of them is heard, from 0" }),
        detector: detectorSchema,
        turn: turn.default({}),
      })
      .refine(({ channels, channel }) => channel < channels, {
        path: ["channel"],
        error: "must be less than `channels`: the first channel is 0",
      })
      .register(wire, { description: "Comes before any sound, and again to begin anew with other options" }),
    z
      .strictObject({ type: z.literal("stance"), stance: z.enum(STANCES) })
      .register(wire, { description: "What the persona does from here on" }),
    z.strictObject({ type: z.literal("complete"), paused_at_ms: z.number().min(0) }).register(wire, {
      description: "A judge finds the turn complete that was paused here: `at_ms` of `speech_end`",
    }),
    z.strictObject({ type: z.literal("confirm") }).register(wire, {
      description: "Words were understood in the open turn: it is neither a cough nor a backchannel",
    }),
    z
      .strictObject({ type: z.literal("end_turn") })
      .register(wire, { description: "The turn is over, because the speaker said so by other means" }),
    z.strictObject({ type: z.literal("finish") }).register(wire, { description: "No more sound will come" }),
  ])
  .register(wire, { id: "VoiceSend", description: "What a client sends over the socket of a voice" });

const ms = z.number().register(wire, { description: "Milliseconds of sound since `start`" });
const said = <Type extends string>(type: Type, fields: Readonly<Record<string, z.ZodType>>) =>
  z.looseObject({ type: z.literal(type), ...fields });

/** What a server sends, each as one text frame. */
export const voiceFrame = z
  .union([
    said("ready", { rate: z.int(), frame_ms: z.int(), turn: z.looseObject({}) }).register(wire, {
      description: "Answers `start`: what follows belongs to it. `turn` has every option with its default",
    }),
    said("probabilities", { from_ms: ms, frame_ms: z.int(), values: z.array(z.number()) }).register(wire, {
      description: "How likely each frame is speech, 0 to 1, from the first one on, which begins at `from_ms`",
    }),
    said("speech_start", { at_ms: ms, committed_at_ms: ms, sound_from_ms: ms }),
    said("speech_end", { at_ms: ms, known_at_ms: ms }),
    said("turn_end", { sound_from_ms: ms, at_ms: ms, known_at_ms: ms, reason: z.string() }),
    said("interrupt", { at_ms: ms, known_at_ms: ms, stance: z.enum(STANCES) }),
    said("interrupt_retracted", { at_ms: ms, known_at_ms: ms }),
    said("misfire", { at_ms: ms, until_ms: ms, what: z.string() }),
    said("timeout", { at_ms: ms, what: z.string() }),
    said("damaged", { at_ms: ms, what: z.string() }),
    said("finished", {}).register(wire, { description: "Answers `finish`: everything was told" }),
    said("problem", { problem: problemSchema }),
  ])
  .register(wire, { id: "VoiceFrame", description: "What the server sends over the socket of a voice" });

export type VoiceFrame = z.input<typeof voiceFrame>;

/** Checked with `voiceSend` before. */
export function turnOf(options: object): TurnOptions {
  return renamed(options, libraryName) as TurnOptions;
}

/** Checked with `voiceSend` before. */
export function controlOf(frame: Exclude<z.output<typeof voiceSend>, { type: "start" | "finish" }>): VoiceControl {
  return renamed(frame, libraryName) as VoiceControl;
}

export function settingsOf(settings: TurnSettings): object {
  return renamed(settings, wireName) as object;
}

/** What happened, but for probabilities, which go together. */
export function frameOf(event: Exclude<VoiceEvent, { readonly type: "probability" | "failed" }>): VoiceFrame {
  return renamed(event, wireName) as VoiceFrame;
}
