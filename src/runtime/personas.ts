/** All enrolled personas: who they are, and which native slot each occupies. Each tenant has its own `Directory`. */

import type { Clock } from "../clock.ts";
import type { Wait } from "../cognition/admission.ts";
import type { Budgets } from "../cognition/budgets/budgets.ts";
import { rehearsal } from "../cognition/rehearsal.ts";
import type { Toolbox } from "../cognition/toolbox.ts";
import { PersonaError } from "../errors.ts";
import { describeFaults } from "../faults.ts";
import { type EnrollmentRow, partitionOf, type Store } from "../store/port.ts";
import type {
  Cognition,
  EnrollmentStatus,
  PersonaChanges,
  PersonaDefinition,
  PersonaSettings,
  PersonaWarning,
  Providers,
  Sleep,
} from "../types.ts";
import { Directory } from "./directory.ts";
import type { Fleet, Slot } from "./fleet.ts";
import {
  type CheckedDefinition,
  changedSchema,
  changesSchema,
  checkDefinition,
  parse,
  settingsSchema,
} from "./settings.ts";

/** A definition as it is stored: all but the function, whose presence is remembered. */
export interface StoredDefinition {
  readonly name: string;
  readonly instructions: string;
  readonly model?: string | undefined;
  readonly settings: PersonaSettings;
  readonly hasFunction: boolean;
  /** Left out when it is awake. */
  readonly sleep?: Sleep | undefined;
}

export const AWAKE: Sleep = { mode: "active" };

export interface Persona {
  readonly id: string;
  /** Of its tenant. */
  readonly directory: Directory;
  slot: Slot;
  row: EnrollmentRow;
  definition: StoredDefinition;
  /** The function that it was enrolled with. */
  own: Cognition | undefined;
  cognition: Cognition;
  cognitionKind: EnrollmentStatus["cognition"];
  /** Set while its cognition has no room for it. */
  wait: { readonly entry: Wait; readonly since: number } | undefined;
  /** Set while it is being unenrolled; settles when it is gone. */
  leaving: (PromiseWithResolvers<void> & { mode: "drain" | "return" }) | undefined;
}

export class Personas {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  readonly #standIn: Cognition | undefined;
  readonly #providers: Providers | undefined;
  readonly #budgets: Budgets;
  readonly #toolbox: Toolbox;
  readonly #onChange: (rev: number) => void;
  readonly #warn: (warning: PersonaWarning) => void;
  readonly #directories = new Map<string, Directory>();
  readonly #byKey = new Map<number, Persona>();
  readonly #bySlot = new Map<Slot, Persona>();
  /** The last write per tenant and id: two writes of one enrollment follow each other. */
  readonly #writes = new Map<string, Promise<unknown>>();

