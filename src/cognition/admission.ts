/**
 * How a cognition says that it has no room. The runtime asks before it begins a turn, so that what has to wait
 * waits as an item: nothing was written, nobody is blamed, and no turn of the fleet is taken up by waiting.
 */
import type { CognitionAnswer, CognitionTurn } from "../types.ts";

export interface Admission {
  /**
   * Room for one turn of this guest, or the obstacle it waits for. `again` is then called once, when it is worth
   * asking again, which may be at once; whoever does not ask soon after has lost the turn. A guest waits in one place at a time.
   */
  enter(guest: object, again: () => void): Pass | Wait;
}

/** Room for one turn. */
export interface Pass {
  answer(turn: CognitionTurn): CognitionAnswer | Promise<CognitionAnswer>;
  /** Gives the room back if it is still held; to be called once the turn has ended, whatever became of it. */
  leave(): void;
}

/** What a provider can have against another call. */
export type Obstacle = "provider_open" | "provider_throttled" | "provider_busy";

export interface Wait {
  /** As it is now. */
  readonly obstacle: Obstacle;
  /** When it ends by itself, if it does. */
  readonly until: number | undefined;
  /** Nobody waits any more: `again` is not called. */
  cancel(): void;
}
