/** All enrolled personas: who they are, and which native slot each occupies. Each tenant has its own `Directory`. */

import { setImmediate } from "node:timers/promises";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { PersonaEntry } from "../catalogue/schema.ts";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { ID_PATTERN } from "../inputs.ts";
import { partitionOf } from "../store/partition.ts";
import type { EnrollmentRow, Store } from "../store/port.ts";
import type { Cognition, PersonaChanges, PersonaDefinition, PersonaWarning, SettingsInput } from "../types.ts";
import { nothingKnown, type StoredDefinition, storedDefinition } from "./definition.ts";
import { Directory } from "./directory.ts";
import type { Fleet } from "./fleet.ts";
import type { Mind, Minds } from "./minds.ts";
import { OneByOne } from "./one-by-one.ts";
import type { Slot } from "./packed.ts";
import { isAgent, nativeSettings, type Persona, stopWaiting } from "./persona.ts";
import { isAbsent, profileOf } from "./profile.ts";
import { type CheckedDefinition, changedSchema, changesSchema, checkDefinition, settingsSchema } from "./settings.ts";
import type { ToolNames } from "./tool-names.ts";

export class Personas {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  /** What is the same in all directories. */
  readonly #shared: ConstructorParameters<typeof Directory>[1];
  readonly #minds: Minds;
  readonly #toolNames: ToolNames;
  readonly #onChange: (rev: number) => void;
  readonly #warn: (warning: PersonaWarning) => void;
  readonly #agentMind: (id: string) => Cognition | undefined;
  /** Those that no directory lists, by tenant and id. */
  readonly #agents = new Map<string, Persona>();
  readonly #directories = new Map<string, Directory>();
  readonly #byKey = new Map<number, Persona>();
  readonly #bySlot = new Map<Slot, Persona>();
  /** By tenant and id: two writes of one enrollment follow each other. */
  readonly #writes = new OneByOne<string>();
  /** Personas of the catalogue on their way into the fleet, by tenant and id. */
  readonly #joining = new Map<string, Promise<Persona>>();