  /** `providers`, then `cognition` answer for personas without one of their own; default the rehearsal. */
  constructor(options: {
    store: Store;
    clock: Clock;
    fleet: Fleet;
    cognition: Cognition | undefined;
    providers: Providers | undefined;
    budgets: Budgets;
    toolbox: Toolbox;
    onChange: (rev: number) => void;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#fleet = options.fleet;
    this.#standIn = options.cognition;
    this.#providers = options.providers;
    this.#budgets = options.budgets;
    this.#toolbox = options.toolbox;
    this.#onChange = options.onChange;
    this.#warn = options.warn;
  }

  /** Takes up the stored enrollments; those whose cognition was a function wait until it is given again. */
  async load(): Promise<void> {
    for (const row of await this.#store.enrollments()) {
      if (this.#byKey.has(row.key)) continue;
      const definition = storedDefinition(row);
      this.#assertPriced(row.id, definition, undefined);
      const unknown = definition.settings.tools.filter((name) => !this.#toolbox.has(name));
      if (unknown.length > 0) {
        const message = `${row.id} may use ${unknown.join(", ")}, which no registered tool is called`;
        this.#warn({ code: "tool_unknown", message });
      }
      this.#place(row, definition, undefined);
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

  /** How many there are, of all tenants. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The directory of a tenant; an empty one if nobody was enrolled there yet. */
  of(tenant: string): Directory {
    return this.#directories.get(tenant) ?? new Directory(tenant);
  }

  /** Those of all tenants that have, or had, personas. */
  get directories(): readonly Directory[] {
    return [...this.#directories.values()];
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

  async enroll(tenant: string, input: PersonaDefinition): Promise<Persona> {
    const checked = checkDefinition(input);
    this.#checkTools(checked.settings.tools);
    return this.#inTurn(tenant, checked.id, () => this.#write(tenant, checked));
  }

  /** Changes settings and sleep of an enrolled persona; what is not given stays as it is. */
  async configure(tenant: string, id: string, input: PersonaChanges): Promise<Persona> {
    const { settings, sleep } = parse(changesSchema, input, "changes");
    if (sleep?.until !== undefined && sleep.until <= this.#clock.now()) {
      const fault = { field: "sleep.until", message: "must lie in the future, in milliseconds since 1970" };
      throw new PersonaError("invalid_input", `${fault.field} ${fault.message}`, { fields: [fault] });
    }
    return this.#inTurn(tenant, id, async () => {
      const persona = this.of(tenant).get(id);
      if (Object.keys(settings).length === 0 && sleep === undefined) return persona;
      const { definition } = persona;
      const present = definition.settings;
      const changed = { ...present, ...settings, windows: { ...present.windows, ...settings.windows } };
      const checked = parse(changedSchema, { settings: changed }, "changes");
      // Those that it has already may have outlived their tools; they are in nobody's way.
      if ("tools" in settings) this.#checkTools(checked.settings.tools);
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
      if (persona !== undefined) void this.#inTurn(persona.row.tenant, persona.id, () => this.#wake(persona));
    }
  }

  /** Resolves when its slot is free and the store knows that it is gone. */
  async unenroll(tenant: string, id: string, mode: "drain" | "return"): Promise<void> {
    await (await this.#inTurn(tenant, id, async () => this.#leave(this.of(tenant).get(id), mode))).promise;
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
      const rev = await this.#inTurn(persona.row.tenant, persona.id, async () => {
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

  /** Throws `invalid_input` naming every tool that is not registered. */
  #checkTools(names: readonly string[]): void {
    const message = "is the name of no registered tool";
    const fields = names
      .map((name, index) => ({ name, field: `settings.tools[${index}]`, message }))
      .filter(({ name }) => !this.#toolbox.has(name))
      .map(({ field }) => ({ field, message }));
    if (fields.length > 0) throw new PersonaError("invalid_input", describeFaults(fields), { fields });
  }

  #leave(persona: Persona, mode: "drain" | "return"): PromiseWithResolvers<void> {
    const isFirst = persona.leaving === undefined;
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
    const { id, name, instructions, model, settings } = checked;
    // Who changes a name over HTTP has no function to give, and must not take the persona's away.
    const cognition = checked.cognition ?? current?.own;
    // Before anything is written: nobody is enrolled for whom nobody can answer.
    if (cognition === undefined) this.#providers?.cognition(model);
    const sleep = current?.definition.sleep;
    const hasFunction = cognition !== undefined;
    const definition: StoredDefinition = { name, instructions, model, settings, hasFunction, sleep };
    this.#assertPriced(id, definition, cognition);
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

  #place(row: EnrollmentRow, definition: StoredDefinition, cognition: Cognition | undefined): Persona {
    const mind = this.#mind(definition, cognition);
    const slot = this.#fleet.enroll(nativeSettings({ definition, ...mind, wait: undefined }));
    const directory = this.of(row.tenant);
    const state = { wait: undefined, leaving: undefined };
    const persona: Persona = { id: row.id, directory, slot, row, definition, ...mind, ...state };
    this.#putToSleep(persona);
    this.#directories.set(row.tenant, directory);
    directory.add(persona);
    this.#byKey.set(row.key, persona);
    this.#bySlot.set(slot, persona);
    return persona;
  }

  /** Writes another definition of an enrolled persona, then lets it hold. */
  async #save(persona: Persona, definition: StoredDefinition): Promise<void> {
    this.#assertPriced(persona.id, definition, persona.own);
    const row = { ...persona.row, definition: JSON.stringify(definition), updatedAt: this.#clock.now() };
    const rev = await this.#store.saveEnrollment(row);
    this.#change(persona, row, definition, persona.own);
    this.#onChange(rev);
  }

  /** Of the models that may answer for it: its own, or the default one, and those that stand in. */
  #assertPriced(id: string, definition: StoredDefinition, own: Cognition | undefined): void {
    const { models = [] } = this.#mind(definition, own).cognition;
    try {
      for (const model of [definition.model, ...models]) this.#budgets.assertPriced(model, definition.settings.budget);
    } catch (cause) {
      if (!(cause instanceof PersonaError)) throw cause;
      throw new PersonaError(cause.code, `${id} cannot be enrolled. ${cause.message}`, { cause });
    }
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
    Object.assign(persona, { row, definition, ...this.#mind(definition, cognition) });
    this.#fleet.configure(persona.slot, nativeSettings(persona));
  }

  #forget(persona: Persona): void {
    stopWaiting(persona);
    persona.directory.delete(persona);
    this.#byKey.delete(persona.row.key);
    this.#bySlot.delete(persona.slot);
  }

  #mind(
    definition: StoredDefinition,
    own: Cognition | undefined,
  ): Pick<Persona, "own" | "cognition" | "cognitionKind"> {
    if (own !== undefined) return { own, cognition: own, cognitionKind: "function" };
    if (definition.hasFunction) return { own, cognition: rehearsal, cognitionKind: "absent" };
    const provided = this.#provided(definition.model);
    if (provided !== undefined) return { own, ...provided };
    if (this.#standIn !== undefined) return { own, cognition: this.#standIn, cognitionKind: "function" };
    return { own, cognition: rehearsal, cognitionKind: "rehearsal" };
  }

  #provided(model: string | undefined): Pick<Persona, "cognition" | "cognitionKind"> | undefined {
    try {
      const cognition = this.#providers?.cognition(model);
      return cognition && { cognition, cognitionKind: "provider" };
    } catch {
      // It was enrolled when there were other providers: what it is sent waits until that one is configured again.
      return { cognition: rehearsal, cognitionKind: "absent" };
    }
  }

  async #inTurn<Result>(tenant: string, id: string, write: () => Promise<Result>): Promise<Result> {
    const name = `${tenant}/${id}`;
    const before = this.#writes.get(name) ?? Promise.resolve();
    const after = before.then(write, write);
    this.#writes.set(name, after);
    try {
      return await after;
    } finally {
      if (this.#writes.get(name) === after) this.#writes.delete(name);
    }
  }
}

/** A definition of an earlier version has the defaults of whatever it does not know. */
function storedDefinition({ id, definition }: EnrollmentRow): StoredDefinition {
  try {
    const stored = JSON.parse(definition) as StoredDefinition;
    return { ...stored, settings: settingsSchema.parse(stored.settings) };
  } catch (cause) {
    throw new PersonaError("store_corrupt", `The definition of ${id} is damaged; restore the database from a backup`, {
      cause,
    });
  }
}

/** A persona that cannot answer, or for which there is no room: to native that is a pause. */
export function nativeSettings({
  definition,
  cognitionKind,
  wait,
}: Pick<Persona, "definition" | "cognitionKind" | "wait">): PersonaSettings {
  const cannot = cognitionKind === "absent" || wait !== undefined;
  return cannot ? { ...definition.settings, paused: true } : definition.settings;
}

function stopWaiting(persona: Persona): void {
  persona.wait?.entry.cancel();
  persona.wait = undefined;
}
