/** What goes into native and comes out of it: packed records (`layout.ts`), and what they say. */
import * as layout from "../layout.ts";
import type { ItemRow } from "../store/port.ts";
import type { PersonaSettings } from "../types.ts";

/** Handle of an enrolled persona in native memory; a stale one names nothing. */
export type Slot = number;
/** Handle of a turn in native memory; a stale one names nothing. */
export type TurnHandle = number;

/** What native schedules an item by; its slot and its flags of the moment come beside it. */
export type ArmedItem = Omit<ItemRow, "message" | "persona" | "partition" | "flags" | "turn" | "replayOf">;

export interface FormedTurn {
  readonly handle: TurnHandle;
  readonly slot: Slot;
  readonly conversation: number;
  readonly lane: number;
  readonly attempt: number;
  readonly deadline: number;
  readonly formedAt: number;
  readonly why: (typeof layout.WHY)[number];
  readonly effectivePriority: number;
  readonly waitedMs: number;
  /** Keys in commit order, the trigger last. */
  readonly items: readonly number[];
}

export interface NativeSettlement {
  readonly item: number;
  readonly slot: Slot;
  /** Of the turn that failed; undefined for an item that was in none. */
  readonly turn: TurnHandle | undefined;
  readonly kind: (typeof layout.KIND)[number];
  readonly reason: (typeof layout.REASON)[number];
  readonly notBefore: number;
  readonly attempt: number;
  readonly failures: number;
  readonly flags: number;
}

/** What there was to say about a message in a room, by what was said there before. */
export interface Heard {
  /** For `unhear`. */
  readonly number: number;
  readonly storm: boolean;
  readonly duplicate: boolean;
}

export interface FleetCounts {
  readonly lanes: Readonly<Record<(typeof layout.LANE)[number], number>>;
  readonly queued: number;
  readonly inStore: number;
  readonly inFlight: number;
  readonly held: (typeof layout.HELD)[number];
  readonly heldSince: number | undefined;
  readonly heldUntil: number | undefined;
  readonly draining: boolean;
  readonly breaker: (typeof layout.BREAKER)[number];
  readonly breakerFailures: number;
  readonly breakerUntil: number | undefined;
  readonly sleep: (typeof layout.SLEEP)[number];
  readonly energy: number;
  readonly debt: number;
  readonly slots: number;
  readonly bytes: number;
}

