/** The mappers of all tenants: their versions, and which of them is active. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { MapperCondition, MapperRow, MapperHead as StoredHead } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { type CheckedMapper, checkMapper, type MapperBounds, storedDocument } from "./check-mapper.ts";
import { invalidMapper } from "./document.ts";
import type { CompiledMapper } from "./engine.ts";
import type { Mapper, MapperHead } from "./mapper.ts";

export interface MappersOptions {
  readonly store: Pick<Store, "mapping" | "allocate">;
  readonly clock: Clock;
  readonly bounds?: MapperBounds | undefined;
  /** The newest rev, once something is written. */
  readonly changed: (rev: number) => void;
  /** Another version of a mapper is active. */
  readonly activated?: ((tenant: string, id: string) => void) | undefined;
}

/** Of a write. */
export interface MapperWrite {
  /** Who does it: the id of a user. */
  readonly by: string;
  /** Whether the new version is active at once. Default: it is a draft. */
  readonly activate?: boolean | undefined;
}

/** What a change demands of the mapper that it changes. */
export interface MapperDemand {
  /** The newest version that was read; `"none"`: there must be none. */
  readonly ifNewest?: number | "none" | undefined;
}

export interface MapperPage {
  /** Only mappers whose conditions read this trait, or something above or below it. */
  readonly trait?: string | undefined;
  readonly active?: boolean | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** All that it gives is a document of its own; nothing of a mapper that was stored ever changes but its status. */
export class Mappers {
  readonly #store: MappersOptions["store"];
  readonly #clock: Clock;
  readonly #bounds: MapperBounds;
  readonly #changed: (rev: number) => void;
  readonly #activated: (tenant: string, id: string) => void;

  constructor({ store, clock, bounds = {}, changed, activated = () => {} }: MappersOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#bounds = bounds;
    this.#changed = changed;
    this.#activated = activated;
  }

