/** The entries of one kind and tenant, and the way of a change: check, store, show. */
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock.ts";
import { type FieldFault, PersonaError, type Referrer } from "../errors.ts";
import { describeFaults } from "../faults.ts";
import type { Collection, Condition, EntryPage } from "./catalogue.ts";
import { type Body, type Checked, checkEntry, FORMS, type Reference, referencesOf } from "./check.ts";
import type { Layers, Written } from "./layers.ts";
import type { Locks } from "./locks.ts";
import { isTable, mergePatch } from "./merge-patch.ts";
import type { DamagedEntry, StoredEntry } from "./port.ts";
import type { Rows } from "./rows.ts";
import { type EntryKind, type EntryOf, SERVER_OWNED } from "./schema.ts";

/** What the collections of one tenant share. */
export interface Shelf {
  readonly tenant: string;
  readonly clock: Clock;
  readonly writable: boolean;
  readonly locks: Locks;
  readonly layers: { readonly [Kind in EntryKind]: Layers<Kind> };
  readonly rows: Readonly<Record<EntryKind, Rows>>;
}

type Force = Condition & { readonly force?: boolean | undefined };

export class LayeredCollection<Kind extends EntryKind> implements Collection<Kind> {
  readonly kind: Kind;
  readonly #shelf: Shelf;
  readonly #layers: Layers<Kind>;
  /** Ids of which it is not known what is stored, because a write has failed and the store could not be asked. */
  readonly #doubtful = new Set<string>();

  constructor(kind: Kind, shelf: Shelf) {
    this.kind = kind;
    this.#shelf = shelf;
    this.#layers = shelf.layers[kind] as Layers<Kind>;
  }

  get size(): number {
    return this.#layers.size;
  }

  find(id: string): EntryOf[Kind] | undefined {
    return this.#layers.find(id);
  }

  get(id: string): EntryOf[Kind] {
    const entry = this.#layers.find(id);
    if (entry !== undefined) return entry;
    const damage = this.#layers.written(id)?.damage;
    if (damage === undefined) throw this.#missing(id);
    throw new PersonaError(
      "entry_damaged",
      `What is stored as ${this.kind} "${id}" cannot be read: ${damage}. Overwrite, reset or delete it.`,
    );
  }

  list({ after = "", limit = Number.POSITIVE_INFINITY }: EntryPage = {}): readonly EntryOf[Kind][] {
    const entries: EntryOf[Kind][] = [];
    for (const entry of this.#layers.behind(after)) {
      if (entries.length >= limit) break;
      entries.push(entry);
    }
    return entries;
  }

  deleted(): readonly string[] {
    return this.#layers.seeds.ids.filter((id) => !this.#isTaken(id));
  }

