/** Why a turn came when it did, what was merged in it, how it was answered, and what it cost. */
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import type { NotedFacts } from "../cognition/facts.ts";
import { PersonaError } from "../errors.ts";
import { decodeId, encodeId, quoteId } from "../ids.ts";
import { type ItemRow, LANES, type OutcomeRow, type Store, type TurnRow } from "../store/port.ts";
import type { Explanation, ItemState, ItemView, ProviderCall, ToolCallFacts, Usage } from "../types.ts";
import type { Conversations } from "./conversations.ts";
import type { LiveTurn } from "./live-turn.ts";
import type { Personas } from "./personas.ts";
import { covers, type Scope } from "./scope.ts";

/** What the store keeps of an explanation; the rest follows from the rows. */
interface Kept {
  readonly why: Explanation["why"]["reason"];
  readonly priority: number;
  readonly waitedMs: number;
  readonly kind: Explanation["cognition"]["kind"];
  readonly model?: string | undefined;
  readonly begunAt?: number | undefined;
  readonly answeredAt?: number | undefined;
  readonly promptAt?: number | undefined;
  readonly firstTokenAt?: number | undefined;
  /** Rows of the first version have none. */
  readonly facts?: NotedFacts | undefined;
  readonly tools?: readonly ToolCallFacts[] | undefined;
  readonly usage?: Usage | undefined;
  readonly session?: Explanation["session"];
}

export function explanationOf(turn: LiveTurn): string {
  const { why, effectivePriority, waitedMs } = turn.formed;
  const kept: Kept = {
    why,
    priority: effectivePriority,
    waitedMs,
    kind: turn.cognitionKind === "absent" ? "rehearsal" : turn.cognitionKind,
    model: turn.model,
    begunAt: turn.begunAt || undefined,
    answeredAt: turn.answeredAt || undefined,
    promptAt: turn.promptAt || undefined,
    firstTokenAt: turn.firstTokenAt || undefined,
    facts: turn.facts.noted,
    tools: turn.tools?.ended,
    usage: turn.usage,
    session: turn.session?.resolved && sessionOf(turn.session.resolved),
  };
  return JSON.stringify(kept);
}

function sessionOf(resolved: ResolvedSession): Explanation["session"] {
  const { role_id: role, sequence_id: sequence, step_id: step, step_index: stepIndex, versions } = resolved;
  return { role, sequence, step, stepIndex, versions };
}

export class Explanations {
  readonly #store: Store;
  readonly #personas: Personas;
  readonly #conversations: Conversations;

  constructor(store: Store, personas: Personas, conversations: Conversations) {
    this.#store = store;
    this.#personas = personas;
    this.#conversations = conversations;
  }

