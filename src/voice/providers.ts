/** Turn options in the names that providers of spoken models have for them. */
import * as z from "zod";
import { parse } from "../faults.ts";
import { type ProfileOptions, profileShape, type TurnOptions, turnSchema } from "./options.ts";

/** What a provider's options mean here. */
export interface FromProvider {
  readonly turn: TurnOptions;
  /** The given options that a stream cannot honour, by their names: they are the caller's to heed. */
  readonly notHonoured: readonly string[];
}

const response = {
  /** Whether an answer begins by itself when a turn ends: up to whoever answers. `false` is not honoured. */
  create_response: z.boolean().exactOptional(),
  /** `false`: nothing interrupts. */
  interrupt_response: z.boolean().exactOptional(),
};

const serverVadSchema = z.strictObject({
  type: z.literal("server_vad").exactOptional(),
  /** 0..1, in all stances; what lies beyond 0.01 and 0.99 counts as these. */
  threshold: z.number().min(0).max(1).exactOptional(),
  /** Sound before a start that belongs to it, 0..5 000. */
  prefix_padding_ms: turnSchema.shape.prefixPaddingMs,
  /** Silence that ends a turn, 32..10 000, in all stances. */
  silence_duration_ms: profileShape.minSilenceMs,
  /** Tells when nobody has spoken for so long, 100..3 600 000; null: never. */
  idle_timeout_ms: turnSchema.shape.idleTimeoutMs,
  ...response,
});

const semanticVadSchema = z.strictObject({
  type: z.literal("semantic_vad").exactOptional(),
  /** How soon a turn ends that nobody finds complete: 8, 4 or 2 s. `auto` is `medium`. */
  eagerness: z.enum(["low", "medium", "high", "auto"]).default("auto"),
  ...response,
});

const START = ["START_SENSITIVITY_UNSPECIFIED", "START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW"] as const;
const END = ["END_SENSITIVITY_UNSPECIFIED", "END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"] as const;

const activitySchema = z.strictObject({
  /** `true`: the client says who speaks. A stream cannot honour that: it is not needed then. */
  disabled: z.boolean().exactOptional(),
  /** Left out or unspecified it is high, as at Gemini Live. */
  startOfSpeechSensitivity: z.enum(START).default("START_SENSITIVITY_UNSPECIFIED"),
  /** As the one of the start. */
  endOfSpeechSensitivity: z.enum(END).default("END_SENSITIVITY_UNSPECIFIED"),
  /** Speech before a start is committed, 0..5 000: what the type says, where the guide speaks of sound before it. */
  prefixPaddingMs: profileShape.minSpeechMs,
  /** Silence that ends a turn, 32..10 000. */
  silenceDurationMs: profileShape.minSilenceMs,
});

export type ServerVad = z.input<typeof serverVadSchema>;
export type SemanticVad = z.input<typeof semanticVadSchema>;
export type AutomaticActivityDetection = z.input<typeof activitySchema>;

/** Takes OpenAI's `turn_detection` of the type `server_vad`. Throws `invalid_input` naming every broken option. */
export function fromServerVad(options: ServerVad): FromProvider {
  const checked = parse(serverVadSchema, options, "server_vad");
  const { threshold, prefix_padding_ms, silence_duration_ms, idle_timeout_ms } = checked;
  const profile = {
    ...(threshold !== undefined && { threshold: Math.min(0.99, Math.max(0.01, threshold)) }),
    ...(silence_duration_ms !== undefined && { minSilenceMs: silence_duration_ms }),
  };
  const turn = {
    ...stances(profile, checked.interrupt_response),
    ...(prefix_padding_ms !== undefined && { prefixPaddingMs: prefix_padding_ms }),
    ...(idle_timeout_ms !== undefined && { idleTimeoutMs: idle_timeout_ms }),
  };
  return { turn, notHonoured: responseNotHonoured(checked) };
}

/**
 * Takes OpenAI's `turn_detection` of the type `semantic_vad`: after a pause a judge is asked (`speech_end`, answered by the
 * control `complete`), and eagerness says how long it is waited for. Throws `invalid_input` naming every broken option.
 */
export function fromSemanticVad(options: SemanticVad): FromProvider {
  const checked = parse(semanticVadSchema, options, "semantic_vad");
  const eagerness = checked.eagerness === "auto" ? "medium" : checked.eagerness;
  return {
    turn: { eagerness, ...stances({}, checked.interrupt_response) },
    notHonoured: responseNotHonoured(checked),
  };
}

/** Takes Gemini's `automaticActivityDetection`. Throws `invalid_input` naming every broken option. */
export function fromAutomaticActivityDetection(options: AutomaticActivityDetection): FromProvider {
  const checked = parse(activitySchema, options, "automaticActivityDetection");
  const { startOfSpeechSensitivity: start, endOfSpeechSensitivity: end } = checked;
  const profile = {
    ...(checked.prefixPaddingMs !== undefined && { minSpeechMs: checked.prefixPaddingMs }),
    ...(checked.silenceDurationMs !== undefined && { minSilenceMs: checked.silenceDurationMs }),
  };
  const turn: TurnOptions = {
    startSensitivity: start === "START_SENSITIVITY_LOW" ? "low" : "high",
    endSensitivity: end === "END_SENSITIVITY_LOW" ? "low" : "high",
    ...stances(profile),
  };
  return { turn, notHonoured: checked.disabled === true ? ["disabled"] : [] };
}

/** Providers know one profile for all that the persona does. */
function stances(profile: ProfileOptions, interrupts = true): Pick<TurnOptions, "listening" | "thinking" | "speaking"> {
  const busy = interrupts ? profile : { ...profile, interruptMs: null };
  return { listening: profile, thinking: busy, speaking: busy };
}

function responseNotHonoured({ create_response }: { readonly create_response?: boolean }): string[] {
  return create_response === false ? ["create_response"] : [];
}
