/** Turn options with everything filled in. */
import { invalidInput, parse } from "../faults.ts";
import * as layout from "../layout.ts";
import { STANCES, type Stance } from "./control.ts";
import { type Level, type ProfileOptions, type TurnOptions, turnSchema } from "./options.ts";

/** A profile in numbers; null: never. */
export interface Profile {
  readonly threshold: number;
  readonly exitThreshold: number;
  readonly minSpeechMs: number;
  readonly minSilenceMs: number;
  readonly interruptMs: number | null;
}

/** All options of turns in numbers; null: never. They are options themselves, to be changed and given again. */
export interface TurnSettings extends Readonly<Record<Stance, Profile>> {
  readonly prefixPaddingMs: number;
  readonly maxTurnMs: number;
  readonly patienceMs: number | null;
  readonly backchannelMs: number;
  readonly recoveryMs: number | null;
  readonly idleTimeoutMs: number | null;
  readonly noAudioTimeoutMs: number | null;
}

/** How far the exit threshold lies below the threshold unless it is given, and how low it may come. */
const HYSTERESIS = 0.15;
const LOWEST_EXIT = 0.01;

/** Checks options and fills in what they leave out; throws `invalid_input` with every fault. */
export function resolveTurnOptions(options: TurnOptions = {}): TurnSettings {
  return turnSettings(parse(turnSchema, options, "turn options"), "");
}

/**
 * Fills in what checked options leave out; throws `invalid_input` for what only all of them together tell.
 * @param within What stands before the names of their fields where the caller wrote them.
 */
export function turnSettings(options: TurnOptions, within: "" | "turn."): TurnSettings {
  const { startSensitivity, endSensitivity, eagerness, ...given } = options;
  const defaults = unpackTurn(layout.VOICE_TURN_DEFAULTS);
  const profile = (stance: Stance): Profile => {
    const preset = { ...startOf(startSensitivity, stance, defaults[stance]), ...endOf(endSensitivity) };
    const { exitThreshold, ...rest } = { ...defaults[stance], exitThreshold: undefined, ...preset, ...given[stance] };
    return { ...rest, exitThreshold: exitThreshold ?? exitOf(rest.threshold) };
  };
  const settings = {
    ...defaults,
    ...(eagerness && { patienceMs: at(layout.LEVEL_PATIENCE_MS, eagerness) }),
    ...given,
    listening: profile("listening"),
    thinking: profile("thinking"),
    speaking: profile("speaking"),
  };
  const upsideDown = STANCES.filter((stance) => settings[stance].exitThreshold > settings[stance].threshold);
  if (upsideDown.length === 0) return settings;
  const faults = upsideDown.map((stance) => ({ field: `${within}${stance}.exitThreshold`, message: EXIT_FAULT }));
  throw invalidInput("turn options", faults);
}

export const EXIT_FAULT = "must be at most the threshold";

/** As native reads them. */
export function packTurn(settings: TurnSettings): Float64Array {
  const packed = new Float64Array(layout.VOICE_TURN_SIZE);
  for (const stance of STANCES) {
    const { threshold, exitThreshold, minSpeechMs, minSilenceMs, interruptMs } = settings[stance];
    packed.set([threshold, exitThreshold, minSpeechMs, minSilenceMs, interruptMs ?? Number.NaN], PROFILE_AT[stance]);
  }
  packed[layout.VOICE_TURN_PREFIX_PADDING_MS] = settings.prefixPaddingMs;
  packed[layout.VOICE_TURN_MAX_TURN_MS] = settings.maxTurnMs;
  packed[layout.VOICE_TURN_PATIENCE_MS] = settings.patienceMs ?? Number.NaN;
  packed[layout.VOICE_TURN_BACKCHANNEL_MS] = settings.backchannelMs;
  packed[layout.VOICE_TURN_RECOVERY_MS] = settings.recoveryMs ?? Number.NaN;
  packed[layout.VOICE_TURN_IDLE_TIMEOUT_MS] = settings.idleTimeoutMs ?? Number.NaN;
  packed[layout.VOICE_TURN_NO_AUDIO_TIMEOUT_MS] = settings.noAudioTimeoutMs ?? Number.NaN;
  return packed;
}

/** Where the five numbers of a profile begin. */
const PROFILE_AT: Record<Stance, number> = {
  listening: layout.VOICE_TURN_LISTENING_THRESHOLD,
  thinking: layout.VOICE_TURN_THINKING_THRESHOLD,
  speaking: layout.VOICE_TURN_SPEAKING_THRESHOLD,
};

function unpackTurn(packed: readonly number[]): TurnSettings {
  const number = (place: number) => packed[place] ?? Number.NaN;
  const orNever = (place: number) => (Number.isNaN(number(place)) ? null : number(place));
  const profile = (stance: Stance): Profile => {
    const start = PROFILE_AT[stance];
    const [threshold, exitThreshold] = [number(start), number(start + 1)];
    const [minSpeechMs, minSilenceMs] = [number(start + 2), number(start + 3)];
    return { threshold, exitThreshold, minSpeechMs, minSilenceMs, interruptMs: orNever(start + 4) };
  };
  return {
    listening: profile("listening"),
    thinking: profile("thinking"),
    speaking: profile("speaking"),
    prefixPaddingMs: number(layout.VOICE_TURN_PREFIX_PADDING_MS),
    maxTurnMs: number(layout.VOICE_TURN_MAX_TURN_MS),
    patienceMs: orNever(layout.VOICE_TURN_PATIENCE_MS),
    backchannelMs: number(layout.VOICE_TURN_BACKCHANNEL_MS),
    recoveryMs: orNever(layout.VOICE_TURN_RECOVERY_MS),
    idleTimeoutMs: orNever(layout.VOICE_TURN_IDLE_TIMEOUT_MS),
    noAudioTimeoutMs: orNever(layout.VOICE_TURN_NO_AUDIO_TIMEOUT_MS),
  };
}

/** While the persona speaks, its own echo must not become speech by a sensitivity that is meant for silence. */
function startOf(level: Level | undefined, stance: Stance, defaults: Profile): ProfileOptions {
  if (level === undefined) return {};
  const threshold = at(layout.LEVEL_THRESHOLD, level);
  const minSpeechMs = at(layout.LEVEL_MIN_SPEECH_MS, level);
  if (stance !== "speaking") return { threshold, minSpeechMs };
  return {
    threshold: Math.max(threshold, defaults.threshold),
    minSpeechMs: Math.max(minSpeechMs, defaults.minSpeechMs),
  };
}

function endOf(level: Level | undefined): ProfileOptions {
  return level === undefined ? {} : { minSilenceMs: at(layout.LEVEL_MIN_SILENCE_MS, level) };
}

function exitOf(threshold: number): number {
  return Math.max(LOWEST_EXIT, Math.round((threshold - HYSTERESIS) * 1e6) / 1e6);
}

function at(numbers: readonly number[], level: Level): number {
  return numbers[layout.LEVEL.indexOf(level)] ?? Number.NaN;
}
