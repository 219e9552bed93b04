/** One runtime: the fleet, the store, and everything between them. */
import { setImmediate } from "node:timers/promises";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { ExitJudge } from "../catalogue/exit-judge.ts";
import { createCatalogue } from "../catalogue/registry.ts";
import type { ResolveDefaults } from "../catalogue/resolved-session.ts";
import type { Clock } from "../clock.ts";
import { Budgets } from "../cognition/budgets/budgets.ts";
import type { CheckedBudgets } from "../cognition/budgets/settings.ts";
import { type RegisteredTool, Toolbox } from "../cognition/toolbox.ts";
import { PersonaError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { FLAG_ADMITTED, FLAG_PAGED, FLAG_UNKNOWN, FLAG_WAS_ALONE } from "../layout.ts";
import { FleetAgents } from "../mapping/agents.ts";
import { MappingEngine, type MappingOptions } from "../mapping/mapping.ts";
import { random } from "../random.ts";
import type { Recorder } from "../record/recorder.ts";
import type { ConversationRow, FedItem, MessageRow, Settle, Store } from "../store/port.ts";
import type * as api from "../types.ts";
import { StoredApiKeys } from "./api-keys.ts";
import { ClientCalls } from "./client-calls.ts";
import { Conversations } from "./conversations.ts";
import { DeadLetters } from "./dead-letters.ts";
import { begunTurn, endedTurn } from "./ended-turn.ts";
import { EventHub } from "./event-hub.ts";
import { ExitJudging } from "./exit-judging.ts";
import { Explanations } from "./explanation.ts";
import { Fleet } from "./fleet.ts";
import { Intake, OF_A_REPLY, type Prepared } from "./intake.ts";
import type { LiveTurn } from "./live-turn.ts";
import { Minds } from "./minds.ts";
import { Outcomes } from "./outcomes.ts";
import { Paging } from "./paging.ts";
import { type Persona, Personas } from "./personas.ts";
import { profileOf } from "./profile.ts";
import { Reception } from "./reception.ts";
import { Rooms } from "./rooms.ts";
import { DEFAULT_TENANT } from "./scope.ts";
import { Sessions } from "./sessions.ts";
import { fleetStatus, healthOf } from "./status.ts";
import { newTally } from "./tally.ts";
import { type Engine, TenantRuntime } from "./tenant.ts";
import { Texts } from "./texts.ts";
import { Origins, type Tracing } from "./tracing.ts";
import { Turns } from "./turns.ts";
import { Changes } from "./views.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface RuntimeParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly seed: number;
  readonly maxTurnsInFlight: number;
  readonly maxHops: number;
  readonly cognition?: api.Cognition | undefined;
  readonly providers?: api.Providers | undefined;
  readonly tools?: readonly RegisteredTool[] | undefined;
  readonly onWarning?: ((warning: api.PersonaWarning) => void) | undefined;
  readonly recorder?: Recorder | undefined;
  readonly prices?: Readonly<Record<string, api.Price>>;
  readonly budgets?: CheckedBudgets;
  readonly tracing?: Tracing | undefined;
  /** Default: an empty one, in memory. */
  readonly catalogue?: Catalogue | undefined;
  readonly defaults?: ResolveDefaults | undefined;
  readonly judge?: ExitJudge | undefined;
  readonly mapping?: MappingOptions | undefined;
}

/** The last back-off of the cycle, 16 s, with its jitter. */
const LONGEST_BACK_OFF_MS = 17_600;
/** A driver that fails so often within this time is not started again. */
const MAX_FAILURES = 3;
const FAILURES_WITHIN_MS = 60_000;

