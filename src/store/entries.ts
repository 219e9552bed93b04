/** The table of catalogue entries: in the store's database, and in one of a host's own. */
import { PersonaError } from "../errors.ts";
import { ENTRY } from "./columns.ts";
import type { EntryRow } from "./port.ts";
import { type Query, query } from "./query.ts";

/** A step of the migrations, so it is never changed. A body that is NULL is a tombstone. */
export const ENTRY_TABLE = `
  CREATE TABLE IF NOT EXISTS catalogue_entry (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    body TEXT,
    reset INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (kind, tenant, id)
  ) STRICT;`;

/** One row if it was written, none if there is one already. */
export const INSERT_ENTRY: Query<{ version: number }> = query(`
  INSERT INTO ${ENTRY.name} (${ENTRY.columns}) VALUES (${ENTRY.places})
  ON CONFLICT (kind, tenant, id) DO NOTHING RETURNING version`);

/** With the values of `replacement`; no row if another version is stored. */
export const REPLACE_ENTRY: Query<{ version: number }> = query(`
  UPDATE ${ENTRY.name} SET version = ?, body = ?, reset = ?, created_at = ?, updated_at = ?
  WHERE kind = ? AND tenant = ? AND id = ? AND version = ? RETURNING version`);

export function replacement(
  { version, body, reset, createdAt, updatedAt, kind, tenant, id }: EntryRow,
  expected: number,
) {
  return [version, body, reset, createdAt, updatedAt, kind, tenant, id, expected];
}

export const ENTRY_OF: Query<EntryRow> = query(
  `SELECT ${ENTRY.selection} FROM ${ENTRY.name} WHERE kind = ? AND tenant = ? AND id = ?`,
);

export const ENTRIES: Query<EntryRow> = query(
  `SELECT ${ENTRY.selection} FROM ${ENTRY.name} WHERE kind = ? AND (tenant, id) > (?, ?) ORDER BY tenant, id LIMIT ?`,
);

export function assertWritten(row: unknown): void {
  if (row === undefined) throw otherVersion();
}

export function otherVersion(): PersonaError {
  return new PersonaError("version_conflict", "Another version of the entry is stored; read it, and decide again.");
}