  /** By the public id of a turn, an item, a reply, or a message to one persona; throws `turn_not_found`. */
  async explain(scope: Scope, id: string): Promise<Explanation> {
    const row = await this.#turn(id);
    if (row === undefined || !(await this.#isIn(scope, row))) throw notFound(id);
    const { salt } = this.#store;
    const kept = JSON.parse(row.explanation) as Kept;
    const items = await Promise.all(row.items.map((key) => this.#store.item(key)));
    return {
      turn: encodeId("turn", row.key, salt),
      persona: await this.#personas.idOf(row.persona),
      conversation: encodeId("conversation", row.conversation, salt),
      attempt: row.attempt,
      outcome: row.outcome ?? "running",
      error: row.error ?? undefined,
      reply: row.reply === null ? undefined : encodeId("message", row.reply, salt),
      why: {
        reason: kept.why,
        lane: LANES[row.lane] ?? "chat",
        effectivePriority: kept.priority,
        waitedMs: kept.waitedMs,
      },
      items: items
        .filter((item) => item !== undefined)
        .map((item) => ({
          id: encodeId("item", keyOf(item), salt),
          message: encodeId("message", item.message, salt),
          role: keyOf(item) === row.items.at(-1) ? "trigger" : "context",
          state: stateOf(item),
          waitedMs: row.formedAt - item.enqueuedAt,
        })),
      session: kept.session,
      cognition: cognitionOf(kept),
      prompt: kept.facts?.prompt,
      cost: {
        usage: kept.usage ?? usageOf(kept.facts?.calls ?? []),
        usd: kept.facts?.costUsd,
        latencyMs: latencies(row, kept),
      },
    };
  }

  async item(scope: Scope, id: string): Promise<ItemView> {
    const decoded = decodeId(id, this.#store.salt);
    const row = decoded?.kind === "item" ? await this.#store.item(decoded.key) : undefined;
    if (row === undefined || !(await this.#isIn(scope, row))) throw notFound(id);
    return this.view(row);
  }

  async #isIn(scope: Scope, { conversation }: TurnRow | ItemRow | OutcomeRow): Promise<boolean> {
    const place = await this.#conversations.byKey(conversation);
    return place !== undefined && covers(scope, place);
  }

  async view(row: ItemRow | OutcomeRow): Promise<ItemView> {
    const { salt } = this.#store;
    const decided = "outcome" in row ? row : undefined;
    return {
      id: encodeId("item", keyOf(row), salt),
      replayOf: row.replayOf === null ? undefined : encodeId("item", row.replayOf, salt),
      message: encodeId("message", row.message, salt),
      conversation: encodeId("conversation", row.conversation, salt),
      persona: await this.#personas.idOf(row.persona),
      state: stateOf(row),
      reason: decided?.reason ?? undefined,
      error: decided?.error ?? undefined,
      attempt: row.attempt,
      turn: row.turn === null ? undefined : encodeId("turn", row.turn, salt),
    };
  }

  async #turn(id: string): Promise<TurnRow | undefined> {
    const decoded = decodeId(id, this.#store.salt);
    if (decoded === undefined || decoded.kind === "conversation") return undefined;
    let { kind, key } = decoded;
    if (kind === "message") {
      const message = await this.#store.message(key);
      if (message === undefined) return undefined;
      if (message.turn !== null) [kind, key] = ["turn", message.turn];
      else if (message.itemCount === 1 && message.firstItem !== null) [kind, key] = ["item", message.firstItem];
    }
    if (kind === "item") {
      const turn = (await this.#store.item(key))?.turn ?? null;
      if (turn !== null) [kind, key] = ["turn", turn];
    }
    return kind === "turn" ? this.#store.turn(key) : undefined;
  }
}

const keyOf = (row: ItemRow | OutcomeRow): number => ("outcome" in row ? row.item : row.key);

function stateOf(row: ItemRow | OutcomeRow): ItemState {
  if ("outcome" in row) return row.outcome;
  return row.turn === null ? "waiting" : "in_turn";
}

function cognitionOf({ kind, model, facts, tools = [] }: Kept): Explanation["cognition"] {
  const { provider, calls = [], callsLeftOut = 0 } = facts ?? {};
  const called = provider !== undefined || calls.length > 0;
  return { kind: called ? "provider" : kind, provider, model: facts?.model ?? model, calls, callsLeftOut, tools };
}

/** Of a turn that did not come to report it itself: what its calls have used. */
function usageOf(calls: readonly ProviderCall[]): Usage | undefined {
  const used = calls.map(({ usage }) => usage).filter((usage) => usage !== undefined);
  if (used.length === 0) return undefined;
  const sum = (name: keyof Usage) =>
    used.some((usage) => usage[name] !== undefined)
      ? used.reduce((all, usage) => all + (usage[name] ?? 0), 0)
      : undefined;
  return {
    inputTokens: sum("inputTokens") ?? 0,
    outputTokens: sum("outputTokens") ?? 0,
    cachedInputTokens: sum("cachedInputTokens"),
    reasoningTokens: sum("reasoningTokens"),
  };
}

function latencies(row: TurnRow, kept: Kept): Explanation["cost"]["latencyMs"] {
  const begunAt = kept.begunAt ?? row.formedAt;
  const answeredAt = kept.answeredAt ?? row.settledAt ?? begunAt;
  return {
    waited: kept.waitedMs,
    begin: begunAt - row.formedAt,
    prompt: kept.promptAt && kept.promptAt - begunAt,
    firstToken: kept.firstTokenAt && kept.firstTokenAt - begunAt,
    cognition: answeredAt - begunAt,
    settle: (row.settledAt ?? answeredAt) - answeredAt,
  };
}

function notFound(id: string): PersonaError {
  return new PersonaError(
    "turn_not_found",
    `No turn belongs to the id ${quoteId(id)}; give the id of a turn, a reply, an item that was in a turn, or a message to one persona`,
  );
}
