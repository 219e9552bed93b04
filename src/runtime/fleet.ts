/**
 * The driver of the native service cycle. It runs on the JavaScript thread: operations collect in one
 * packed array, and one call per turn of the event loop hands them in and takes turns and settlements
 * out. Between calls there is one timer, for the next deadline, and none when nothing waits for time.
 * (ARCHITECTURE.md has the measurement that decided against a thread of its own.)
 */
import { type Addon, loadAddon } from "../addon.ts";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import * as layout from "../layout.ts";
import { type ItemRow, LANES } from "../store/port.ts";
import type { PersonaSettings, SleepMode } from "../types.ts";

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

/** What a drive found; called synchronously, in this order, once each at most per drive. */
export interface FleetEvents {
  turns(turns: readonly FormedTurn[]): void;
  /** Leases that ran out. */
  expired(turns: readonly TurnHandle[]): void;
  settlements(settlements: readonly NativeSettlement[]): void;
  /** Slots that are gone for good. */
  freed(slots: readonly Slot[]): void;
  /** Slots that slept and do not any more. */
  woken(slots: readonly Slot[]): void;
  /** Items that native had put aside and has room for: to be armed again, in this order. */
  wanted(items: readonly number[]): void;
  /** The native cycle failed; nothing can be asked of it any more. */
  failed(error: PersonaError): void;
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

/** Most conversations that `why` tells of. */
const MAX_STRANDS = 100;

type Outcome = (typeof layout.OUTCOME)[number];

export class Fleet {
  readonly #addon: Addon;
  readonly #create: () => ReturnType<Addon["fleetCreate"]>;
  #native: ReturnType<Addon["fleetCreate"]>;
  readonly #clock: Clock;
  readonly #events: FleetEvents;
  readonly #batch = new Float64Array(layout.BATCH_SIZE);
  readonly #counts = new Float64Array(layout.STATUS_SIZE);
  readonly #heard = new Float64Array(layout.HEARD_SIZE);
  readonly #strands = new Float64Array(MAX_STRANDS * layout.STRAND_SIZE);
  #loads = new Float64Array(256 * layout.LOAD_SIZE);
  #operations = new Float64Array(256 * layout.OP_SIZE);
  #pending = 0;
  #scheduled = false;
  #cancelAlarm: (() => void) | undefined;
  #dispatching = true;
  /** Why nothing can be asked any more: it failed, or was closed. */
  #end: PersonaError | undefined;

  constructor(options: {
    clock: Clock;
    maxTurnsInFlight: number;
    seed: number;
    /** What becomes of items beyond a persona's windows. */
    overflow: (typeof layout.OVERFLOW)[number];
    events: FleetEvents;
  }) {
    this.#addon = loadAddon();
    const overflow = layout.OVERFLOW.indexOf(options.overflow);
    this.#create = () => this.#addon.fleetCreate(options.maxTurnsInFlight, options.seed, overflow);
    this.#native = this.#create();
    this.#clock = options.clock;
    this.#events = options.events;
  }

  /** Whether nothing can be asked of it any more. */
  get over(): boolean {
    return this.#end !== undefined;
  }

  enroll(settings: PersonaSettings): Slot {
    return this.#guard(() => this.#addon.fleetEnroll(this.#native, packSettings(settings), this.#clock.now()));
  }

  configure(slot: Slot, settings: PersonaSettings): void {
    this.#guard(() => this.#addon.fleetConfigure(this.#native, slot, packSettings(settings), this.#clock.now()));
    this.#schedule();
  }

