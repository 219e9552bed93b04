/** What listens in on the calls that a turn makes, or plays them back. */
import type { Clock } from "../clock.ts";
import type { CognitionTurn } from "../types.ts";

/** A model that is about to be called, as far as a tap has to know it. */
export interface Callable<Model> {
  /** `provider:model` */
  readonly name: string;
  readonly model: Model;
  readonly options: object;
  /** Takes secrets out of what a provider says. */
  readonly redact: (text: string) => string;
}

export interface Tap {
  clock(clock: Clock): Clock;
  model<Model>(callable: Callable<Model>): Model;
}

/** Beside the turns and not in them: a cognition is told nothing of it. */
const TAPS = new WeakMap<CognitionTurn, Tap>();

export const tap = (turn: CognitionTurn, listener: Tap): unknown => TAPS.set(turn, listener);

export const tapOf = (turn: CognitionTurn): Tap | undefined => TAPS.get(turn);