/** Why the next item of a conversation waits. */
export interface WaitingStrand {
  readonly conversation: number;
  readonly item: number;
  readonly queued: number;
  readonly held: (typeof layout.HELD)[number];
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** How much a persona has to do. */
export interface Load {
  readonly slot: Slot;
  readonly queued: number;
  readonly inFlight: number;
}

/** Writes the operation that hands in an item. */
export function packItem(operations: Float64Array, at: number, item: ArmedItem, slot: Slot, flags: number): void {
  operations[at + layout.ARM_ITEM] = item.key;
  operations[at + layout.ARM_SLOT] = slot;
  operations[at + layout.ARM_CONVERSATION] = item.conversation;
  operations[at + layout.ARM_LANE] = item.lane;
  operations[at + layout.ARM_PRIORITY] = item.priority;
  operations[at + layout.ARM_FLAGS] = flags;
  operations[at + layout.ARM_ENQUEUED_AT] = item.enqueuedAt;
  operations[at + layout.ARM_NOT_BEFORE] = item.notBefore ?? Number.NaN;
  operations[at + layout.ARM_EXPIRES_AT] = item.expiresAt ?? Number.NaN;
  operations[at + layout.ARM_MERGE_KEY] = item.mergeKey;
  operations[at + layout.ARM_ATTEMPT] = item.attempt;
  operations[at + layout.ARM_FAILURES] = item.failures;
}

export function packSettings(settings: PersonaSettings): Float64Array {
  const packed = new Float64Array(layout.SETTINGS_SIZE);
  packed[layout.SETTINGS_MAX_PARALLEL_TURNS] = settings.maxParallelTurns;
  packed[layout.SETTINGS_MAX_QUEUED] = settings.maxQueued;
  packed[layout.SETTINGS_DEADLINE_MS] = settings.deadlineMs;
  packed[layout.SETTINGS_PAUSED] = settings.paused ? 1 : 0;
  packed[layout.SETTINGS_ON_UNKNOWN] = layout.ON_UNKNOWN.indexOf(onUnknown(settings));
  packed[layout.SETTINGS_WINDOW_VOICE] = settings.windows.voice;
  packed[layout.SETTINGS_WINDOW_CHAT] = settings.windows.chat;
  packed[layout.SETTINGS_WINDOW_TASK] = settings.windows.task;
  packed[layout.SETTINGS_WINDOW_BACKGROUND] = settings.windows.background;
  packed[layout.SETTINGS_BREAKER_FAILURES] = settings.breakerFailures;
  packed[layout.SETTINGS_BREAKER_OPEN_MS] = settings.breakerOpenMs;
  packed[layout.SETTINGS_ROOM_GAP_MS] = settings.roomGapMs;
  packed[layout.SETTINGS_ROOM_CAP] = settings.roomCap;
  packed[layout.SETTINGS_UNDIRECTED] = settings.answerUndirected ? 1 : 0;
  packed[layout.SETTINGS_TEMPERAMENT] = settings.temperament ? 1 : 0;
  packed[layout.SETTINGS_COMPLEXITY] = settings.complexity;
  packed[layout.SETTINGS_COMPUTE] = settings.computeBudget;
  return packed;
}

/** The turns of a batch that native has filled. */
export function turnsOf(batch: Float64Array): FormedTurn[] {
  const turns: FormedTurn[] = [];
  let items = layout.ITEMS_AT;
  for (let n = 0; n < (batch[layout.HEAD_TURNS] ?? 0); n += 1) {
    const at = layout.TURNS_AT + n * layout.TURN_SIZE;
    const field = (offset: number) => batch[at + offset] ?? 0;
    const size = field(layout.TURN_ITEMS);
    turns.push({
      handle: field(layout.TURN_TURN),
      slot: field(layout.TURN_SLOT),
      conversation: field(layout.TURN_CONVERSATION),
      lane: field(layout.TURN_LANE),
      attempt: field(layout.TURN_ATTEMPT),
      deadline: field(layout.TURN_DEADLINE),
      formedAt: field(layout.TURN_FORMED_AT),
      why: layout.WHY[field(layout.TURN_WHY)] ?? "only",
      effectivePriority: field(layout.TURN_EFFECTIVE_PRIORITY),
      waitedMs: field(layout.TURN_WAITED_MS),
      items: numbersAt(batch, items, size),
    });
    items += size;
  }
  return turns;
}

/** The settlements of a batch that native has filled. */
export function settlementsOf(batch: Float64Array): NativeSettlement[] {
  return Array.from({ length: batch[layout.HEAD_SETTLEMENTS] ?? 0 }, (_, n) => {
    const at = layout.SETTLEMENTS_AT + n * layout.SETTLEMENT_SIZE;
    const field = (offset: number) => batch[at + offset] ?? 0;
    const turn = field(layout.SETTLEMENT_TURN);
    return {
      item: field(layout.SETTLEMENT_ITEM),
      slot: field(layout.SETTLEMENT_SLOT),
      turn: Number.isNaN(turn) ? undefined : turn,
      kind: layout.KIND[field(layout.SETTLEMENT_KIND)] ?? "dead",
      reason: layout.REASON[field(layout.SETTLEMENT_REASON)] ?? "cognition_failed",
      notBefore: field(layout.SETTLEMENT_NOT_BEFORE),
      attempt: field(layout.SETTLEMENT_ATTEMPT),
      failures: field(layout.SETTLEMENT_FAILURES),
      flags: field(layout.SETTLEMENT_FLAGS),
    };
  });
}

export function heardOf(heard: Float64Array): Heard {
  return {
    number: heard[layout.HEARD_NUMBER] ?? 0,
    storm: heard[layout.HEARD_STORM] === 1,
    duplicate: heard[layout.HEARD_DUPLICATE] === 1,
  };
}

export function countsOf(counts: Float64Array): FleetCounts {
  const at = (field: number) => counts[field] ?? 0;
  return {
    lanes: {
      voice: at(layout.STATUS_VOICE),
      chat: at(layout.STATUS_CHAT),
      task: at(layout.STATUS_TASK),
      background: at(layout.STATUS_BACKGROUND),
    },
    queued: at(layout.STATUS_QUEUED),
    inStore: at(layout.STATUS_IN_STORE),
    inFlight: at(layout.STATUS_IN_FLIGHT),
    held: layout.HELD[at(layout.STATUS_HELD)] ?? "nothing",
    heldSince: momentOf(at(layout.STATUS_HELD_SINCE)),
    heldUntil: momentOf(at(layout.STATUS_HELD_UNTIL)),
    draining: at(layout.STATUS_DRAINING) === 1,
    breaker: layout.BREAKER[at(layout.STATUS_BREAKER)] ?? "closed",
    breakerFailures: at(layout.STATUS_BREAKER_FAILURES),
    breakerUntil: momentOf(at(layout.STATUS_BREAKER_UNTIL)),
    sleep: layout.SLEEP[at(layout.STATUS_SLEEP)] ?? "active",
    energy: at(layout.STATUS_ENERGY),
    debt: at(layout.STATUS_DEBT),
    slots: at(layout.STATUS_PERSONAS),
    bytes: at(layout.STATUS_BYTES),
  };
}

export function strandsOf(strands: Float64Array, count: number): WaitingStrand[] {
  return Array.from({ length: count }, (_, n) => {
    const field = (offset: number) => strands[n * layout.STRAND_SIZE + offset] ?? 0;
    return {
      conversation: field(layout.STRAND_CONVERSATION),
      item: field(layout.STRAND_ITEM),
      queued: field(layout.STRAND_WAITING),
      held: layout.HELD[field(layout.STRAND_HELD)] ?? "nothing",
      since: momentOf(field(layout.STRAND_SINCE)),
      until: momentOf(field(layout.STRAND_UNTIL)),
    };
  });
}

export function loadsOf(loads: Float64Array, count: number): Load[] {
  return Array.from({ length: count }, (_, n) => {
    const field = (offset: number) => loads[n * layout.LOAD_SIZE + offset] ?? 0;
    return {
      slot: field(layout.LOAD_SLOT),
      queued: field(layout.LOAD_QUEUED),
      inFlight: field(layout.LOAD_IN_FLIGHT),
    };
  });
}

/** A view and `Array.from` would cost more than the turn around them. */
export function numbersAt(batch: Float64Array, at: number, count: number): number[] {
  const numbers: number[] = [];
  for (let n = at; n < at + count; n += 1) numbers.push(batch[n] ?? 0);
  return numbers;
}

const momentOf = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);

/** A tool may have done something before the crash that must not be done twice. */
function onUnknown({ onUnknownOutcome, tools }: PersonaSettings): (typeof layout.ON_UNKNOWN)[number] {
  if (onUnknownOutcome !== "auto") return onUnknownOutcome;
  return tools.length > 0 ? "ask" : "retry";
}
