/**
 * The law of adjustment: what helps weighs a tenth more at once, what did not help often enough a fifth less. Pure.
 *
 * Unhelpful feedback counts once: what has lowered a weight does not lower it again. After a change the weight rests
 * before it moves the other way, so that people who disagree do not make it swing.
 */
import type { Learning } from "./settings.ts";

/** What is known of a rule's weight. */
export interface Moved {
  readonly weight: number;
  /** Which way it moved last. */
  readonly direction: -1 | 0 | 1;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

export interface Opinion {
  readonly helpful: boolean;
  readonly at: number;
  /** Unhelpful feedback on the rule within the window since the weight was lowered last, this one included. */
  readonly unhelpful: number;
}

/** The next weight, or the same one, and why. */
export interface Judgement {
  readonly weight: number;
  readonly direction: -1 | 0 | 1;
  readonly reason: string;
}

const HOUR_MS = 3_600_000;

export function judged(moved: Moved, opinion: Opinion, settings: Learning): Judgement {
  const { negative_threshold: threshold, negative_window_days: days } = settings;
  const direction = opinion.helpful ? 1 : -1;
  if (!opinion.helpful && opinion.unhelpful < threshold) {
    return stays(moved, `unhelpful, ${opinion.unhelpful} of ${threshold} within ${days} days`);
  }
  if (isResting(moved, direction, opinion.at, settings)) {
    return stays(moved, `${opinion.helpful ? "helpful" : "unhelpful"}, but it rests after its last change`);
  }
  const change = 1 + (opinion.helpful ? settings.positive_adjustment : settings.negative_adjustment);
  const weight = clamped(moved.weight * change, settings);
  const why = opinion.helpful ? "helpful" : `unhelpful, ${opinion.unhelpful} within ${days} days`;
  return { weight, direction, reason: weight === moved.weight ? `${why}, but it is at its bound` : why };
}

const stays = ({ weight, direction }: Moved, reason: string): Judgement => ({ weight, direction, reason });

/** A change that the clock has put into the future holds nothing back. */
function isResting(moved: Moved, direction: -1 | 1, at: number, { cooldown_hours: hours }: Learning): boolean {
  const since = at - moved.at;
  return moved.direction === -direction && since >= 0 && since < hours * HOUR_MS;
}

export function clamped(weight: number, { min_weight: min, max_weight: max }: Learning): number {
  return Math.round(Math.min(max, Math.max(min, weight)) * 1e6) / 1e6;
}
