/** A runtime as its host sees it: everything in one tenant, or in that what belongs to one person. */
import type { TenantCatalogue } from "../catalogue/catalogue.ts";
import type { ResolveRequest } from "../catalogue/resolve.ts";
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import type { Clock } from "../clock.ts";
import { usdOf } from "../cognition/budgets/money.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { encodeId } from "../ids.ts";
import type { Mapping, MappingEngine } from "../mapping/mapping.ts";
import type { ConversationRow, Store } from "../store/port.ts";
import type * as api from "../types.ts";
import { asPersonaError, PendingAnswer } from "./answer.ts";
import { busiest } from "./busiest.ts";
import { catalogueView } from "./catalogue-view.ts";
import type { ClientCalls } from "./client-calls.ts";
import { type Conversations, callerId } from "./conversations.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Directory } from "./directory.ts";
import type { EventHub } from "./event-hub.ts";
import type { Explanations } from "./explanation.ts";
import type { Fleet } from "./fleet.ts";
import type { Personas } from "./personas.ts";
import { assertOwnVoice, type Reception } from "./reception.ts";
import { covers, type Scope, scopeSchema } from "./scope.ts";
import type { Sessions } from "./sessions.ts";
import {
  advanceSchema,
  busiestSchema,
  closeSchema,
  eventsSchema,
  pageSchema,
  personasSchema,
  resolveSchema,
  roomSchema,
  spendingSchema,
  unenrollSchema,
} from "./settings.ts";
import { sessionSchema } from "./speech.ts";
import { personaStatus, tenantStatus, why } from "./status.ts";
import { type Changes, messageKey, messageView } from "./views.ts";

/** What all tenants share. */
export interface Shared {
  readonly store: Store;
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly personas: Personas;
  readonly conversations: Conversations;
  readonly sessions: Sessions;
  readonly reception: Reception;
  readonly deadLetters: DeadLetters;
  readonly explanations: Explanations;
  readonly changes: Changes;
  readonly hub: EventHub;
  readonly keys: api.ApiKeys;
  readonly clientCalls: ClientCalls;
  readonly mapping: MappingEngine;
  /** False once the native cycle has failed. */
  readonly driver: boolean;
  providers(): readonly api.ProviderStatus[];
  /** Throws `runtime_closed`, or why there is no fleet. */
  assertOpen(): void;
  fleetStatus(): api.FleetStatus;
  readiness(): Promise<api.Readiness>;
  observe(observer: (turn: api.EndedTurn) => void): () => void;
  close(graceMs: number): Promise<void>;
}

export class TenantRuntime implements api.Runtime {
  readonly #shared: Shared;
  readonly #scope: Scope;

  constructor(shared: Shared, scope: Scope) {
    this.#shared = shared;
    this.#scope = scope;
  }

