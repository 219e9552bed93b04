/** One runtime: the fleet, the store, and everything between them. */
import { setImmediate } from "node:timers/promises";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { ExitJudge } from "../catalogue/exit-judge.ts";
import { createCatalogue } from "../catalogue/registry.ts";
import type { ResolveDefaults } from "../catalogue/resolved-session.ts";
import type { Clock } from "../clock.ts";
import { Budgets } from "../cognition/budgets/budgets.ts";
import { Expenses } from "../cognition/budgets/expenses.ts";
import type { CheckedBudgets } from "../cognition/budgets/settings.ts";
import { type RegisteredTool, Toolbox } from "../cognition/toolbox.ts";
import { PersonaError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { FleetAgents } from "../mapping/agents.ts";
import { MappingEngine, type MappingOptions } from "../mapping/mapping.ts";
import { random } from "../random.ts";
import type { Recorder } from "../record/recorder.ts";
import type { ConversationRow, Settle, Store } from "../store/port.ts";
import type * as api from "../types.ts";
import { StoredApiKeys } from "./api-keys.ts";
import { ClientCalls } from "./client-calls.ts";
import { Conversations } from "./conversations.ts";
import { DeadLetters } from "./dead-letters.ts";
import { EventHub } from "./event-hub.ts";
import { ExitJudging } from "./exit-judging.ts";
import { Explanations } from "./explanation.ts";
import { Fleet } from "./fleet.ts";
import { Intake } from "./intake.ts";
import type { LiveTurn } from "./live-turn.ts";
import { Minds } from "./minds.ts";
import { Observers } from "./observers.ts";
import { Outcomes } from "./outcomes.ts";
import { isAgent, type Persona } from "./persona.ts";
import { Personas } from "./personas.ts";
import { profileOf } from "./profile.ts";
import { ReadinessCheck } from "./readiness-check.ts";
import { Reception } from "./reception.ts";
import { Replies } from "./replies.ts";
import { Rooms } from "./rooms.ts";
import { DEFAULT_TENANT } from "./scope.ts";
import { Sessions } from "./sessions.ts";
import { fleetStatus } from "./status.ts";
import { Supply } from "./supply.ts";
import { newTally } from "./tally.ts";
import { type Shared, TenantRuntime } from "./tenant.ts";
import { Texts } from "./texts.ts";
import { ToolNames } from "./tool-names.ts";
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

/** What all tenants share; they see it through a `TenantRuntime` each. */
export class PersonaRuntime {
  readonly #keys: api.ApiKeys;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  readonly #personas: Personas;
  readonly #toolNames: ToolNames;
  readonly #conversations: Conversations;
  readonly #sessions: Sessions;
  readonly #expenses: Expenses;
  readonly #judging: ExitJudging | undefined;
  readonly #rooms: Rooms;
  readonly #intake: Intake;
  readonly #supply: Supply;
  readonly #deadLetters: DeadLetters;
  readonly #turns: Turns;
  readonly #texts = new Texts();
  readonly #origins = new Origins();
  readonly #outcomes: Outcomes;
  readonly #reception: Reception;
  readonly #replies: Replies;
  readonly #readiness: ReadinessCheck;
  readonly #changes: Changes;
  readonly #providers: api.Providers | undefined;
  readonly #recorder: Recorder | undefined;
  readonly #hub: EventHub;
  readonly #explanations: Explanations;
  readonly #observers: Observers;
  readonly #clientCalls: ClientCalls;
  readonly #mapping: MappingEngine;
  readonly #warn: (warning: api.PersonaWarning) => void;
  /** What became of items whose persona has been gone since an earlier life: nobody here knows its tenant. */
  readonly #goneTally = newTally();
  #closed: Promise<void> | undefined;

  /** Takes the store over, unless this fails: `close` closes it. What it gives is the default tenant. */
  static async start(parts: RuntimeParts): Promise<api.Runtime> {
    const { catalogue = await createCatalogue({ clock: parts.clock }) } = parts;
    const runtime = new PersonaRuntime(parts, catalogue);
    try {
      await runtime.#personas.load();
      runtime.#toolNames.reportCatalogue(catalogue);
      await runtime.#supply.feed();
      runtime.#mapping.start();
    } catch (error) {
      // What was fed so far must not be taken up.
      runtime.#fleet.close();
      throw error;
    }
    return new TenantRuntime(runtime.#shared(), { tenant: DEFAULT_TENANT });
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
    this.#providers = providers;
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
        wanted: (items) => this.#supply.bring(items),
        stepped: (ms) => {
          const message = `The clock was moved forward by ${ms / 1000} s: the machine slept, or its clock was set`;
          this.#warn({ code: "clock_stepped", message });
        },
        failed: (error) => this.#supply.failed(error),
      },
    });
    const expenses = new Expenses(budgets, store);
    this.#expenses = expenses;
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
      pay: async ({ tenant, person, persona }, signal, work) => {
        const enrolled = persona === undefined ? undefined : this.#personas.of(tenant).find(persona);
        const { row, id, definition } = enrolled ?? (await agents.persona(tenant, "mindscaper"));
        const payer = { tenant, persona: { key: row.key, id, budget: definition.settings.budget }, owner: person };
        return expenses.pay(payer, signal, work);
      },
    });
    this.#toolNames = new ToolNames(toolbox, this.#warn);
    this.#personas = new Personas({
      store,
      clock,
      fleet: this.#fleet,
      catalogue,
      defaultModel: defaults.model,
      minds,
      hasTools: toolbox.size > 0,
      toolNames: this.#toolNames,
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
      toolbox,
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
        expenses,
        personas: this.#personas,
        sessions: this.#sessions,
        warn: this.#warn,
      });
    this.#rooms = new Rooms(store, clock, this.#fleet);
    this.#intake = new Intake({
      store,
      clock,
      fleet: this.#fleet,
      personas: this.#personas,
      conversations: this.#conversations,
      texts: this.#texts,
      rooms: this.#rooms,
    });
    this.#replies = new Replies({
      personas: this.#personas,
      conversations: this.#conversations,
      rooms: this.#rooms,
      intake: this.#intake,
      maxHops,
      warn: this.#warn,
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
        compose: (turn, trigger, text) => this.#replies.compose(turn, trigger, text),
        settled: (turn, command, revs, persona) => this.#settled(turn, command, revs, persona),
        notSettled: (turn) => {
          if (turn.composed !== undefined) this.#intake.withdraw(turn.composed);
        },
        lost: (error) => this.#outcomes.rejectAll(error),
      },
    });
    this.#supply = new Supply({
      store,
      clock,
      fleet: this.#fleet,
      personas: this.#personas,
      rooms: this.#rooms,
      turns: this.#turns,
      isClosing: () => this.#closed !== undefined,
      givenUp: (error) => {
        this.#outcomes.rejectAll(error);
        this.#personas.stay(error);
      },
      warn: this.#warn,
    });
    this.#readiness = new ReadinessCheck({
      store,
      clock,
      supply: this.#supply,
      providers,
      isClosing: () => this.#closed !== undefined,
    });
    this.#observers = new Observers({ clock, texts: this.#texts, tracing, origins: this.#origins, warn: this.#warn });
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

  #shared(): Shared {
    const isDriven = () => this.#supply.error === undefined;
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
      readiness: () => this.#readiness.run(),
      observe: (observer) => this.#observers.add(observer),
      close: (graceMs) => this.#close(graceMs),
    };
  }

  async #close(graceMs: number): Promise<void> {
    this.#closed ??= this.#shutDown(graceMs);
    await this.#closed;
  }

  async #shutDown(graceMs: number): Promise<void> {
    this.#fleet.stopDispatching();
    this.#personas.stopWaiting();
    await this.#turns.drain(graceMs);
    this.#expenses.close();
    this.#judging?.close();
    await this.#mapping.close();
    this.#supply.stop();
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

  #started(turn: LiveTurn): void {
    this.#observers.begun(turn);
    if (!this.#hub.heard || isAgent(turn.persona.id)) return;
    const items = turn.formed.items.map((item) => encodeId("item", item, this.#store.salt));
    const { id, persona, conversation } = turn;
    this.#hub.publish({ type: "turn_started", turn: id, persona: persona.id, conversation, items }, turn.place);
  }

  #token(turn: LiveTurn, token: string): void {
    this.#outcomes.speak(turn.formed.items, token);
    const { id, persona, conversation } = turn;
    if (!this.#hub.heard || isAgent(persona.id)) return;
    this.#hub.publish({ type: "token", turn: id, persona: persona.id, conversation, token }, turn.place);
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
    const { items = [], declined = [] } = command.reply ?? {};
    tally.accepted += items.length + declined.length;
    if (declined.length > 0) this.#outcomes.declined(declined, tally);
    if (turn !== undefined) this.#observers.ended(turn, command);
    for (const { item, outcome } of command.decisions) {
      if (outcome === "retry") continue;
      this.#texts.forget(item);
      this.#origins.forget(item);
    }
    this.#outcomes.settled(turn, command, tally);
  }

  #assertOpen(): void {
    if (this.#closed !== undefined)
      throw new PersonaError("runtime_closed", "The runtime is closed; create another one");
    if (this.#supply.error !== undefined) throw this.#supply.error;
  }
}
