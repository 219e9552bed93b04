/** What is told of a turn when it begins, and once its end is stored. */
import { LANES, type Settle } from "../store/port.ts";
import type { EndedTurn } from "../types.ts";
import type { LiveTurn } from "./live-turn.ts";
import { profileOf } from "./profile.ts";
import type { BegunTurn } from "./tracing.ts";

export function begunTurn({ id, formed, persona, conversation }: LiveTurn): BegunTurn {
  return {
    tenant: persona.row.tenant,
    turn: id,
    persona: persona.id,
    name: profileOf(persona).name,
    conversation,
    lane: LANES[formed.lane] ?? "chat",
    attempt: formed.attempt,
    items: formed.items.length,
    formedAt: formed.formedAt,
    waitedMs: formed.waitedMs,
  };
}

/** @param now When its end was stored. */
export function endedTurn(turn: LiveTurn, { turn: settled, at }: Settle, now: number): EndedTurn {
  const { formed, persona } = turn;
  const { provider, model, calls = [], costUsd } = turn.facts.noted ?? {};
  const begunAt = turn.begunAt || at;
  // Of a turn that was cut off, cognition took until then.
  const answeredAt = turn.answeredAt || at;
  return {
    tenant: persona.row.tenant,
    turn: turn.id,
    persona: persona.id,
    conversation: turn.conversation,
    lane: LANES[formed.lane] ?? "chat",
    attempt: formed.attempt,
    outcome: settled?.outcome ?? "cancelled",
    items: formed.items.length,
    formedAt: formed.formedAt,
    endedAt: now,
    latencyMs: {
      waited: formed.waitedMs,
      begin: begunAt - formed.formedAt,
      prompt: turn.promptAt === 0 ? undefined : turn.promptAt - begunAt,
      firstToken: turn.firstTokenAt === 0 ? undefined : turn.firstTokenAt - begunAt,
      cognition: answeredAt - begunAt,
      settle: now - answeredAt,
    },
    error: settled?.error ?? undefined,
    provider,
    model,
    calls,
    tools: turn.tools?.ended ?? [],
    usage: turn.usage,
    costUsd,
  };
}