  async create(input: unknown): Promise<EntryOf[Kind]> {
    const checked = checkEntry(this.kind, input);
    const id = isTable(input) && typeof input["id"] === "string" ? input["id"] : "";
    return this.#change(id, checked.references, async () => {
      const exists = this.#isTaken(id)
        ? new PersonaError("already_exists", `There is a ${this.kind} "${id}" already; change it by its id.`)
        : undefined;
      return this.#save(id, this.#accepted(checked, exists, undefined));
    });
  }

  async put(id: string, input: unknown, condition: Condition = {}) {
    const checked = this.#checked(id, isTable(input) ? { id, ...input } : input);
    return this.#change(id, checked.references, async () => {
      const created = !this.#isTaken(id);
      const body = this.#accepted(checked, this.#conflict(id, condition), this.find(id));
      return { entry: await this.#save(id, body), created };
    });
  }

  async patch(id: string, patch: unknown, condition: Condition = {}): Promise<EntryOf[Kind]> {
    return this.#change(id, referencesOf(patch), async () => {
      const entry = this.get(id);
      const checked = this.#checked(id, patched(entry, patch));
      return this.#save(id, this.#accepted(checked, this.#conflict(id, condition), entry));
    });
  }

  async delete(id: string, { force = false, ...condition }: Force = {}): Promise<void> {
    return this.#change(id, [], async () => {
      if (!this.#isTaken(id)) throw this.#missing(id);
      const conflict = this.#conflict(id, condition);
      if (conflict !== undefined) throw conflict;
      if (!force) this.#assertUnreferenced(id);
      await this.#bury(id, false);
    });
  }

  async reset(id: string, { force = false, ifVersion }: Force = {}): Promise<EntryOf[Kind] | undefined> {
    const seed = this.#layers.seeds.get(id);
    return this.#change(id, referencesOf(seed), async () => {
      const written = this.#layers.written(id);
      if (written?.entry === undefined && written?.damage === undefined && seed === undefined) throw this.#missing(id);
      const version = written?.version ?? 0;
      if (ifVersion === "none" || (typeof ifVersion === "number" && ifVersion !== version))
        throw this.#stale(id, version);
      // As it was seeded.
      if (written === undefined || (written.entry !== undefined && written.entry.source !== "store"))
        return this.find(id);
      if (seed === undefined && !force) this.#assertUnreferenced(id);
      const faults = this.#danglingOf(referencesOf(seed));
      if (faults.length > 0) throw this.#invalid(faults);
      return this.#bury(id, true);
    });
  }

  /** Runs a change once nothing else changes this entry, or what it refers to. */
  #change<Result>(id: string, references: readonly Reference[], task: () => Promise<Result>): Promise<Result> {
    if (!this.#shelf.writable) {
      throw new PersonaError("writes_disabled", "This catalogue is read-only; change its files instead.");
    }
    const names = references.map((reference) => `${reference.kind}/${reference.id}`);
    return this.#shelf.locks.run(`${this.kind}/${id}`, names, async () => {
      if (this.#doubtful.has(id)) await this.#look(id);
      return task();
    });
  }

  /** A damaged entry keeps its id. */
  #isTaken(id: string): boolean {
    return this.find(id) !== undefined || this.#layers.written(id)?.damage !== undefined;
  }

  #conflict(id: string, { ifVersion }: Condition): PersonaError | undefined {
    const taken = this.#isTaken(id);
    const version = this.#layers.written(id)?.version ?? 0;
    if (ifVersion === undefined) return undefined;
    const met = ifVersion === "none" ? !taken : taken && (ifVersion === "any" || ifVersion === version);
    return met ? undefined : this.#stale(id, taken ? version : undefined);
  }

  /** The body, unless something is wrong with it. What depends on the version that was read is not said of another. */
  #accepted(
    checked: Checked<Kind>,
    conflict: PersonaError | undefined,
    current: EntryOf[Kind] | undefined,
  ): Body<Kind> {
    const { body, faults } = checked;
    if (body !== undefined && conflict !== undefined) throw conflict;
    const changed = conflict === undefined ? changedFields(checked, current) : [];
    const all = [...faults, ...changed, ...this.#danglingOf(checked.references)];
    if (body === undefined || all.length > 0) throw this.#invalid(all);
    return body;
  }

  #danglingOf(references: readonly Reference[]): FieldFault[] {
    return references
      .filter(({ kind, id }) => this.#shelf.layers[kind].find(id) === undefined)
      .map(({ field, kind, id }) => ({ field, message: `names the ${kind} "${id}", which does not exist` }));
  }

  #assertUnreferenced(id: string): void {
    const referrers: Referrer[] = [];
    for (const persona of this.#shelf.layers.persona.behind("")) {
      for (const reference of referencesOf(persona)) {
        if (reference.kind !== this.kind || reference.id !== id) continue;
        referrers.push({ kind: "persona", id: persona.id, field: reference.field });
      }
    }
    if (referrers.length === 0) return;
    const named = referrers.slice(0, 10).map((referrer) => `"${referrer.id}" (${referrer.field})`);
    const more = referrers.length > named.length ? ` and ${referrers.length - named.length} more` : "";
    throw new PersonaError(
      "referenced",
      `The ${this.kind} "${id}" is named by ${named.join(", ")}${more}. Change those first, or force it.`,
      { referrers },
    );
  }

  async #save(id: string, body: Body<Kind>): Promise<EntryOf[Kind]> {
    const now = this.#shelf.clock.now();
    const row = { ...this.#next(id), body, reset: false, createdAt: this.find(id)?.created_at || now, updatedAt: now };
    await this.#store(row);
    return this.#show(id, this.#layers.with(row, body)) as EntryOf[Kind];
  }

  async #bury(id: string, reset: boolean): Promise<EntryOf[Kind] | undefined> {
    const now = this.#shelf.clock.now();
    const row = { ...this.#next(id), body: null, reset, createdAt: this.find(id)?.created_at || now, updatedAt: now };
    await this.#store(row);
    return this.#show(id, this.#layers.without(row));
  }

  #next(id: string): Pick<StoredEntry, "tenant" | "id" | "version"> {
    return { tenant: this.#shelf.tenant, id, version: (this.#layers.written(id)?.version ?? 0) + 1 };
  }

  /** Resolves once the row is stored; else nothing was. */
  async #store(row: StoredEntry): Promise<void> {
    try {
      await this.#shelf.rows[this.kind].write(row, row.version - 1);
    } catch (cause) {
      // It may be stored all the same: the answer can have been lost.
      const stored = await this.#look(row.id, cause);
      if (stored !== undefined && isDeepStrictEqual(plain(stored), plain(row))) return;
      if (!(cause instanceof PersonaError) || cause.code !== "version_conflict") throw this.#failed(row.id, cause);
      throw this.#stale(row.id, stored?.version ?? 0);
    }
  }

  /** Makes memory what the store is. Throws `persist_failed` if that cannot be found out; then it is tried again later. */
  async #look(id: string, reason?: unknown): Promise<StoredEntry | DamagedEntry | undefined> {
    this.#doubtful.add(id);
    const row = await this.#shelf.rows[this.kind].look(this.#shelf.tenant, id).catch((cause) => {
      throw this.#failed(id, reason ?? cause);
    });
    this.#doubtful.delete(id);
    if (row !== undefined) this.#show(id, this.#layers.read(row));
    else if (this.#layers.written(id) !== undefined) this.#show(id, this.#layers.untouched(id));
    return row;
  }

  #show(id: string, written: Written<Kind>): EntryOf[Kind] | undefined {
    this.#layers.set(id, written);
    return written.entry;
  }

  /** The input may name no other id than the one that it is written under. */
  #checked(id: string, input: unknown): Checked<Kind> {
    const checked = checkEntry(this.kind, input);
    if (!isTable(input) || input["id"] === id) return checked;
    const faults = checked.faults.filter(({ field }) => field !== "id");
    return {
      ...checked,
      body: undefined,
      faults: [{ field: "id", message: `must be "${id}", or be left out` }, ...faults],
    };
  }

  #missing(id: string): PersonaError {
    return new PersonaError(FORMS[this.kind].missing, `There is no ${this.kind} "${id}" in the catalogue.`);
  }

  #invalid(fields: readonly FieldFault[]): PersonaError {
    return new PersonaError(FORMS[this.kind].invalid, `The ${this.kind} is not valid. ${describeFaults(fields)}`, {
      fields,
    });
  }

  #stale(id: string, version: number | undefined): PersonaError {
    const now = version === undefined ? "is not there" : `is version ${version} by now`;
    return new PersonaError("version_conflict", `The ${this.kind} "${id}" ${now}; read it, and decide again.`);
  }

  #failed(id: string, cause: unknown): PersonaError {
    const reason = cause instanceof PersonaError ? ` ${cause.message}` : "";
    return new PersonaError("persist_failed", `The ${this.kind} "${id}" could not be stored.${reason}`, { cause });
  }
}

/** `voice` is the same as `voice_model.voice_id`: a patch of the one is a patch of the other. */
function patched(entry: EntryOf[EntryKind], patch: unknown): unknown {
  const { voice: _, ...target } = entry as EntryOf["persona"];
  const result = mergePatch(target, patch);
  if (!isTable(patch) || patch["voice"] === undefined || !isTable(result) || !isTable(result["voice_model"]))
    return result;
  if (isTable(patch["voice_model"]) && patch["voice_model"]["voice_id"] !== undefined) return result;
  const { voice_id: __, ...model } = result["voice_model"];
  return { ...result, voice_model: model };
}

/** What the server sets can be sent, but not be changed. */
function changedFields({ said }: Checked<EntryKind>, current: EntryOf[EntryKind] | undefined): FieldFault[] {
  return SERVER_OWNED.filter((field) => said[field] !== undefined && said[field] !== current?.[field]).map((field) => ({
    field,
    message: `is set by the server; ${current === undefined ? "" : `send ${JSON.stringify(current[field])} or `}leave it out`,
  }));
}

/** As it is after a way through JSON. */
function plain(row: StoredEntry | DamagedEntry): unknown {
  return JSON.parse(JSON.stringify(row));
}
