/** The faces of the catalogue. */
import type { Body } from "./check.ts";
import type { EntryKind, EntryOf } from "./schema.ts";

/** What a change demands of the entry it changes. */
export interface Condition {
  /**
   * The version that was read; `"any"`: it must be there; `"none"`: it must not. Else `version_conflict`.
   * Default: whatever is there. A tombstone is not there; of a damaged entry the version counts.
   */
  readonly ifVersion?: number | "any" | "none" | undefined;
}

export interface EntryPage {
  /** Only ids behind this one. */
  readonly after?: string | undefined;
  /** Default: all. */
  readonly limit?: number | undefined;
}

/**
 * Personas, roles or sequences of one tenant. Entries are complete and frozen.
 *
 * Writes check, then store, then change what is read here, one after the other where they touch each other. They reject
 * with a `PersonaError` and have changed nothing: `invalid_persona` (role, sequence) with every broken field, also a
 * changed field of the server's or a reference to nothing; `version_conflict`; `persist_failed` with the cause;
 * `writes_disabled`.
 */
export interface Collection<Kind extends EntryKind = EntryKind> {
  readonly kind: Kind;
  /** How many entries there are. */
  readonly size: number;
  /** Also undefined for an entry that is stored and damaged. */
  find(id: string): EntryOf[Kind] | undefined;
  /** Throws `persona_not_found` (role, sequence) or `entry_damaged`. */
  get(id: string): EntryOf[Kind];
  /** Sorted by id. */
  list(page?: EntryPage): readonly EntryOf[Kind][];
  /** Ids of seeds that were deleted here, sorted. */
  deleted(): readonly string[];
  /** Rejects with `already_exists`, also when the id is that of a seed or of a damaged entry. */
  create(input: unknown): Promise<EntryOf[Kind]>;
  /** Replaces the whole entry, or creates it. The id in the input may be left out. */
  put(id: string, input: unknown, condition?: Condition): Promise<{ entry: EntryOf[Kind]; created: boolean }>;
  /** JSON merge patch (RFC 7396): what is null is removed. */
  patch(id: string, mergePatch: unknown, condition?: Condition): Promise<EntryOf[Kind]>;
  /** A seed stays deleted. Rejects with `referenced` and the referrers unless it is forced. */
  delete(id: string, condition?: Condition & { readonly force?: boolean | undefined }): Promise<void>;
  /**
   * Takes back what was written under this id, so that the seed shows again; undefined if there is none. Rejects with
   * `referenced` as a delete does.
   */
  reset(
    id: string,
    condition?: Condition & { readonly force?: boolean | undefined },
  ): Promise<EntryOf[Kind] | undefined>;
}

export interface TenantCatalogue {
  /** False: every write rejects with `writes_disabled`. */
  readonly writable: boolean;
  readonly personas: Collection<"persona">;
  readonly roles: Collection<"role">;
  readonly sequences: Collection<"sequence">;
}

/** What a seed file holds; it may declare what refers to each other in any order. */
export interface CatalogueFile {
  /** As it was named. */
  readonly name: string;
  /** Those that are right by themselves. */
  readonly entries: readonly FileEntry[];
  /** Whose ids show nothing, whatever is seeded under them. */
  readonly deleted: readonly DeletedEntry[];
  /** What was wrong with the others. */
  readonly notes: readonly CatalogueNote[];
}

export interface DeletedEntry {
  readonly kind: EntryKind;
  readonly id: string;
  readonly line: number | undefined;
}

export type FileEntry = {
  [Kind in EntryKind]: {
    readonly kind: Kind;
    readonly body: Body<Kind>;
    /** From 1 on; undefined where lines are not known. They are counted when they are first asked for. */
    readonly line: number | undefined;
  };
}[EntryKind];

/** What was wrong with one entry of a seed file, or of the store. */
export interface CatalogueNote {
  /** The file as it was named, `built-in`, or `store`. */
  readonly file: string;
  /** Undefined where it is none of them. */
  readonly table: "personas" | "roles" | "sequences" | undefined;
  /** Undefined where not even that could be read. */
  readonly id: string | undefined;
  /** Of an entry in the store. */
  readonly tenant?: string;
  /** From 1 on; undefined where lines are not known. */
  readonly line: number | undefined;
  readonly reason: string;
}

export interface Catalogue {
  /** Built-in entries and those of the seed file, under those that the tenant has written. */
  tenant(name: string): TenantCatalogue;
  /** Those of which something is stored, or that were asked for. */
  readonly tenants: readonly string[];
  /** What was left out when it was opened, and what refers to nothing. */
  readonly notes: readonly CatalogueNote[];
}
