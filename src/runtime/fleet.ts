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
import { LANES } from "../store/port.ts";
import type { PersonaSettings, SleepMode } from "../types.ts";
import {
  type ArmedItem,
  countsOf,
  type FleetCounts,
  type FormedTurn,
  type Heard,
  heardOf,
  type Load,
  loadsOf,
  type NativeSettlement,
  numbersAt,
  packItem,
  packSettings,
  type Slot,
  settlementsOf,
  strandsOf,
  type TurnHandle,
  turnsOf,
  type WaitingStrand,
} from "./packed.ts";

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
  /** The clock was moved forward by so many milliseconds since the last drive. */
  stepped(ms: number): void;
  /** The native cycle failed; nothing can be asked of it any more. */
  failed(error: PersonaError): void;
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
  /** What is known of `clock.stepped`. */
  #stepped: number;
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
    this.#stepped = options.clock.stepped ?? 0;
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
    return heardOf(heard);
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

  /** Why an item with these flags would be declined at once, if it would: then it need not be admitted, nor armed. */
  declines(slot: Slot, flags: number): (typeof layout.REASON)[number] | undefined {
    const code = this.#guard(() => this.#addon.fleetDeclines(this.#native, slot, flags));
    return code === 0 ? undefined : layout.REASON[code - 1];
  }

  /** Reserves room for `n` items; the reason if there is none. */
  admit(slot: Slot, n: number): (typeof layout.REFUSAL)[number] | undefined {
    const refusal = this.#admit(slot, n);
    if (refusal !== "full" || this.#pending === 0) return refusal;
    // What has ended since the last drive may make room.
    this.#drive();
    return this.#admit(slot, n);
  }

  #admit(slot: Slot, n: number): (typeof layout.REFUSAL)[number] | undefined {
    const code = this.#guard(() => this.#addon.fleetAdmit(this.#native, slot, n));
    // Nothing stands at -1, but it takes long to find that out.
    return code === 0 ? undefined : layout.REFUSAL[code - 1];
  }

  /** Gives a reservation back whose rows were not written. */
  release(slot: Slot, n: number): void {
    this.#guard(() => this.#addon.fleetRelease(this.#native, slot, n));
    this.#schedule();
  }

  /** Hands in an item that is in the store, with the flags it has by now. */
  arm(item: ArmedItem, slot: Slot, flags: number): void {
    const at = this.#operation(layout.OP_ARM);
    packItem(this.#operations, at, item, slot, flags);
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
    return countsOf(counts);
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
    return strandsOf(strands, count);
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
    return loadsOf(this.#loads, count);
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
    const now = this.#clock.now();
    const stepped = (this.#clock.stepped ?? 0) - this.#stepped;
    this.#stepped += stepped;
    const count = this.#pending;
    this.#pending = 0;
    try {
      const operations = this.#operations.subarray(0, count * layout.OP_SIZE);
      if (stepped > 0) this.#addon.fleetStepped(this.#native, stepped);
      this.#addon.fleetDrive(this.#native, now, this.#dispatching, operations, this.#batch);
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    this.#deliver();
    if (stepped > 0) this.#events.stepped(stepped);
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
    if (count(layout.HEAD_SETTLEMENTS) > 0) this.#events.settlements(settlementsOf(batch));
    if (count(layout.HEAD_WOKEN) > 0) this.#events.woken(numbersAt(batch, layout.WOKEN_AT, count(layout.HEAD_WOKEN)));
    if (count(layout.HEAD_FREED) > 0) this.#events.freed(numbersAt(batch, layout.FREED_AT, count(layout.HEAD_FREED)));
    if (count(layout.HEAD_WANTED) > 0)
      this.#events.wanted(numbersAt(batch, layout.WANTED_AT, count(layout.HEAD_WANTED)));
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