  /** Puts a persona to sleep or wakes it. If something waits that wakes it, it is woken at once. */
  sleep(slot: Slot, mode: SleepMode, until = Number.NaN): void {
    if (this.#pending > 0) this.#drive();
    const place = layout.SLEEP.indexOf(mode);
    this.#guard(() => this.#addon.fleetSleep(this.#native, slot, place, until, this.#clock.now()));
    this.#schedule();
  }

  /** Takes note of a message in a room; `content` stands for who says what, 0 for what is like nothing else. */
  hear(room: number, human: boolean, content: number): Heard {
    const heard = this.#heard;
    this.#guard(() => this.#addon.fleetHear(this.#native, room, human, content, this.#clock.now(), heard));
    return {
      number: heard[layout.HEARD_NUMBER] ?? 0,
      storm: heard[layout.HEARD_STORM] === 1,
      duplicate: heard[layout.HEARD_DUPLICATE] === 1,
    };
  }

  /** Takes back a message that was not written after all. */
  unhear(room: number, number: number): void {
    this.#guard(() => this.#addon.fleetUnhear(this.#native, room, number));
  }

  unenroll(slot: Slot, mode: "drain" | "return"): void {
    // A slot with nothing in it is freed at once, so what was handed in has to be there.
    if (this.#pending > 0) this.#drive();
    this.#guard(() => this.#addon.fleetUnenroll(this.#native, slot, layout.UNENROLL.indexOf(mode)));
    this.#schedule();
  }

  /** Reserves room for `n` items; the reason if there is none. */
  admit(slot: Slot, n: number): (typeof layout.REFUSAL)[number] | undefined {
    const admit = () => layout.REFUSAL[this.#guard(() => this.#addon.fleetAdmit(this.#native, slot, n)) - 1];
    const refusal = admit();
    if (refusal !== "full" || this.#pending === 0) return refusal;
    // What has ended since the last drive may make room.
    this.#drive();
    return admit();
  }

  /** Gives a reservation back whose rows were not written. */
  release(slot: Slot, n: number): void {
    this.#guard(() => this.#addon.fleetRelease(this.#native, slot, n));
    this.#schedule();
  }

  /** Hands in an item that is in the store, with the flags it has by now. */
  arm(item: ArmedItem, slot: Slot, flags: number): void {
    const at = this.#operation(layout.OP_ARM);
    const operations = this.#operations;
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

  /** Cognition has answered and its reply is being written: the lease must not run out any more. */
  settling(turn: TurnHandle): void {
    this.#operations[this.#operation(layout.OP_SETTLING) + layout.COMPLETE_TURN] = turn;
  }

  /** The turn has ended; `retryAt` says when items that go back may be tried again. */
  complete(turn: TurnHandle, outcome: Outcome, retryAt = Number.NaN): void {
    const at = this.#operation(layout.OP_COMPLETE);
    this.#operations[at + layout.COMPLETE_TURN] = turn;
    this.#operations[at + layout.COMPLETE_OUTCOME] = layout.OUTCOME.indexOf(outcome);
    this.#operations[at + layout.COMPLETE_RETRY_AT] = retryAt;
  }

  /** Counts of one persona, or of the fleet, with everything that was handed in. */
  counts(slot?: Slot): FleetCounts {
    if (this.#pending > 0) this.#drive();
    const counts = this.#counts;
    this.#guard(() => this.#addon.fleetStatus(this.#native, slot ?? Number.NaN, counts));
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

  /** What waits and runs for these personas together; a call into native for each. */
  load(slots: readonly Slot[]): Pick<FleetCounts, "queued" | "inStore" | "inFlight" | "lanes"> {
    const sum = { queued: 0, inStore: 0, inFlight: 0, lanes: { voice: 0, chat: 0, task: 0, background: 0 } };
    for (const slot of slots) {
      const { queued, inStore, inFlight, lanes } = this.counts(slot);
      sum.queued += queued;
      sum.inStore += inStore;
      sum.inFlight += inFlight;
      for (const lane of LANES) sum.lanes[lane] += lanes[lane];
    }
    return sum;
  }

  /** Why the conversations of a persona wait, with everything that was handed in; some of them, if there are many. */
  why(slot: Slot): WaitingStrand[] {
    if (this.#pending > 0) this.#drive();
    const strands = this.#strands;
    const count = this.#guard(() => this.#addon.fleetWhy(this.#native, slot, strands));
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

  /** Whoever has something waiting or in a turn, in no particular order, with everything that was handed in. */
  loads(): Load[] {
    if (this.#pending > 0) this.#drive();
    const read = () => this.#guard(() => this.#addon.fleetLoads(this.#native, this.#loads));
    let count = read();
    if (count * layout.LOAD_SIZE > this.#loads.length) {
      this.#loads = new Float64Array(2 * count * layout.LOAD_SIZE);
      count = read();
    }
    return Array.from({ length: count }, (_, n) => {
      const field = (offset: number) => this.#loads[n * layout.LOAD_SIZE + offset] ?? 0;
      return {
        slot: field(layout.LOAD_SLOT),
        queued: field(layout.LOAD_QUEUED),
        inFlight: field(layout.LOAD_IN_FLIGHT),
      };
    });
  }

  /** Forms no further turns; what runs can still end. */
  stopDispatching(): void {
    this.#dispatching = false;
  }

  /** Begins anew after a failure, with nobody enrolled; every handle of before is void. */
  restart(): void {
    this.#native = this.#create();
    this.#pending = 0;
    this.#end = undefined;
  }

  /** Lets the native memory go. */
  close(): void {
    this.#end ??= new PersonaError("runtime_closed", "The runtime is closed; create another one");
    this.#cancelAlarm?.();
    this.#addon.fleetClose(this.#native);
  }

  #operation(op: number): number {
    const at = this.#pending * layout.OP_SIZE;
    if (at === this.#operations.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#operations);
      this.#operations = larger;
    }
    this.#operations[at] = op;
    this.#pending += 1;
    this.#schedule();
    return at;
  }

  #schedule(): void {
    if (this.#scheduled || this.over) return;
    this.#scheduled = true;
    setImmediate(this.#drive);
  }

  readonly #drive = (): void => {
    this.#scheduled = false;
    if (this.over) return;
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    const count = this.#pending;
    this.#pending = 0;
    try {
      const operations = this.#operations.subarray(0, count * layout.OP_SIZE);
      this.#addon.fleetDrive(this.#native, this.#clock.now(), this.#dispatching, operations, this.#batch);
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    this.#deliver();
    if (this.#batch[layout.HEAD_MORE] === 1) this.#schedule();
    const deadline = this.#batch[layout.HEAD_DEADLINE] ?? Number.NaN;
    if (!this.#scheduled && !Number.isNaN(deadline)) {
      this.#cancelAlarm = this.#clock.at(deadline, () => {
        this.#cancelAlarm = undefined;
        this.#schedule();
      });
    }
  };

  #deliver(): void {
    const batch = this.#batch;
    const count = (field: number) => batch[field] ?? 0;
    if (count(layout.HEAD_TURNS) > 0) this.#events.turns(turnsOf(batch));
    if (count(layout.HEAD_EXPIRED) > 0)
      this.#events.expired(numbersAt(batch, layout.EXPIRED_AT, count(layout.HEAD_EXPIRED)));
    if (count(layout.HEAD_SETTLEMENTS) > 0) this.#events.settlements(this.#settled(count(layout.HEAD_SETTLEMENTS)));
    if (count(layout.HEAD_WOKEN) > 0) this.#events.woken(numbersAt(batch, layout.WOKEN_AT, count(layout.HEAD_WOKEN)));
    if (count(layout.HEAD_FREED) > 0) this.#events.freed(numbersAt(batch, layout.FREED_AT, count(layout.HEAD_FREED)));
    if (count(layout.HEAD_WANTED) > 0)
      this.#events.wanted(numbersAt(batch, layout.WANTED_AT, count(layout.HEAD_WANTED)));
  }

  #settled(count: number): NativeSettlement[] {
    const batch = this.#batch;
    return Array.from({ length: count }, (_, n) => {
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

  /** A call that fails is a defect: the input was checked before. The fleet is given up rather than trusted. */
  #guard<Result>(call: () => Result): Result {
    if (this.#end !== undefined) throw this.#end;
    try {
      return call();
    } catch (cause) {
      throw this.#fail(cause);
    }
  }

  #fail(cause: unknown): PersonaError {
    const error = new PersonaError("driver_failed", "The native service cycle failed; accepted items are kept", {
      cause,
    });
    this.#end = error;
    this.#events.failed(error);
    return error;
  }
}

function packSettings(settings: PersonaSettings): Float64Array {
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

const momentOf = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);

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

/** A view and `Array.from` would cost more than the turn around them. */
function numbersAt(batch: Float64Array, at: number, count: number): number[] {
  const numbers: number[] = [];
  for (let n = at; n < at + count; n += 1) numbers.push(batch[n] ?? 0);
  return numbers;
}

/** A tool may have done something before the crash that must not be done twice. */
function onUnknown({ onUnknownOutcome, tools }: PersonaSettings): (typeof layout.ON_UNKNOWN)[number] {
  if (onUnknownOutcome !== "auto") return onUnknownOutcome;
  return tools.length > 0 ? "ask" : "retry";
}
