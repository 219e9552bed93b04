/** Where the catalogue keeps what is written: nine functions, of the store or of a host. */
import type { EntryKind } from "./schema.ts";

/** One entry as it is kept. Its id is unique within its tenant and kind. */
export interface StoredEntry {
  readonly tenant: string;
  readonly id: string;
  /** Counts the writes of this id from 1 on, also over deletes and resets: a version never comes twice. */
  readonly version: number;
  /** The document without what the server sets; null: a tombstone, which hides what was seeded under this id. */
  readonly body: unknown;
  /** Of a tombstone: it hides nothing, and only keeps the version. */
  readonly reset: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An entry that is there and cannot be read. */
export interface DamagedEntry extends Pick<StoredEntry, "tenant" | "id" | "version"> {
  readonly reason: string;
}

/** In any order. */
export interface LoadedEntries {
  readonly rows: readonly StoredEntry[];
  /** These keep their ids, and are reported; they can be overwritten or deleted. */
  readonly damaged: readonly DamagedEntry[];
}

/**
 * `save` writes an entry and `delete` its tombstone, each whole or not at all, and durable when its promise resolves.
 * `expected` is the version that is stored now (0: there is no row); when another one is, they write nothing and reject
 * with a `PersonaError` of code `version_conflict`. What else they reject with is the cause of a `persist_failed`.
 */
export interface Persister {
  loadPersonas(): Promise<LoadedEntries>;
  savePersona(row: StoredEntry, expected: number): Promise<void>;
  deletePersona(row: StoredEntry, expected: number): Promise<void>;
  loadRoles(): Promise<LoadedEntries>;
  saveRole(row: StoredEntry, expected: number): Promise<void>;
  deleteRole(row: StoredEntry, expected: number): Promise<void>;
  loadSequences(): Promise<LoadedEntries>;
  saveSequence(row: StoredEntry, expected: number): Promise<void>;
  deleteSequence(row: StoredEntry, expected: number): Promise<void>;
  /**
   * What is stored under one id, which is asked for after a write has failed. Default: what `load…` gives is searched.
   */
  look?(kind: EntryKind, tenant: string, id: string): Promise<LoadedEntries>;
}