  tenant(name: string, options: { readonly owner?: string } = {}): api.Runtime {
    return new TenantRuntime(this.#shared, parse(scopeSchema, { ...options, tenant: name }, "scope"));
  }

  async enroll(definition: api.PersonaDefinition): Promise<api.EnrollmentStatus> {
    this.#assertRules();
    const { personas, fleet } = this.#shared;
    return personaStatus(await personas.enroll(this.#scope.tenant, definition), fleet);
  }

  async unenroll(id: string, mode: "drain" | "return" = "drain"): Promise<void> {
    this.#assertRules();
    await this.#shared.personas.unenroll(this.#scope.tenant, id, parse(unenrollSchema, mode, "mode"));
  }

  async configure(id: string, changes: api.PersonaChanges): Promise<api.EnrollmentStatus> {
    this.#assertRules();
    const { personas, fleet } = this.#shared;
    return personaStatus(await personas.configure(this.#scope.tenant, id, changes), fleet);
  }

  send(persona: string, text: string, options: api.SendOptions): api.Answer {
    const answer = new PendingAnswer();
    this.#send(persona, text, options, answer).then(
      (accepted) => answer.accept(accepted),
      (error: PersonaError) => answer.reject(error),
    );
    return answer;
  }

  tell(persona: string, text: string, options: api.SendOptions): Promise<api.Accepted> {
    return this.#send(persona, text, options, undefined);
  }

  async post(room: string, text: string, options: api.PostOptions): Promise<api.Accepted> {
    this.#shared.assertOpen();
    return this.#shared.reception.post(this.#scope, room, text, options);
  }

  async createRoom(room: api.RoomInput): Promise<api.Room> {
    this.#shared.assertOpen();
    const { conversations, hub, changes } = this.#shared;
    const { tenant } = this.#scope;
    const { name = null, members, owner = this.#scope.owner ?? null } = parse(roomSchema, room, "room");
    if (this.#scope.owner !== undefined && owner !== this.#scope.owner) {
      throw new PersonaError("forbidden", "A room that one opens for another takes the role service", {
        fields: [{ field: "owner", message: "must be the caller, or left out" }],
      });
    }
    const joined = await Promise.all([...new Set(members)].map((id) => this.#shared.personas.present(tenant, id)));
    const keys = joined.map((persona) => persona.row.key);
    const { row, rev } = await conversations.createRoom({ tenant, name, owner }, keys);
    hub.changed(rev);
    return changes.room(row);
  }

  async room(id: string): Promise<api.Room> {
    const { changes, conversations } = this.#shared;
    return changes.room(await conversations.named(this.#scope, id, "room"));
  }

  get catalogue(): TenantCatalogue {
    return catalogueView(this.#scope, this.#shared.personas, () => this.#assertRules());
  }

  get mapping(): Mapping {
    return this.#shared.mapping.view(this.#scope, () => this.#shared.assertOpen());
  }

  resolve(request: ResolveRequest): ResolvedSession {
    return this.#shared.sessions.resolve(this.#scope.tenant, parse(resolveSchema, request, "request"));
  }

  async openSession(input: api.SessionInput): Promise<api.Session> {
    this.#shared.assertOpen();
    const { persona, role, sequence, from } = parse(sessionSchema, input, "session");
    assertOwnVoice(this.#scope, { from });
    const { sessions } = this.#shared;
    const asked = {
      ...(role !== undefined && { role_id: role }),
      ...(sequence !== undefined && { sequence_id: sequence }),
    };
    return this.#sessionView(await sessions.open(this.#scope.tenant, persona, asked, from));
  }

  async session(id: string): Promise<api.Session> {
    return this.#sessionView(await this.#shared.conversations.named(this.#scope, id, "session"));
  }

  async advanceSession(id: string, options: { readonly step: string }): Promise<api.Session> {
    const { step } = parse(advanceSchema, options, "options");
    return this.#changeSession(id, (row) => this.#shared.sessions.advance(row, step));
  }

  refreshSession(id: string): Promise<api.Session> {
    return this.#changeSession(id, (row) => this.#shared.sessions.refresh(row));
  }

  closeSession(id: string): Promise<api.Session> {
    return this.#changeSession(id, (row) => this.#shared.sessions.close(row));
  }

  addMember(room: string, persona: string): Promise<api.Room> {
    return this.#changeMembers(room, persona, "addMember");
  }

  removeMember(room: string, persona: string): Promise<api.Room> {
    return this.#changeMembers(room, persona, "removeMember");
  }

  async messages(
    id: string,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly api.Message[]> {
    const { store, conversations } = this.#shared;
    const { after: afterId, limit } = parse(pageSchema, page, "page");
    const conversation = await conversations.named(this.#scope, id, "any");
    const after = afterId === undefined ? undefined : messageKey(afterId, store.salt, "after");
    const rows = await store.messages({
      conversation: conversation.key,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    return rows.map((row) => messageView(row, store.salt));
  }

  explain(id: string): Promise<api.Explanation> {
    return this.#shared.explanations.explain(this.#scope, id);
  }

  item(id: string): Promise<api.ItemView> {
    return this.#shared.explanations.item(this.#scope, id);
  }

  async why(persona: string): Promise<api.Why> {
    const { conversations, fleet, store } = this.#shared;
    return why(this.#directory.get(persona), fleet, store.salt, async (key) => {
      const conversation = await conversations.byKey(key);
      return conversation !== undefined && covers(this.#scope, conversation);
    });
  }

  deadLetters(page?: {
    readonly persona?: string;
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly api.DeadLetter[]> {
    return this.#shared.deadLetters.list(this.#scope, page);
  }

  async replay(item: string): Promise<api.ItemView> {
    this.#shared.assertOpen();
    const { deadLetters, store } = this.#shared;
    return this.item(encodeId("item", await deadLetters.replay(this.#scope, item), store.salt));
  }

  async discard(item: string): Promise<void> {
    this.#shared.assertOpen();
    await this.#shared.deadLetters.discard(this.#scope, item);
  }

  async spending(options: api.SpendingOptions): Promise<readonly api.Spending[]> {
    const { clock, personas, store } = this.#shared;
    const {
      by,
      from,
      to = clock.now() + 1,
      owner = this.#scope.owner,
      limit,
    } = parse(spendingSchema, options, "options");
    if (owner !== (this.#scope.owner ?? owner)) return [];
    const sums = await store.spending({
      ...{ by, tenant: this.#scope.tenant, from, to },
      ...(owner === undefined ? {} : { owner }),
      ...(limit === undefined ? {} : { limit }),
    });
    return Promise.all(
      sums.map(async ({ of, nanoUsd, ...sum }) => ({
        of: typeof of === "number" ? await personas.idOf(of) : (of ?? undefined),
        ...sum,
        usd: usdOf(nanoUsd),
      })),
    );
  }

  async toolCalls(page?: Parameters<api.Runtime["toolCalls"]>[0]): Promise<readonly api.ToolCall[]> {
    return this.#shared.clientCalls.list(this.#scope, page);
  }

  async answerTool(call: string, answer: api.ToolAnswer): Promise<void> {
    this.#shared.clientCalls.answer(this.#scope, call, answer);
  }

  status(): api.TenantStatus;
  status(persona: string): api.EnrollmentStatus;
  status(persona?: string): api.TenantStatus | api.EnrollmentStatus {
    const { personas, fleet, store, driver, providers } = this.#shared;
    if (persona !== undefined) return personaStatus(this.#directory.get(persona), fleet);
    return tenantStatus(this.#directory, personas, fleet, { store: store.kind, driver, providers: providers() });
  }

  fleet(): api.FleetStatus {
    return this.#shared.fleetStatus();
  }

  has(persona: string): boolean {
    return this.#directory.find(persona) !== undefined;
  }

  personas(page?: { readonly after?: string; readonly limit?: number }): readonly api.EnrollmentStatus[] {
    const { after, limit } = parse(personasSchema, page, "page");
    return this.#directory.sorted(after, limit).map((persona) => personaStatus(persona, this.#shared.fleet));
  }

  busiest(page?: api.BusiestPage): api.Busiest {
    const checked = parse(busiestSchema, page, "page");
    const { personas, fleet } = this.#shared;
    const loads = fleet.loads().flatMap((load) => {
      const persona = personas.bySlot(load.slot);
      // One that was freed a moment ago has no name any more.
      return persona?.directory === this.#directory ? [{ ...load, persona }] : [];
    });
    const most = busiest(loads, checked);
    return { busy: loads.length, personas: most.map(({ persona }) => personaStatus(persona, fleet)) };
  }

  events(options?: api.EventOptions): api.EventStream {
    return this.#shared.hub.read(this.#scope, parse(eventsSchema, options, "options"));
  }

  get rev(): number {
    return this.#shared.hub.rev;
  }

  get keys(): api.ApiKeys {
    return this.#shared.keys;
  }

  readiness(): Promise<api.Readiness> {
    return this.#shared.readiness();
  }

  observe(observer: (turn: api.EndedTurn) => void): () => void {
    return this.#shared.observe(observer);
  }

  async close(options?: { readonly graceMs?: number }): Promise<void> {
    const { graceMs } = parse(closeSchema, options, "options");
    await this.#shared.close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #directory(): Directory {
    return this.#shared.personas.of(this.#scope.tenant);
  }

  async #send(
    persona: string,
    text: string,
    options: api.SendOptions,
    answer: PendingAnswer | undefined,
  ): Promise<api.Accepted> {
    try {
      this.#shared.assertOpen();
      return await this.#shared.reception.send(this.#scope, persona, text, options, answer);
    } catch (error) {
      throw asPersonaError(error);
    }
  }

  async #changeSession(id: string, change: (row: ConversationRow) => Promise<void>): Promise<api.Session> {
    this.#shared.assertOpen();
    await change(await this.#shared.conversations.named(this.#scope, id, "session"));
    return this.session(id);
  }

  async #sessionView(row: ConversationRow): Promise<api.Session> {
    const { personas, sessions, store } = this.#shared;
    const persona = personas.byKey(row.persona ?? 0);
    const isInline = persona !== undefined && persona.definition.source !== "catalogue";
    // Of a session that is over it is no matter that this cannot be read.
    const read = row.closedAt === null ? () => sessions.of(row.key) : sessions.readable(row.key);
    const followed = isInline ? undefined : await read();
    return {
      id: encodeId("conversation", row.key, store.salt),
      persona: persona?.id ?? (await personas.idOf(row.persona ?? 0)),
      caller: callerId(row),
      mode: "text",
      createdAt: row.createdAt,
      closedAt: row.closedAt ?? undefined,
      resolved: followed?.resolved,
      progress: followed?.progress,
      notHonoured: followed === undefined ? [] : sessions.notHonoured(row, followed.resolved),
    };
  }

  async #changeMembers(room: string, persona: string, change: "addMember" | "removeMember"): Promise<api.Room> {
    this.#shared.assertOpen();
    const { conversations, personas, store, clock, hub, changes } = this.#shared;
    const row = await conversations.named(this.#scope, room, "room");
    const { key } = (await personas.present(row.tenant, persona)).row;
    hub.changed(await store[change](row.key, key, clock.now()));
    return changes.room(row);
  }

  /** Who sees only what is their own does not change who is enrolled. */
  #assertRules(): void {
    this.#shared.assertOpen();
    if (this.#scope.owner === undefined) return;
    throw new PersonaError("forbidden", "Personas belong to the tenant; use the view of the tenant itself");
  }
}