  /**
   * Takes a document (YAML or JSON as text, or an object) as version 1 of its id. Throws `invalid_mapper` with every
   * fault, `already_exists`.
   */
  async create(tenant: string, input: unknown, write: MapperWrite): Promise<Mapper> {
    const checked = await this.#checked(input);
    const { id } = checked.compiled;
    const exists = () => new PersonaError("already_exists", `There is a mapper "${id}" already; change it by its id.`);
    if ((await this.#store.mapping.newestMapper(tenant, id)) !== undefined) throw exists();
    const made = await this.#add(tenant, checked, 1, write);
    if (made === undefined) throw exists();
    return made;
  }

  /**
   * Makes the next version of it, or the first; the same document again makes none. Throws `invalid_mapper`, also for a
   * document of another id, and `version_conflict`.
   */
  async put(
    tenant: string,
    id: string,
    input: unknown,
    { ifNewest, ...write }: MapperWrite & MapperDemand,
  ): Promise<{ readonly mapper: Mapper; readonly created: boolean }> {
    const checked = await this.#checked(input);
    if (checked.compiled.id !== id) throw wrongId(`must be "${id}", as in the path`);
    const newest = await this.#store.mapping.newestMapper(tenant, id);
    if (ifNewest !== undefined && ifNewest !== (newest?.version ?? "none")) throw stale(id);
    if (newest?.document === checked.json && (write.activate !== true || newest.status === "active")) {
      return { mapper: shown(newest, newest.version), created: false };
    }
    if (newest?.document === checked.json) {
      return { mapper: await this.activate(tenant, id, newest.version), created: false };
    }
    const made = await this.#add(tenant, checked, (newest?.version ?? 0) + 1, write);
    if (made === undefined) throw stale(id);
    return { mapper: made, created: true };
  }

  /** One version; without one the active, or else the newest. Throws `mapper_not_found`. */
  async get(tenant: string, id: string, version?: number): Promise<Mapper> {
    const { mapping } = this.#store;
    const newest = await mapping.newestMapper(tenant, id);
    const row =
      version === undefined ? await mapping.activeMapper(tenant, id) : await mapping.mapper(tenant, id, version);
    const found = row ?? (version === undefined ? newest : undefined);
    if (found === undefined || newest === undefined) throw missingMapper(id, version);
    return shown(found, newest.version);
  }

  /** Sorted by id; of each the active version, or else the newest. */
  async list(tenant: string, page: MapperPage): Promise<readonly MapperHead[]> {
    return (await this.#store.mapping.mappers({ tenant, ...page })).map(headOf);
  }

  /** Newest first. Throws `mapper_not_found`. */
  async versions(
    tenant: string,
    id: string,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly MapperHead[]> {
    const found = await this.#store.mapping.mapperVersions({ tenant, id, ...page });
    if (found.length === 0 && (await this.#store.mapping.newestMapper(tenant, id)) === undefined)
      throw missingMapper(id);
    return found.map(headOf);
  }

  /**
   * Makes a version active in place of the one that is; that one is deprecated. One that is active already stays so.
   * Throws `mapper_not_found`, or `version_conflict` when somebody activates another one at the same time.
   */
  async activate(tenant: string, id: string, version: number): Promise<Mapper> {
    const { mapping } = this.#store;
    const row = await mapping.mapper(tenant, id, version);
    if (row === undefined) throw missingMapper(id, version);
    if (row.status !== "active") {
      const active = await mapping.activeMapper(tenant, id);
      const written = await mapping.activateMapper(row, active?.key ?? null);
      // Whoever was faster may have activated the same one.
      if (written.status === "written") this.#wrote(written.rev, tenant, id);
      else if ((await mapping.mapper(tenant, id, version))?.status !== "active") throw stale(id);
    }
    return this.get(tenant, id, version);
  }

  #checked(input: unknown): Promise<CheckedMapper> {
    return checkMapper(input, this.#bounds);
  }

  /** Undefined if somebody else has made this version meanwhile. */
  async #add(
    tenant: string,
    { json, document, compiled }: CheckedMapper,
    version: number,
    { by, activate = false }: MapperWrite,
  ): Promise<Mapper | undefined> {
    const row: MapperRow = {
      key: this.#store.allocate("mapping"),
      tenant,
      id: compiled.id,
      version,
      semver: String(document.metadata.version),
      status: activate ? "active" : "draft",
      document: json,
      createdBy: by,
      createdAt: this.#clock.now(),
    };
    const written = await this.#store.mapping.addMapper(row, conditionsOf(compiled), activate);
    if (written.status === "stale") return undefined;
    this.#wrote(written.rev, activate ? tenant : undefined, compiled.id);
    return shown(row, version);
  }

  #wrote(rev: number, tenant: string | undefined, id: string): void {
    if (tenant !== undefined) this.#activated(tenant, id);
    this.#changed(rev);
  }
}

/** What a mapper reads, each once. */
function conditionsOf(compiled: CompiledMapper): readonly MapperCondition[] {
  const inConditions = new Set(compiled.ruleIds.flatMap((rule) => compiled.conditionTraits(rule)));
  const inParameters = compiled.traits.filter((path) => !inConditions.has(path));
  const queries = new Set(compiled.queries.map(({ query }) => query));
  const of = (kind: MapperCondition["kind"], paths: Iterable<string>) => Array.from(paths, (path) => ({ kind, path }));
  return [
    ...of("trait", inConditions),
    ...of("parameter", new Set(inParameters)),
    ...of("required", new Set(compiled.requiredTraits)),
    ...of("narrative", queries),
  ];
}

function headOf({ id, version, newest, semver, status, createdBy, createdAt }: StoredHead): MapperHead {
  return { id, version, newest_version: newest, semver, status, created_by: createdBy, created_at: createdAt };
}

function shown(row: MapperRow, newest: number): Mapper {
  return { ...headOf({ ...row, newest }), document: storedDocument(row) };
}

export function missingMapper(id: string, version?: number): PersonaError {
  const which = version === undefined ? "mapper" : `version ${version} of a mapper`;
  return new PersonaError("mapper_not_found", `There is no ${which} "${id}".`);
}

function wrongId(message: string): PersonaError {
  return invalidMapper([{ field: "/metadata/id", code: "wrong_id", message }]);
}

function stale(id: string): PersonaError {
  return new PersonaError("version_conflict", `Somebody has changed the mapper "${id}" meanwhile; read it again.`);
}
