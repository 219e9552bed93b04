/** The catalogue as a view of the runtime has it: what is written there holds for the fleet at once. */
import type { Collection, TenantCatalogue } from "../catalogue/catalogue.ts";
import type { EntryKind, EntryOf } from "../catalogue/schema.ts";
import type { Personas } from "./personas.ts";
import type { Scope } from "./scope.ts";

/** `assertRules` throws where nothing may be written. */
export function catalogueView({ tenant, owner }: Scope, personas: Personas, assertRules: () => void): TenantCatalogue {
  const catalogue = personas.of(tenant).catalogue;
  const written = async (id: string, was: EntryOf["persona"] | undefined) => {
    if (catalogue.personas.find(id) === undefined) await personas.dismiss(tenant, id, was);
    else personas.rewritten(tenant, id);
  };
  const nothing = async () => {};
  return {
    writable: catalogue.writable && owner === undefined,
    personas: new Guarded(catalogue.personas, assertRules, written),
    roles: new Guarded(catalogue.roles, assertRules, nothing),
    sequences: new Guarded(catalogue.sequences, assertRules, nothing),
  };
}

class Guarded<Kind extends EntryKind> implements Collection<Kind> {
  readonly kind: Kind;
  readonly #entries: Collection<Kind>;
  readonly #before: () => void;
  readonly #after: (id: string, was: EntryOf[Kind] | undefined) => Promise<void>;

  constructor(
    entries: Collection<Kind>,
    before: () => void,
    after: (id: string, was: EntryOf[Kind] | undefined) => Promise<void>,
  ) {
    this.kind = entries.kind;
    this.#entries = entries;
    this.#before = before;
    this.#after = after;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(id: string): EntryOf[Kind] | undefined {
    return this.#entries.find(id);
  }

  get(id: string): EntryOf[Kind] {
    return this.#entries.get(id);
  }

  list(...page: Parameters<Collection<Kind>["list"]>): readonly EntryOf[Kind][] {
    return this.#entries.list(...page);
  }

  deleted(): readonly string[] {
    return this.#entries.deleted();
  }

  async create(input: unknown): Promise<EntryOf[Kind]> {
    this.#before();
    const entry = await this.#entries.create(input);
    await this.#after(entry.id, undefined);
    return entry;
  }

  async put(...[id, ...rest]: Parameters<Collection<Kind>["put"]>): ReturnType<Collection<Kind>["put"]> {
    return this.#write(id, () => this.#entries.put(id, ...rest));
  }

  async patch(...[id, ...rest]: Parameters<Collection<Kind>["patch"]>): Promise<EntryOf[Kind]> {
    return this.#write(id, () => this.#entries.patch(id, ...rest));
  }

  async delete(...[id, ...rest]: Parameters<Collection<Kind>["delete"]>): Promise<void> {
    return this.#write(id, () => this.#entries.delete(id, ...rest));
  }

  async reset(...[id, ...rest]: Parameters<Collection<Kind>["reset"]>): Promise<EntryOf[Kind] | undefined> {
    return this.#write(id, () => this.#entries.reset(id, ...rest));
  }

  async #write<Result>(id: string, write: () => Promise<Result>): Promise<Result> {
    this.#before();
    const was = this.#entries.find(id);
    const result = await write();
    await this.#after(id, was);
    return result;
  }
}