  constructor(options: {
    store: Store;
    clock: Clock;
    fleet: Fleet;
    catalogue: Catalogue;
    defaultModel: string | undefined;
    minds: Minds;
    hasTools: boolean;
    toolNames: ToolNames;
    onChange: (rev: number) => void;
    warn: (warning: PersonaWarning) => void;
    /** What an agent does, by its id. */
    agentMind: (id: string) => Cognition | undefined;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#fleet = options.fleet;
    const { catalogue, defaultModel, hasTools } = options;
    this.#shared = { catalogue, defaultModel, hasTools };
    this.#minds = options.minds;
    this.#toolNames = options.toolNames;
    this.#onChange = options.onChange;
    this.#warn = options.warn;
    this.#agentMind = options.agentMind;
  }

  /** Takes up the stored enrollments; those whose cognition was a function wait until it is given again. */
  async load(): Promise<void> {
    for (const row of await this.#store.enrollments()) {
      if (this.#byKey.has(row.key)) continue;
      const definition = this.#read(row);
      // What is of the catalogue may have changed since then; it is told when it calls the model.
      if (definition.source !== "catalogue") this.#assertPriced(row.id, definition.model, definition, undefined);
      this.#toolNames.report(row.id, definition.settings.tools);
      const persona = this.#place(row, definition, this.#agentMind(row.id));
      if (isAbsent(persona)) {
        const message = `${row.id} of ${row.tenant} is enrolled, and the catalogue has no such persona; what it is sent waits`;
        this.#warn({ code: "persona_absent", message });
      }
    }
  }

  /** One that is damaged keeps nobody else out, nor loses what waits. */
  #read(row: EnrollmentRow): StoredDefinition {
    try {
      return storedDefinition(row);
    } catch (cause) {
      this.#warn({ code: "enrollment_damaged", message: (cause as Error).message, cause });
      return nothingKnown(row);
    }
  }

  /** The fleet has begun anew: everybody takes a place in it again. */
  async replace(): Promise<void> {
    this.#bySlot.clear();
    for (const persona of this.#byKey.values()) {
      persona.slot = this.#fleet.enroll(nativeSettings(persona));
      this.#bySlot.set(persona.slot, persona);
      this.#putToSleep(persona);
    }
    // Whoever was stored while there was no fleet has no place yet.
    await this.load();
  }

  /** Who was leaving the fleet of before leaves this one, now that it has their items. */
  leaveAgain(): void {
    for (const { slot, leaving } of this.#byKey.values()) {
      if (leaving !== undefined) this.#fleet.unenroll(slot, leaving.mode);
    }
  }

  /** How many there are, of all tenants, without agents. */
  get size(): number {
    return this.#byKey.size - this.#agents.size;
  }

  /** The directory of a tenant; an empty one if nobody was enrolled there yet. */
  of(tenant: string): Directory {
    return this.#directories.get(tenant) ?? new Directory(tenant, this.#shared);
  }

  /** Those of all tenants that have, or had, personas. */
  get directories(): readonly Directory[] {
    return [...this.#directories.values()];
  }

  /** The persona with this id, enrolled or of the catalogue, by what mapping asks of it. */
  mapped(tenant: string, id: string): { readonly mapper?: string | undefined } | undefined {
    const directory = this.of(tenant);
    const persona = directory.find(id);
    if (persona !== undefined && !isAbsent(persona)) return { mapper: profileOf(persona).mapperId };
    const entry = directory.catalogue.personas.find(id);
    return entry && { mapper: entry.mapper_id };
  }

  byKey(key: number): Persona | undefined {
    return this.#byKey.get(key);
  }

  bySlot(slot: Slot): Persona | undefined {
    return this.#bySlot.get(slot);
  }

  /** The public name of a persona, enrolled or gone. */
  async idOf(key: number): Promise<string> {
    return this.#byKey.get(key)?.id ?? (await this.#store.enrollment(key))?.id ?? "";
  }

  /**
   * The enrolled persona of this id. One of the catalogue that is not enrolled joins the fleet with this, once for all
   * that ask. Throws `persona_not_found`, `entry_damaged`.
   */
  present(tenant: string, id: string): Persona | Promise<Persona> {
    // Also those who come when it has joined already must not overtake whoever still awaits it.
    const joining =
      this.#joining.size === 0 || typeof id !== "string" ? undefined : this.#joining.get(`${tenant}/${id}`);
    const present = joining ?? this.of(tenant).find(id);
    if (present !== undefined) return present;
    // What is no id is not in the catalogue either.
    if (typeof id !== "string" || !ID_PATTERN.test(id)) return this.of(tenant).get(id);
    this.of(tenant).catalogue.personas.get(id);
    const joined = this.#join(tenant, id);
    this.#joining.set(`${tenant}/${id}`, joined);
    return joined;
  }

  /** Those with these keys that are enrolled. One of the catalogue that has left the fleet joins it again with this. */
  async presentOf(tenant: string, keys: readonly number[]): Promise<readonly Persona[]> {
    const present = await Promise.all(
      keys.map(async (key) => {
        const enrolled = this.#byKey.get(key);
        if (enrolled !== undefined) return this.#joining.size === 0 ? enrolled : this.present(tenant, enrolled.id);
        const id = await this.idOf(key);
        return this.of(tenant).catalogue.personas.find(id) && this.present(tenant, id);
      }),
    );
    return present.filter((persona) => persona !== undefined);
  }

  async #join(tenant: string, id: string): Promise<Persona> {
    try {
      return await this.#oneByOne(
        tenant,
        id,
        async () => this.of(tenant).find(id) ?? (await this.#write(tenant, checkDefinition({ id }))),
      );
    } finally {
      void setImmediate().then(() => this.#joining.delete(`${tenant}/${id}`));
    }
  }

  /** The entry of a persona was written: it is what it says from now on. */
  rewritten(tenant: string, id: string): void {
    const persona = this.of(tenant).find(id);
    if (persona?.definition.source !== "catalogue") return;
    stopWaiting(persona);
    Object.assign(persona, this.#mind(persona));
    try {
      if (!this.#fleet.over) this.#fleet.configure(persona.slot, nativeSettings(persona));
    } catch {
      // The fleet has said that it failed; in the next one it takes its place as it is now.
    }
  }

  /** The entry of a persona was deleted: it answers what waits, as it was, and leaves. */
  async dismiss(tenant: string, id: string, last: PersonaEntry | undefined): Promise<void> {
    await this.#oneByOne(tenant, id, async () => {
      const persona = this.of(tenant).find(id);
      if (persona?.definition.source !== "catalogue" || persona.directory.catalogue.personas.find(id)) return;
      persona.last = last;
      // Nobody waits for that; if the runtime ends before, the next start says that its entry is gone.
      this.#leave(persona, "drain").promise.catch(() => {});
    });
  }

  async enroll(tenant: string, input: PersonaDefinition): Promise<Persona> {
    const checked = checkDefinition(input);
    this.#toolNames.check(checked.settings.tools);
    return this.#oneByOne(tenant, checked.id, () => this.#write(tenant, checked));
  }

  /** The agent with this id, which joins the fleet with this if it is not there yet. Nobody else can name it. */
  async agent(tenant: string, id: string, name: string, settings: SettingsInput): Promise<Persona> {
    const known = () => this.#agents.get(`${tenant}/${id}`);
    return (
      known() ??
      this.#oneByOne(tenant, id, async () => known() ?? this.#write(tenant, this.#agentToBe(id, name, settings)))
    );
  }

  #agentToBe(id: string, name: string, settings: SettingsInput): CheckedDefinition {
    const cognition = this.#agentMind(id);
    if (cognition === undefined) throw new PersonaError("internal", `Nobody does the work of ${id}`);
    return { id, name, instructions: "", cognition, settings: settingsSchema.parse(settings) };
  }

  /** Changes settings and sleep of an enrolled persona; what is not given stays as it is. */
  async configure(tenant: string, id: string, input: PersonaChanges): Promise<Persona> {
    const { settings, sleep } = parse(changesSchema, input, "changes");
    if (sleep?.until !== undefined && sleep.until <= this.#clock.now()) {
      const fault = { field: "sleep.until", message: "must lie in the future, in milliseconds since 1970" };
      throw new PersonaError("invalid_input", `${fault.field} ${fault.message}`, { fields: [fault] });
    }
    return this.#oneByOne(tenant, id, async () => {
      const persona = this.of(tenant).get(id);
      if (Object.keys(settings).length === 0 && sleep === undefined) return persona;
      const { definition } = persona;
      // Throws what is wrong with it: nothing is changed that cannot be read.
      if (definition.isDamaged) storedDefinition(persona.row);
      const present = definition.settings;
      const changed = { ...present, ...settings, windows: { ...present.windows, ...settings.windows } };
      const checked = parse(changedSchema, { settings: changed }, "changes");
      // Those that it has already may have outlived their tools; they are in nobody's way.
      if ("tools" in settings) this.#toolNames.check(checked.settings.tools);
      const sleeps = sleep?.mode === "active" ? undefined : (sleep ?? definition.sleep);
      await this.#save(persona, { ...definition, ...checked, sleep: sleeps });
      if (sleep !== undefined) this.#fleet.sleep(persona.slot, sleep.mode, sleep.until);
      return persona;
    });
  }

  /** Native found something that woke these personas, or their time has come. */
  woken(slots: readonly Slot[]): void {
    for (const slot of slots) {
      const persona = this.#bySlot.get(slot);
      if (persona !== undefined) void this.#oneByOne(persona.row.tenant, persona.id, () => this.#wake(persona));
    }
  }

  /** Resolves when its slot is free and the store knows that it is gone. */
  async unenroll(tenant: string, id: string, mode: "drain" | "return"): Promise<void> {
    await (await this.#oneByOne(tenant, id, async () => this.#leave(this.of(tenant).get(id), mode))).promise;
  }

  /** Nobody waits for room any more. */
  stopWaiting(): void {
    for (const persona of this.#byKey.values()) stopWaiting(persona);
  }

  /** Nobody will leave any more: the store still has those who were to, and so has the next start. */
  stay(error: PersonaError): void {
    for (const { leaving } of this.#byKey.values()) leaving?.reject(error);
  }

  /** Native has let a slot go: the enrollment ends, once what became of its items is written (`settled`). */
  async freed(slot: Slot, settled: Promise<void>): Promise<void> {
    const persona = this.#bySlot.get(slot);
    if (persona === undefined) return;
    try {
      await settled;
      const rev = await this.#oneByOne(persona.row.tenant, persona.id, async () => {
        const removedAt = this.#clock.now();
        const saved = await this.#store.saveEnrollment({ ...persona.row, updatedAt: removedAt, removedAt });
        // Before the next write of it begins, which would bring it back.
        this.#forget(persona);
        return saved;
      });
      this.#onChange(rev);
      persona.leaving?.resolve();
    } catch (error) {
      // The store still has it: it is there again after a restart, as if it had not been asked to leave.
      this.#forget(persona);
      persona.leaving?.reject(error);
    }
  }

  #leave(persona: Persona, asked: "drain" | "return"): PromiseWithResolvers<void> {
    const isFirst = persona.leaving === undefined;
    // Nobody knows what it would answer as.
    const mode = isAbsent(persona) ? "return" : asked;
    persona.leaving ??= { ...Promise.withResolvers<void>(), mode };
    if (mode === "return") persona.leaving.mode = mode;
    // A slot that is free already does not drain any more, and has nothing to give back.
    if (isFirst || this.#fleet.counts(persona.slot).draining) this.#fleet.unenroll(persona.slot, mode);
    return persona.leaving;
  }

  async #write(tenant: string, checked: CheckedDefinition): Promise<Persona> {
    const current = this.of(tenant).find(checked.id);
    if (current?.leaving !== undefined) {
      throw new PersonaError(
        "persona_draining",
        `${checked.id} is being unenrolled; enroll it again when that is done`,
      );
    }
    const former = current?.row ?? (await this.#store.enrollmentNamed(tenant, checked.id));
    const { id, name, instructions, model, mapperId, settings } = checked;
    // Who changes a name over HTTP has no function to give, and must not take the persona's away.
    const cognition = checked.cognition ?? current?.own;
    const entry = name === undefined ? this.#entryToEnroll(tenant, id) : undefined;
    const asked = entry === undefined ? model : entry.model;
    // Before anything is written: nobody is enrolled for whom nobody can answer.
    if (cognition === undefined) this.#minds.forModel(asked);
    const sleep = current?.definition.sleep;
    const common = { settings, hasFunction: cognition !== undefined, sleep };
    const definition: StoredDefinition =
      name === undefined ? { source: "catalogue", ...common } : { name, instructions, model, mapperId, ...common };
    this.#assertPriced(id, asked, definition, cognition);
    const now = this.#clock.now();
    const row: EnrollmentRow = {
      key: former?.key ?? this.#store.allocate("enrollment"),
      tenant,
      id,
      partition: partitionOf(tenant, id),
      definition: JSON.stringify(definition),
      createdAt: former?.createdAt ?? now,
      updatedAt: now,
      removedAt: null,
    };
    const rev = await this.#store.saveEnrollment(row);
    // A fleet that has begun anew meanwhile may have found it in the store, and given it a place.
    const placed = this.#byKey.get(row.key);
    const persona = placed ?? this.#place(row, definition, cognition);
    if (placed !== undefined) this.#change(placed, row, definition, cognition);
    this.#onChange(rev);
    return persona;
  }

  /** Throws `invalid_input` where there is none, or `entry_damaged`. */
  #entryToEnroll(tenant: string, id: string): PersonaEntry {
    try {
      return this.of(tenant).catalogue.personas.get(id);
    } catch (cause) {
      if (!(cause instanceof PersonaError) || cause.code !== "persona_not_found") throw cause;
      const fault = { field: "name", message: "must be given: the catalogue has no persona with this id" };
      throw new PersonaError("invalid_input", `${fault.field} ${fault.message}`, { fields: [fault], cause });
    }
  }

  #place(row: EnrollmentRow, definition: StoredDefinition, cognition: Cognition | undefined): Persona {
    const directory = this.of(row.tenant);
    const state = { last: undefined, wait: undefined, leaving: undefined };
    const known = { id: row.id, directory, row, definition, own: cognition, ...state };
    const unplaced = { ...known, ...this.#mind(known) };
    const persona: Persona = { ...unplaced, slot: this.#fleet.enroll(nativeSettings(unplaced)) };
    this.#putToSleep(persona);
    this.#directories.set(row.tenant, directory);
    if (isAgent(row.id)) this.#agents.set(`${row.tenant}/${row.id}`, persona);
    else directory.add(persona);
    this.#byKey.set(row.key, persona);
    this.#bySlot.set(persona.slot, persona);
    return persona;
  }

  /** Writes another definition of an enrolled persona, then lets it hold. */
  async #save(persona: Persona, definition: StoredDefinition): Promise<void> {
    this.#assertPriced(persona.id, profileOf(persona).model, definition, persona.own);
    const row = { ...persona.row, definition: JSON.stringify(definition), updatedAt: this.#clock.now() };
    const rev = await this.#store.saveEnrollment(row);
    this.#change(persona, row, definition, persona.own);
    this.#onChange(rev);
  }

  #assertPriced(id: string, model: string | undefined, definition: StoredDefinition, own: Cognition | undefined): void {
    const mind = this.#minds.of(model, definition.hasFunction, own);
    this.#minds.assertPriced(`${id} cannot be enrolled`, model, mind, definition.settings.budget);
  }

  /** A persona that takes its place in the fleet sleeps as it did. */
  #putToSleep({ slot, definition: { sleep } }: Persona): void {
    if (sleep !== undefined) this.#fleet.sleep(slot, sleep.mode, sleep.until);
  }

  /** It is awake already; the store learns of it, now or with the next change. Until then a restart lets it sleep. */
  async #wake(persona: Persona): Promise<void> {
    try {
      // It may be gone by now, or have been put to sleep again.
      if (this.#byKey.get(persona.row.key) !== persona || this.#fleet.counts(persona.slot).sleep !== "active") return;
      persona.definition = { ...persona.definition, sleep: undefined };
      await this.#save(persona, persona.definition);
    } catch (cause) {
      this.#warn({ code: "wake_failed", message: `The store does not know yet that ${persona.id} is awake`, cause });
    }
  }

  #change(persona: Persona, row: EnrollmentRow, definition: StoredDefinition, cognition: Cognition | undefined): void {
    // It may be answered by another provider from now on, so it asks again.
    stopWaiting(persona);
    Object.assign(persona, { row, definition, own: cognition });
    Object.assign(persona, this.#mind(persona));
    this.#fleet.configure(persona.slot, nativeSettings(persona));
  }

  #forget(persona: Persona): void {
    stopWaiting(persona);
    persona.directory.delete(persona);
    this.#byKey.delete(persona.row.key);
    this.#bySlot.delete(persona.slot);
  }

  #mind(persona: Pick<Persona, "id" | "definition" | "directory" | "last" | "own">): Mind {
    const { definition, own } = persona;
    return this.#minds.of(profileOf(persona).model, definition.hasFunction, own);
  }

  #oneByOne<Result>(tenant: string, id: string, write: () => Promise<Result>): Promise<Result> {
    return this.#writes.run(`${tenant}/${id}`, write);
  }
}
