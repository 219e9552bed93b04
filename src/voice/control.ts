/** What a voice is told besides sound. */
import * as z from "zod";
import { parse } from "../faults.ts";
import * as layout from "../layout.ts";

export const STANCES = layout.STANCE;
/** What the persona does while it hears. */
export type Stance = (typeof STANCES)[number];

/**
 * A word to a voice. It takes effect after the sound that was given before it, between two frames: the same sound and
 * words in the same order give the same events.
 */
const controlSchema = z.discriminatedUnion("type", [
  /** The persona does something else now. */
  z.strictObject({ type: z.literal("stance"), stance: z.enum(STANCES) }),
  /** A judge finds the turn complete that was paused here: `atMs` of `speech_end`. Ignored if somebody has spoken since. */
  z.strictObject({ type: z.literal("complete"), pausedAtMs: z.number().min(0) }),
  /** Words were understood in the open turn: it is no cough and no "mhm", and its interruption stands. */
  z.strictObject({ type: z.literal("confirm") }),
  /** The turn is over, because the speaker said so by other means. */
  z.strictObject({ type: z.literal("end_turn") }),
]);

export type VoiceControl = z.input<typeof controlSchema>;

/** Its place in `CONTROL`, and its value. */
export function packControl(control: VoiceControl): [place: number, value: number] {
  const checked = parse(controlSchema, control, "control");
  const place = layout.CONTROL.indexOf(checked.type);
  if (checked.type === "stance") return [place, STANCES.indexOf(checked.stance)];
  return [place, checked.type === "complete" ? checked.pausedAtMs : Number.NaN];
}
