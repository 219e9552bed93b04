/** The `persona-runtime/voice` entry: who speaks when, from sound. Loads the native addon, and nothing of the runtime. */
export { type Clock, ManualClock, systemClock } from "./clock.ts";
export { ERRORS, type ErrorCode, type FieldFault, PersonaError } from "./errors.ts";
export type { Stance, VoiceControl } from "./voice/control.ts";
export { type DetectOptions, detectSpeech, type SpeechSegment } from "./voice/detect-speech.ts";
export { SpeechDetector, type SpeechDetectorOptions } from "./voice/detector.ts";
export { soundsFinished } from "./voice/ending.ts";
export type { VoiceEvent } from "./voice/event.ts";
export type { DetectorName, Level, ProfileOptions, TurnOptions, VoiceFormat } from "./voice/options.ts";
export {
  type AutomaticActivityDetection,
  type FromProvider,
  fromAutomaticActivityDetection,
  fromSemanticVad,
  fromServerVad,
  type SemanticVad,
  type ServerVad,
} from "./voice/providers.ts";
export { type Profile, resolveTurnOptions, type TurnSettings } from "./voice/resolve.ts";
export { VoiceStream, type VoiceStreamOptions } from "./voice/stream.ts";
export { readWav, type WavFile } from "./voice/wav.ts";
