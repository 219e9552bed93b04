/**
 * The life of a turn on the JavaScript side: begin is written, cognition answers, the settlement is
 * written, native is told. Whatever goes wrong on the way, every item of the turn ends in one of the
 * store's outcomes or waits again.
 */
import { type Clock, within } from "../clock.ts";
import type { Pass } from "../cognition/admission.ts";
import type { Budgets } from "../cognition/budgets/budgets.ts";
import { runCognition } from "../cognition/run.ts";
import { type ErrorCode, PersonaError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { Recorder } from "../record/recorder.ts";
import type { Subject } from "../record/tape.ts";
import type { Decision, MessageRow, Settle, Settled, SpendingRow, Store, TurnOutcome } from "../store/port.ts";
import type { Cognition, PersonaWarning } from "../types.ts";
import type { Conversations } from "./conversations.ts";
import { explanationOf } from "./explanation.ts";
import type { Fleet } from "./fleet.ts";
import type { Prepared } from "./intake.ts";
import { LiveTurn, type TurnSources, viewFor } from "./live-turn.ts";
import type { Mind } from "./minds.ts";
import type { FormedTurn, NativeSettlement, TurnHandle } from "./packed.ts";
import { Past } from "./past.ts";
import { isAgent, type Persona } from "./persona.ts";
import type { Personas } from "./personas.ts";
import type { Sessions, TurnSession } from "./sessions.ts";
import { Settlements } from "./settlements.ts";
import type { Texts } from "./texts.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** What the rest of the runtime does about a turn. */
export interface TurnEvents {
  started(turn: LiveTurn): void;
  token(turn: LiveTurn, token: string): void;
  /** The reply and the items it makes for others, ready to be written with the settlement. */
  compose(turn: LiveTurn, trigger: MessageRow, text: string): Promise<Prepared>;
  /**
   * The settlement is in the store. `turn` is undefined for items that were in none; `persona` is if whose they are is
   * gone since an earlier life.
   */
  settled(turn: LiveTurn | undefined, command: Settle, revs: readonly number[], persona: Persona | undefined): void;
  /** The settlement of this turn was not written and will not be. */
  notSettled(turn: LiveTurn): void;
  /** The store is not ours any more: nothing that runs can be recorded. */
  lost(error: PersonaError): void;
}

/** A turn that failed; it is written when native has said what becomes of each of its items. */
interface Ending {
  readonly turn: LiveTurn;
  readonly outcome: TurnOutcome;
  readonly error: string;
  readonly decisions: Decision[];
}

/** Items that native ended on its own, and whose they are. */
interface Ended {
  readonly command: Settle;
  readonly persona: Persona | undefined;
}

/** After a begin that could not be written. */
const RETRY_BEGIN_MS = 1_000;
/** With these a cognition says that it is not its fault, nor that of the items: they wait again, for so long. */
const LATER: ReadonlySet<ErrorCode> = new Set(["provider_throttled", "provider_unavailable"]);
const LATER_MS = { least: 100, most: 600_000 };

export class Turns {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #sessions: Sessions;
  readonly #waitingRoom: WaitingRoom;
  readonly #texts: Texts;
  readonly #events: TurnEvents;
  readonly #sources: TurnSources;
  readonly #budgets: Budgets;
  readonly #recorder: Recorder | undefined;
  readonly #warn: (warning: PersonaWarning) => void;
  /** Turns whose session is being read. */
  readonly #preparing = new Set<TurnHandle>();
  readonly #running = new Map<TurnHandle, LiveTurn>();
  readonly #ending = new Map<TurnHandle, Ending>();
  readonly #settlements: Settlements;
  /** Settlements on their way into the store. */
  #writing = 0;
  /** When what native ended on its own is written, as far as it is known. */
  #ended: Promise<void> = Promise.resolve();
  #idle: PromiseWithResolvers<void> | undefined;
  #isClosing = false;
  /** Why turns are being given back at the moment. */
  #interrupted: PersonaError | undefined;

  constructor(options: {
    store: Store;
    clock: Clock;
    fleet: Fleet;
    personas: Personas;
    conversations: Conversations;
    sessions: Sessions;
    waitingRoom: WaitingRoom;
    texts: Texts;
    events: TurnEvents;
    sources: TurnSources;
    budgets: Budgets;
    recorder: Recorder | undefined;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#fleet = options.fleet;
    this.#personas = options.personas;
    this.#conversations = options.conversations;
    this.#sessions = options.sessions;
    this.#waitingRoom = options.waitingRoom;
    this.#texts = options.texts;
    this.#events = options.events;
    this.#sources = options.sources;
    this.#budgets = options.budgets;
    this.#recorder = options.recorder;
    this.#warn = options.warn;
    const { store, clock, sessions, events, warn } = options;
    this.#settlements = new Settlements({ store, clock, sessions, lost: (error) => events.lost(error), warn });
  }

  /** Resolves when what native has ended on its own so far is written. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Takes turns that native formed. */
  start(formed: readonly FormedTurn[]): void {
    for (const one of formed) void this.#run(one);
  }

  /** Native ended these turns at their deadline; what becomes of their items follows. */
  expire(handles: readonly TurnHandle[]): void {
    for (const handle of handles) {
      this.#preparing.delete(handle);
      const turn = this.#running.get(handle);
      if (turn === undefined) continue;
      const seconds = (turn.formed.deadline - turn.formed.formedAt) / 1000;
      const error = new PersonaError("cognition_timeout", `${turn.persona.id} did not answer within ${seconds} s`);
      this.#end(turn, "timeout", error);
    }
  }

  /** Native says what becomes of items that failed, expired or were given back. */
  settle(settlements: readonly NativeSettlement[]): void {
    const ended: Ended[] = [];
    for (const settlement of settlements) {
      const ending = settlement.turn === undefined ? undefined : this.#ending.get(settlement.turn);
      if (ending === undefined) {
        // Each by itself: what has become of one item says nothing about the next.
        const command = { turn: null, decisions: [decisionOn(settlement, null)], at: this.#clock.now() };
        // Before its slot is let go.
        const persona = this.#personas.bySlot(settlement.slot);
        // An item that waits again may soon be in a turn, and this has to be written before.
        if (settlement.kind === "retry") void this.#write(undefined, command, persona);
        else ended.push({ command, persona });
        continue;
      }
      const { turn, outcome, error, decisions } = ending;
      decisions.push(decisionOn(settlement, error));
      if (decisions.length < turn.formed.items.length) continue;
      this.#ending.delete(turn.formed.handle);
      void this.#write(turn, this.#settlement(turn, outcome, error, decisions));
    }
    if (ended.length > 0) this.#ended = this.#writeEnded(ended, this.#ended);
  }

  /**
   * Native is gone and will not say what becomes of any turn: those that run are aborted, and their
   * items go back to wait, like those of turns that failed. Resolves when the store has all of it.
   */
  async abandon(reason: PersonaError): Promise<void> {
    this.#interrupted = reason;
    this.#preparing.clear();
    for (const { turn, outcome, error } of this.#ending.values()) this.#return(turn, outcome, error);
    this.#ending.clear();
    for (const turn of this.#running.values()) this.#giveBack(turn, reason);
    await this.#whenIdle();
    if (!this.#isClosing) this.#interrupted = undefined;
  }

  /** Resolves when no turn runs and nothing is being written, or when `graceMs` are over; then aborts the rest. */
  async drain(graceMs: number): Promise<void> {
    if (graceMs > 0) await within(this.#clock, graceMs, this.#whenIdle());
    const reason = new PersonaError("runtime_closed", "The runtime is closing");
    this.#interrupted = reason;
    this.#isClosing = true;
    this.#settlements.close();
    for (const turn of this.#running.values()) this.#giveBack(turn, reason);
    await this.#whenIdle();
  }

  async #run(formed: FormedTurn): Promise<void> {
    const persona = this.#personas.bySlot(formed.slot);
    if (persona === undefined)
      throw new PersonaError("internal", `A turn was formed for slot ${formed.slot}, which nobody has`);
    const found = this.#sessions.forTurn(persona, formed.conversation);
    const session = found instanceof Promise ? await this.#prepared(persona, formed, found) : found;
    if (session === "given_back") return;
    const mind = session?.mind ?? persona;
    // Another model than that of the persona waits for room inside of the turn: it holds nothing but its session.
    const pass = mind === persona ? this.#waitingRoom.enter(persona) : { answer: mind.cognition, leave: () => {} };
    if (pass === undefined) {
      // Nothing was written: the items go back as they were, and the persona waits.
      this.#fleet.complete(formed.handle, "cancelled", this.#clock.now());
      return;
    }
    try {
      await this.#attend(persona, formed, pass, mind, session);
    } finally {
      pass.leave();
    }
  }

  /** What was to be read first, unless the turn is over by then, or it cannot be read: then its items wait again. */
  async #prepared(
    persona: Persona,
    { handle }: FormedTurn,
    found: Promise<TurnSession>,
  ): Promise<TurnSession | "given_back"> {
    this.#preparing.add(handle);
    try {
      const session = await found;
      if (!this.#preparing.has(handle)) return "given_back";
      if (this.#interrupted === undefined) return session;
      this.#fleet.complete(handle, "cancelled", this.#clock.now());
    } catch (cause) {
      this.#warnOfBegin(persona, cause);
      if (this.#preparing.has(handle)) this.#fleet.complete(handle, "cancelled", this.#clock.now() + RETRY_BEGIN_MS);
    } finally {
      this.#preparing.delete(handle);
      this.#checkIdle();
    }
    return "given_back";
  }

  async #attend(
    persona: Persona,
    formed: FormedTurn,
    { answer }: Pass,
    mind: Mind,
    session: TurnSession | undefined,
  ): Promise<void> {
    const turn = new LiveTurn({
      store: this.#store,
      clock: this.#clock,
      budgets: this.#budgets,
      persona,
      formed,
      session,
      cognitionKind: mind.cognitionKind,
      onToken: this.#events.token,
    });
    this.#running.set(formed.handle, turn);
    try {
      const begun = this.#store.begin({
        key: turn.key,
        tenant: persona.row.tenant,
        persona: persona.row.key,
        conversation: formed.conversation,
        lane: formed.lane,
        attempt: formed.attempt,
        epoch: this.#store.epoch,
        items: formed.items,
        formedAt: formed.formedAt,
        deadline: formed.deadline,
        outcome: null,
        settledAt: null,
        reply: null,
        error: null,
        explanation: explanationOf(turn),
      });
      if (turn.cognitionKind === "provider") void this.#readAhead(turn);
      await begun;
    } catch (cause) {
      // Nothing was written and cognition has not been asked: the items simply wait a little longer.
      this.#warnOfBegin(persona, cause);
      this.#forget(turn);
      this.#fleet.complete(formed.handle, "cancelled", this.#clock.now() + RETRY_BEGIN_MS);
      return;
    }
    turn.begunAt = this.#clock.now();
    if (this.#interrupted !== undefined) this.#giveBack(turn, this.#interrupted);
    if (turn.over) return;
    await this.#think(turn, answer);
  }

  /** What a prompt will have to be made of is read while begin is on its way to the disk. */
  async #readAhead(turn: LiveTurn): Promise<void> {
    const messages = this.#known(turn.formed.items);
    if (messages === undefined) return;
    turn.past = new Past(this.#store, turn, messages);
    // The store hands begin to the disk in a microtask that is there already.
    await undefined;
    await turn.past.readAhead();
  }

  #warnOfBegin({ id }: Persona, cause: unknown): void {
    this.#warn({ code: "begin_failed", message: `A turn of ${id} could not be written; it is tried again`, cause });
  }

  async #think(turn: LiveTurn, cognition: Cognition): Promise<void> {
    try {
      const place = await this.#conversations.byKey(turn.formed.conversation);
      if (place === undefined) throw new PersonaError("internal", "The conversation of a turn is not in the store");
      if (turn.over) return;
      turn.place = place;
      this.#events.started(turn);
      if (turn.session?.fault !== undefined) return await this.#giveUp(turn, turn.session.fault);
      const messages = await this.#messages(turn.formed.items);
      if (this.#isBounded(turn)) await turn.purse.assertNotEmpty();
      if (turn.over) return;
      const view = viewFor(turn, messages, this.#sources);
      turn.tape = this.#recorder?.tape(subjectOf(turn, this.#store.salt));
      const think = () => runCognition(cognition, turn.tape?.of(view) ?? view, turn);
      const answered = await (turn.trace === undefined ? think() : turn.trace.run(think));
      if (turn.over) return;
      turn.tape?.end(answered, turn.facts.noted, false);
      turn.close();
      // It answered in time: from here on the lease must not run out.
      this.#fleet.settling(turn.formed.handle);
      if (answered.kind === "declined") return await this.#decline(turn, answered.reason, null);
      turn.usage = answered.usage;
      if (answered.usage !== undefined && !turn.purse.used) {
        await turn.purse.book(answered.usage, turn.model ?? null);
      }
      const trigger = messages.at(-1) as MessageRow;
      turn.composed = await this.#events.compose(turn, trigger, answered.text);
      const decisions = turn.formed.items.map(
        (item): Decision => ({ item, outcome: "answered", reason: null, error: null }),
      );
      const command = { ...this.#settlement(turn, "answered", null, decisions), reply: turn.composed };
      // The runtime may have been closed while the reply was composed.
      if (turn.over) this.#events.notSettled(turn);
      else await this.#finish(turn, "done", command);
    } catch (error) {
      if (turn.over) return;
      turn.tape?.end(error as Error, turn.facts.noted, false);
      turn.close();
      if (error instanceof PersonaError && error.code === "budget_exhausted") {
        const { retryAfterMs, message } = error;
        if (retryAfterMs !== undefined) return await this.#postpone(turn, message, retryAfterMs);
        this.#fleet.settling(turn.formed.handle);
        return await this.#decline(turn, error.code, message);
      }
      const later = laterOf(error);
      if (later === undefined) this.#end(turn, "failed", error instanceof Error ? error : new Error(String(error)));
      else await this.#postpone(turn, (error as Error).message, later);
    }
  }

  /** Whether a budget stands before what the persona may do; a rehearsal costs nothing, nor does most of what agents do. */
  #isBounded({ cognitionKind, persona }: LiveTurn): boolean {
    if (isAgent(persona.id)) return false;
    return cognitionKind !== "rehearsal" && this.#budgets.bounds(persona.definition.settings.budget);
  }

  async #decline(turn: LiveTurn, reason: string, error: string | null): Promise<void> {
    const decisions = turn.formed.items.map((item): Decision => ({ item, outcome: "declined", reason, error: null }));
    await this.#finish(turn, "declined", this.#settlement(turn, "declined", error, decisions));
  }

  /** Nothing of this session can be answered as it is: its items are dead letters at once, and the persona is not blamed. */
  async #giveUp(turn: LiveTurn, { code, message }: PersonaError): Promise<void> {
    turn.close();
    this.#fleet.settling(turn.formed.handle);
    const decisions = turn.formed.items.map(
      (item): Decision => ({ item, outcome: "dead", reason: code, error: message }),
    );
    await this.#finish(turn, "declined", this.#settlement(turn, "failed", message, decisions));
  }

  /** The messages behind items: from memory, or from the store after a restart. */
  async #messages(items: readonly number[]): Promise<readonly MessageRow[]> {
    const known = this.#known(items);
    if (known !== undefined) return known;
    return Promise.all(
      items.map(async (item) => {
        const message =
          this.#texts.get(item) ?? (await this.#store.message((await this.#store.item(item))?.message ?? 0));
        if (message === undefined)
          throw new PersonaError("internal", `The message of item ${item} is not in the store`);
        return message;
      }),
    );
  }

  /** The same from memory; undefined where one of them is not there. */
  #known(items: readonly number[]): readonly MessageRow[] | undefined {
    const known = items.map((item) => this.#texts.get(item));
    return known.every((row) => row !== undefined) ? known : undefined;
  }

  /** Those of one drive after those of the one before: however many end together, what else is written need not wait for all. */
  async #writeEnded(ended: readonly Ended[], before: Promise<void>): Promise<void> {
    this.#writing += 1;
    await before;
    await Promise.all(ended.map(({ command, persona }) => this.#write(undefined, command, persona)));
    this.#writing -= 1;
    this.#checkIdle();
  }

  /** Writes what cognition answered; native hears of it once it is written. */
  async #finish(turn: LiveTurn, outcome: "done" | "declined", command: Settle): Promise<void> {
    turn.over = true;
    await this.#write(turn, command, turn.persona, () => this.#fleet.complete(turn.formed.handle, outcome));
    this.#forget(turn);
  }

  /** The items of a turn wait for so long, blamed for nothing. */
  async #postpone(turn: LiveTurn, error: string, ms: number): Promise<void> {
    turn.over = true;
    this.#fleet.settling(turn.formed.handle);
    const notBefore = this.#clock.now() + ms;
    const decisions = turn.formed.items.map((item): Decision => ({ item, outcome: "retry", notBefore }));
    const command = this.#settlement(turn, "cancelled", error, decisions);
    const written = () => this.#fleet.complete(turn.formed.handle, "throttled", notBefore);
    await this.#write(turn, command, turn.persona, written);
    this.#forget(turn);
  }

  /** The turn failed: native decides what becomes of each item, and `settle` writes it. */
  #end(turn: LiveTurn, outcome: "failed" | "timeout", error: Error): void {
    turn.abort(error);
    this.#running.delete(turn.formed.handle);
    this.#ending.set(turn.formed.handle, { turn, outcome, error: error.message, decisions: [] });
    if (outcome === "failed") this.#fleet.complete(turn.formed.handle, "failed");
  }

  /** Interrupts a turn that runs: its items go back to wait. */
  #giveBack(turn: LiveTurn, reason: PersonaError): void {
    if (turn.over || turn.begunAt === 0) return;
    turn.abort(reason);
    this.#return(turn, "cancelled", reason.message);
    this.#forget(turn);
  }

  /** The items of a turn go back to wait, blamed for nothing. */
  #return(turn: LiveTurn, outcome: TurnOutcome, error: string): void {
    const notBefore = this.#clock.now();
    const decisions = turn.formed.items.map((item): Decision => ({ item, outcome: "retry", notBefore }));
    void this.#write(turn, this.#settlement(turn, outcome, error, decisions));
  }

  #settlement(turn: LiveTurn, outcome: TurnOutcome, error: string | null, decisions: readonly Decision[]): Settle {
    const at = this.#clock.now();
    const spent = turn.closePurse();
    if (spent?.usd !== undefined) turn.facts.note({ costUsd: spent.usd });
    const explanation = explanationOf(turn);
    return {
      turn: { key: turn.key, attempt: turn.formed.attempt, outcome, error, explanation },
      decisions,
      ...(spent === undefined ? {} : { spending: spent.rows }),
      at,
    };
  }

  /** Calls `written` and tells the others, unless it could not be written: the store is not ours any more, or the runtime closes. */
  async #write(
    turn: LiveTurn | undefined,
    command: Settle,
    persona: Persona | undefined = turn?.persona,
    written: () => void = () => {},
  ): Promise<void> {
    this.#writing += 1;
    try {
      const settled = await this.#settlements.write(turn, command);
      if (settled === undefined) return;
      // First, so that who hears of the outcome finds the room free that the items had.
      written();
      if (command.spending !== undefined) await this.#paid(turn, settled.status, command.spending);
      if (settled.status === "settled") this.#events.settled(turn, command, settled.revs, persona);
      // Its begin was never written, so its items are in no turn: the decisions hold without it.
      else if (turn?.begunAt === 0) await this.#write(undefined, { ...command, turn: null }, persona);
      else if (turn !== undefined) this.#events.notSettled(turn);
    } finally {
      this.#writing -= 1;
      this.#checkIdle();
    }
  }

  /** A settlement that is late changes nothing, but what its turn has spent is spent. */
  async #paid(turn: LiveTurn | undefined, status: Settled["status"], spending: readonly SpendingRow[]): Promise<void> {
    try {
      if (status === "late") await this.#store.spend(spending);
      turn?.purse.written();
    } catch (cause) {
      this.#warn({ code: "spending_not_written", message: "What a late turn has spent could not be written", cause });
    }
  }

  #forget(turn: LiveTurn): void {
    this.#running.delete(turn.formed.handle);
    this.#checkIdle();
  }

  #whenIdle(): Promise<void> {
    this.#idle ??= Promise.withResolvers();
    const { promise } = this.#idle;
    this.#checkIdle();
    return promise;
  }

  #checkIdle(): void {
    if (this.#running.size + this.#preparing.size + this.#ending.size + this.#writing > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

/** What a recording says of a turn beside what its cognition sees. */
function subjectOf({ id, persona, cognitionKind, formed }: LiveTurn, salt: number): Subject {
  const { row, definition } = persona;
  const items = formed.items.map((item) => encodeId("item", item, salt));
  return { turn: id, tenant: row.tenant, kind: cognitionKind, definition, items };
}

/** Milliseconds after which cognition wants to be asked again, if that is what it said. */
function laterOf(error: unknown): number | undefined {
  if (!(error instanceof PersonaError) || !LATER.has(error.code)) return undefined;
  const { retryAfterMs } = error;
  if (retryAfterMs === undefined || Number.isNaN(retryAfterMs)) return undefined;
  return Math.min(Math.max(retryAfterMs, LATER_MS.least), LATER_MS.most);
}

function decisionOn(settlement: NativeSettlement, error: string | null): Decision {
  const { item, notBefore, failures, flags } = settlement;
  if (settlement.kind === "retry") return { item, outcome: "retry", notBefore, failures, flags };
  return { item, outcome: settlement.kind, reason: settlement.reason, error, failures };
}
