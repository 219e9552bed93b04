/** What native tells of a voice, as records and as events. */
import * as layout from "../layout.ts";
import type { VoiceEvent } from "./event.ts";
import { voiceFailed } from "./failure.ts";

/** Records that cross at once: a bound on what JavaScript does in one turn of its loop. */
export const MOST_NEWS = 512;

/** A packed record, as native writes it. */
export interface News {
  readonly voice: number;
  readonly kind: (typeof layout.NEWS)[number];
  readonly word: number;
  readonly at: number;
  readonly until: number;
  readonly from: number;
}

/** The records of an array that native has filled. */
export function newsOf(array: Float64Array, count: number): News[] {
  return Array.from({ length: count }, (_, n) => {
    const field = (offset: number) => array[n * layout.NEWS_SIZE + offset] ?? Number.NaN;
    return {
      voice: field(layout.NEWS_VOICE),
      kind: layout.NEWS[field(layout.NEWS_KIND)] ?? "failed",
      word: field(layout.NEWS_WORD),
      at: field(layout.NEWS_AT),
      until: field(layout.NEWS_UNTIL),
      from: field(layout.NEWS_FROM),
    };
  });
}

/** Undefined for what only the stream itself has to know. */
export function eventOf({ kind: type, word, at: atMs, until, from: soundFromMs }: News): VoiceEvent | undefined {
  switch (type) {
    case "speech_start":
      return { type, atMs, committedAtMs: until, soundFromMs };
    case "speech_end":
    case "interrupt_retracted":
      return { type, atMs, knownAtMs: until };
    case "turn_end":
      return { type, soundFromMs, atMs, knownAtMs: until, reason: layout.TURN_END[word] ?? "closed" };
    case "interrupt":
      return { type, atMs, knownAtMs: until, stance: layout.STANCE[word] ?? "speaking" };
    case "misfire":
      return { type, atMs, untilMs: until, what: layout.MISFIRE[word] ?? "short" };
    case "timeout":
      return { type, atMs, what: layout.TIMEOUT[word] ?? "idle" };
    case "damaged":
      return { type, atMs, what: layout.DAMAGE[word] ?? "not_finite" };
    case "probability":
      return { type, atMs, probability: until };
    case "failed":
      return { type, error: voiceFailed() };
    case "room":
    case "finished":
      return undefined;
  }
}