/** What all tenants share; they see it through a `TenantRuntime` each. */
export class PersonaRuntime {
  readonly #keys: api.ApiKeys;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #sessions: Sessions;
  readonly #judging: ExitJudging | undefined;
  readonly #rooms: Rooms;
  readonly #intake: Intake;
  readonly #paging: Paging;
  readonly #deadLetters: DeadLetters;
  readonly #turns: Turns;
  readonly #texts = new Texts();
  readonly #tracing: Tracing | undefined;
  readonly #origins = new Origins();
  readonly #outcomes: Outcomes;
  readonly #reception: Reception;
  readonly #changes: Changes;
  readonly #providers: api.Providers | undefined;
  readonly #recorder: Recorder | undefined;
  readonly #hub: EventHub;
  readonly #explanations: Explanations;
  readonly #observers = new Set<{ readonly observer: (turn: api.EndedTurn) => void }>();
  readonly #clientCalls: ClientCalls;
  readonly #mapping: MappingEngine;
  readonly #warn: (warning: api.PersonaWarning) => void;
  /** The longest chain of replies in a room: the last of them reaches no persona any more. */
  readonly #maxHops: number;
  /** What became of items whose persona has been gone since an earlier life: nobody here knows its tenant. */
  readonly #goneTally = newTally();
  /** False while the backlog is fed: those items were admitted before. */
  #live = false;
  /** Grows with each feed, so that what an earlier one still brings is not taken twice. */
  #feeds = 0;
  /** Why there is no fleet: it failed, and is being rebuilt or was given up. */
  #driverError: PersonaError | undefined;
  /** When the driver failed, lately. */
  #failures: number[] = [];
  /** The last rebuilding; they follow each other. */
  #rebuilt: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /** Takes the store over, unless this fails: `close` closes it. What it gives is the default tenant. */
  static async start(parts: RuntimeParts): Promise<api.Runtime> {
    const { catalogue = await createCatalogue({ clock: parts.clock }) } = parts;
    const runtime = new PersonaRuntime(parts, catalogue);
    try {
      await runtime.#personas.load();
      runtime.#personas.reportTools(DEFAULT_TENANT);
      await runtime.#feed();
      runtime.#mapping.start();
    } catch (error) {
      // What was fed so far must not be taken up.
      runtime.#fleet.close();
      throw error;
    }
    return new TenantRuntime(runtime.#engine(), { tenant: DEFAULT_TENANT });
  }

  private constructor(parts: RuntimeParts, catalogue: Catalogue) {
    const {
      store,
      clock,
      seed,
      maxTurnsInFlight,
      maxHops,
      cognition,
      providers,
      tools = [],
      recorder,
      onWarning,
      tracing,
      prices = {},
      budgets: limits = {},
      defaults = {},
      judge,
      mapping = {},
    } = parts;
    const toolbox = new Toolbox(tools);
    this.#store = store;
    this.#clock = clock;
    this.#keys = new StoredApiKeys(store, clock);
    this.#maxHops = maxHops;
    this.#providers = providers;
    this.#tracing = tracing;
    this.#recorder = recorder;
    // On its own, so that a warning that cannot be taken fails nothing here, and is not hidden either.
    this.#warn = (warning) => queueMicrotask(() => onWarning?.(warning));
    const budgets = new Budgets({ store, clock, limits, prices, warn: this.#warn });
    this.#fleet = new Fleet({
      clock,
      seed,
      maxTurnsInFlight,
      // What a memory store has is in memory anyway: there is nowhere to put anything aside.
      overflow: store.kind === "memory" ? "evict" : "page",
      events: {
        turns: (turns) => this.#turns.start(turns),
        expired: (turns) => this.#turns.expire(turns),
        settlements: (settlements) => this.#turns.settle(settlements),
        freed: (slots) => {
          for (const slot of slots) void this.#personas.freed(slot, this.#turns.ended);
        },
        woken: (slots) => this.#personas.woken(slots),
        wanted: (items) => this.#paging.bring(items),
        failed: (error) => {
          this.#paging.stop();
          this.#driverError = error;
          this.#rebuilt = this.#rebuilt.then(() => this.#rebuild(error));
        },
      },
    });
    const minds = new Minds({ cognition, providers, budgets });
    const onChange = (rev: number) => this.#hub.changed(rev);
    const agents = new FleetAgents(() => ({
      store,
      clock,
      personas: this.#personas,
      conversations: this.#conversations,
      intake: this.#intake,
      onChange,
    }));
    this.#mapping = new MappingEngine({
      store,
      clock,
      agents,
      random: random(seed),
      changed: onChange,
      warn: this.#warn,
      prices,
      options: mapping,
      persona: (tenant, id) => this.#personas.mapped(tenant, id),
    });
    this.#personas = new Personas({
      store,
      clock,
      fleet: this.#fleet,
      catalogue,
      defaultModel: defaults.model,
      minds,
      toolbox,
      onChange,
      warn: this.#warn,
      agentMind: (id) => agents.mindOf(id),
    });
    this.#conversations = new Conversations(store, clock);
    this.#sessions = new Sessions({
      store,
      clock,
      personas: this.#personas,
      conversations: this.#conversations,
      minds,
      defaults,
      onChange,
      onAnswered: (place, followed) => this.#judging?.consider(place, followed),
      warn: this.#warn,
    });
    this.#judging =
      judge &&
      new ExitJudging({
        judge,
        store,
        clock,
        budgets,
        personas: this.#personas,
        sessions: this.#sessions,
        warn: this.#warn,
      });
    this.#rooms = new Rooms(store, clock, this.#fleet);
    this.#paging = new Paging({ store, clock, warn: this.#warn, arm: (items) => this.#arm(items, FLAG_PAGED) });
    this.#intake = new Intake({
      store,
      clock,
      fleet: this.#fleet,
      personas: this.#personas,
      conversations: this.#conversations,
      texts: this.#texts,
      rooms: this.#rooms,
    });
    this.#turns = new Turns({
      store,
      clock,
      fleet: this.#fleet,
      personas: this.#personas,
      conversations: this.#conversations,
      sessions: this.#sessions,
      waitingRoom: new WaitingRoom(clock, this.#fleet),
      texts: this.#texts,
      budgets,
      recorder,
      warn: this.#warn,
      sources: {
        store,
        toolbox,
        room: (place) => this.#roomOf(place),
        suggestions: ({ persona: { row, id } }, person) => this.#mapping.serving.forTurn(row.tenant, id, person),
        askClient: (call, place, signal) => this.#clientCalls.ask(call, place, signal),
      },
      events: {
        started: (turn) => this.#started(turn),
        token: (turn, token) => this.#token(turn, token),
        compose: (turn, trigger, text) => this.#compose(turn, trigger, text),
        settled: (turn, command, revs, persona) => this.#settled(turn, command, revs, persona),
        notSettled: (turn) => {
          if (turn.composed !== undefined) this.#intake.withdraw(turn.composed);
        },
        lost: (error) => this.#outcomes.rejectAll(error),
      },
    });
    this.#explanations = new Explanations(store, this.#personas, this.#conversations);
    this.#changes = new Changes(store, this.#personas, this.#conversations, this.#explanations);
    this.#hub = new EventHub(this.#changes, store.rev);
    this.#clientCalls = new ClientCalls((event, place) => this.#hub.publish(event, place));
    this.#outcomes = new Outcomes(store, this.#personas);
    this.#reception = new Reception({
      store,
      personas: this.#personas,
      conversations: this.#conversations,
      sessions: this.#sessions,
      intake: this.#intake,
      outcomes: this.#outcomes,
      hub: this.#hub,
      rooms: this.#rooms,
      tracing,
      origins: this.#origins,
    });
    this.#deadLetters = new DeadLetters({
      store,
      clock,
      personas: this.#personas,
      conversations: this.#conversations,
      intake: this.#intake,
      hub: this.#hub,
    });
  }

  #engine(): Engine {
    const isDriven = () => this.#driverError === undefined;
    return {
      store: this.#store,
      clock: this.#clock,
      fleet: this.#fleet,
      personas: this.#personas,
      conversations: this.#conversations,
      sessions: this.#sessions,
      reception: this.#reception,
      deadLetters: this.#deadLetters,
      explanations: this.#explanations,
      changes: this.#changes,
      hub: this.#hub,
      keys: this.#keys,
      clientCalls: this.#clientCalls,
      mapping: this.#mapping,
      get driver() {
        return isDriven();
      },
      providers: () => this.#providers?.status() ?? [],
      assertOpen: () => this.#assertOpen(),
      fleetStatus: () => {
        const providers = this.#providers?.status() ?? [];
        const state = { store: this.#store.kind, driver: isDriven(), readers: this.#hub.readers, providers };
        const { commits } = this.#store;
        return {
          ...fleetStatus(this.#personas, this.#goneTally, this.#fleet, state),
          commits: commits && { ...commits },
        };
      },
      readiness: () => this.#readiness(),
      observe: (observer) => this.#observe(observer),
      close: (graceMs) => this.#close(graceMs),
    };
  }

  async #readiness(): Promise<api.Readiness> {
    const driver = this.#driverError === undefined ? "ok" : "failed";
    const accepting = this.#closed === undefined ? "ok" : "closing";
    const store = await this.#store.probe().then(
      () => "ok" as const,
      () => "failed" as const,
    );
    const providers = healthOf(this.#providers?.status() ?? []);
    const ready = driver === "ok" && store === "ok" && accepting === "ok" && providers !== "failed";
    return { ready, checks: { driver, store, accepting, providers } };
  }

  #observe(observer: (turn: api.EndedTurn) => void): () => void {
    // Wrapped, so that one function given twice is called twice, and taken away once by each.
    const entry = { observer };
    this.#observers.add(entry);
    return () => void this.#observers.delete(entry);
  }

  async #close(graceMs: number): Promise<void> {
    this.#closed ??= this.#shutDown(graceMs);
    await this.#closed;
  }

  async #shutDown(graceMs: number): Promise<void> {
    this.#fleet.stopDispatching();
    this.#personas.stopWaiting();
    await this.#turns.drain(graceMs);
    this.#judging?.close();
    await this.#mapping.close();
    this.#paging.stop();
    this.#fleet.close();
    this.#hub.close();
    // Readers that keep up still read what they were offered.
    await setImmediate();
    await this.#recorder?.close();
    await this.#store.close();
    const kept =
      this.#store.kind === "memory"
        ? "the store was in memory, so it is gone"
        : "it is kept and answered after the next start";
    this.#outcomes.rejectAll(
      new PersonaError("runtime_closed", `The runtime was closed before this message was answered; ${kept}`),
    );
    this.#personas.stay(new PersonaError("runtime_closed", "The runtime was closed before the persona was gone"));
  }

  /** What is in the store, now or since an earlier life, goes into the hands of native. */
  #arm(items: readonly FedItem[], come: number): void {
    for (const item of items) {
      const unknown = item.turnItems ? FLAG_UNKNOWN | (item.turnItems === 1 ? FLAG_WAS_ALONE : 0) : 0;
      // A persona that is not enrolled any more has no slot; native then declines the item.
      const slot = this.#personas.byKey(item.persona)?.slot ?? Number.NaN;
      const armed = come === FLAG_ADMITTED ? item : inThisTime(item, this.#clock.now());
      this.#fleet.arm(armed, slot, item.flags | come | unknown);
    }
  }

  #started(turn: LiveTurn): void {
    this.#aside(turn, () => {
      turn.trace = this.#tracing?.begin(begunTurn(turn), this.#origins.of(turn.formed.items));
    });
    if (!this.#hub.heard) return;
    const items = turn.formed.items.map((item) => encodeId("item", item, this.#store.salt));
    const { id, persona, conversation } = turn;
    this.#hub.publish({ type: "turn_started", turn: id, persona: persona.id, conversation, items }, turn.place);
  }

  #token(turn: LiveTurn, token: string): void {
    this.#outcomes.speak(turn.formed.items, token);
    const { id, persona, conversation } = turn;
    if (!this.#hub.heard) return;
    this.#hub.publish({ type: "token", turn: id, persona: persona.id, conversation, token }, turn.place);
  }

  /** A reply is a message; in a room it is also an item for each other member. */
  async #compose(turn: LiveTurn, trigger: MessageRow, text: string): Promise<Prepared> {
    const { persona, place: conversation } = turn;
    const hop = trigger.hop + 1;
    const members =
      conversation.kind === "room" && hop < this.#maxHops ? await this.#conversations.memberKeys(conversation) : [];
    const others = members.filter((key) => key !== persona.row.key);
    const listeners = await this.#personas.presentOf(conversation.tenant, others).catch((cause: unknown) => {
      // What it said is said all the same, to those who are there.
      this.#warn({ code: "join_failed", message: "A member of a room could not join the fleet again", cause });
      return others.map((key) => this.#personas.byKey(key)).filter((listener) => listener !== undefined);
    });
    const sender = { kind: "persona", id: persona.id, name: profileOf(persona).name } as const;
    await this.#rooms.ready(conversation);
    const prepared = this.#intake.prepare(
      { conversation, sender, text, replyTo: trigger.key, hop, turn: turn.key },
      listeners,
      OF_A_REPLY,
    );
    // Nobody waits for this refusal; the reply is in the room all the same.
    for (const { persona: listener, code } of prepared.refused)
      this.#warn({ code, message: `${listener} did not take up what ${persona.id} said in a room` });
    return prepared;
  }

  async #roomOf(row: ConversationRow): Promise<api.TurnRoom | undefined> {
    if (row.kind !== "room") return undefined;
    const members = (await this.#conversations.memberKeys(row))
      .map((key) => this.#personas.byKey(key))
      .filter((persona) => persona !== undefined)
      .map((persona) => ({ id: persona.id, name: profileOf(persona).name }));
    return { name: row.name ?? undefined, members: members.sort((a, b) => (a.id < b.id ? -1 : 1)) };
  }

  #settled(turn: LiveTurn | undefined, command: Settle, revs: readonly number[], persona: Persona | undefined): void {
    const { tally } = persona?.directory ?? { tally: this.#goneTally };
    const newest = revs.at(-1);
    if (newest !== undefined) this.#hub.changed(newest);
    tally.accepted += command.reply?.items.length ?? 0;
    if (turn !== undefined && (this.#observers.size > 0 || turn.trace !== undefined)) this.#observed(turn, command);
    for (const { item, outcome } of command.decisions) {
      if (outcome === "retry") continue;
      this.#texts.forget(item);
      this.#origins.forget(item);
    }
    this.#outcomes.settled(turn, command, tally);
  }

  #observed(turn: LiveTurn, command: Settle): void {
    const ended = endedTurn(turn, command, this.#clock.now());
    const said = () => ({
      heard: turn.formed.items.map((item) => this.#texts.get(item)?.text).filter((text) => text !== undefined),
      reply: command.reply?.message.text,
    });
    this.#aside(turn, () => turn.trace?.end(ended, said));
    for (const { observer } of this.#observers) this.#aside(turn, () => observer(ended));
  }

  /** Whoever only looks on must not fail what it looks at. */
  #aside({ persona }: LiveTurn, look: () => void): void {
    try {
      look();
    } catch (cause) {
      this.#warn({ code: "observer_failed", message: `What observes turns failed at one of ${persona.id}`, cause });
    }
  }

  #assertOpen(): void {
    if (this.#closed !== undefined)
      throw new PersonaError("runtime_closed", "The runtime is closed; create another one");
    if (this.#driverError !== undefined) throw this.#driverError;
  }

  /**
   * The native fleet is lost, with nothing in it that the store does not have: another one takes its
   * place. If it fails again and again it is given up, and what was accepted waits for the next start.
   */
  async #rebuild(error: PersonaError): Promise<void> {
    this.#warn({ code: error.code, message: error.message, cause: error.cause });
    const now = this.#clock.now();
    this.#failures = [...this.#failures.filter((at) => now - at < FAILURES_WITHIN_MS), now];
    await this.#turns.abandon(error);
    if (this.#closed !== undefined) return;
    if (this.#failures.length >= MAX_FAILURES) {
      this.#giveDriverUp(error);
      return;
    }
    try {
      this.#fleet.restart();
      this.#rooms.forget();
      await this.#personas.replace();
      await this.#feed();
      this.#personas.leaveAgain();
      // Unless this one has failed as well: then the next rebuilding follows.
      if (this.#driverError === error) this.#driverError = undefined;
    } catch (cause) {
      if (this.#driverError === error) this.#giveDriverUp(error, cause);
    }
  }

  #giveDriverUp(error: PersonaError, cause: unknown = error): void {
    this.#warn({ code: "driver_given_up", message: "The native service cycle is not started again", cause });
    this.#outcomes.rejectAll(error);
    this.#personas.stay(error);
  }

  async #feed(): Promise<void> {
    this.#feeds += 1;
    const feed = this.#feeds;
    this.#live = false;
    await this.#store.feed((items) => {
      // The backlog was admitted before.
      if (feed === this.#feeds) this.#arm(items, this.#live ? FLAG_ADMITTED : 0);
    });
    this.#live = true;
  }
}

/** An item of an earlier life, whose clock may have been ahead of ours: nothing waits for a time that was wrong. */
function inThisTime(item: FedItem, now: number): FedItem {
  const { enqueuedAt, notBefore } = item;
  if (enqueuedAt <= now && (notBefore ?? 0) <= now + LONGEST_BACK_OFF_MS) return item;
  return {
    ...item,
    enqueuedAt: Math.min(enqueuedAt, now),
    notBefore: notBefore && Math.min(notBefore, now + LONGEST_BACK_OFF_MS),
  };
}
