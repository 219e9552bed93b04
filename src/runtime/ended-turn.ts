/** What is told of a turn once its end is stored. */
import { LANES, type Settle } from "../store/port.ts";
import type { EndedTurn } from "../types.ts";
import type { LiveTurn } from "./live-turn.ts";

/** @param now When its end was stored. */
export function endedTurn(turn: LiveTurn, { turn: settled, at }: Settle, now: number): EndedTurn {
  const { formed, persona } = turn;
  const begunAt = turn.begunAt || at;
  // Of a turn that was cut off, cognition took until then.
  const answeredAt = turn.answeredAt || at;
  return {
    turn: turn.id,
    persona: persona.id,
    conversation: turn.conversation,
    lane: LANES[formed.lane] ?? "chat",
    attempt: formed.attempt,
    outcome: settled?.outcome ?? "cancelled",
    items: formed.items.length,
    latencyMs: {
      waited: formed.waitedMs,
      begin: begunAt - formed.formedAt,
      prompt: turn.promptAt === 0 ? undefined : turn.promptAt - begunAt,
      firstToken: turn.firstTokenAt === 0 ? undefined : turn.firstTokenAt - begunAt,
      cognition: answeredAt - begunAt,
      settle: now - answeredAt,
    },
    usage: turn.usage,
  };
}
