import Database from "better-sqlite3";
import { type ErrorCode, PersonaError } from "../errors.ts";

/** SQLite's result codes by their beginning, the first match counts. What is not here is a defect of ours. */
const TABLE: readonly (readonly [prefix: string, code: ErrorCode, message: string])[] = [
  ["SQLITE_CONSTRAINT", "internal", "A row with this key or name exists already; allocate a new key."],
  ["SQLITE_FULL", "store_full", "There is no space left for the database; free some, then try again."],
  ["SQLITE_READONLY", "store_read_only", "The database cannot be written; make the file and its folder writable."],
  ["SQLITE_CANTOPEN", "store_read_only", "The database cannot be opened for writing; check the file and its folder."],
  ["SQLITE_PERM", "store_read_only", "The database may not be written; check the permissions of the file."],
  ["SQLITE_AUTH", "store_read_only", "The database may not be written; check the permissions of the file."],
  ["SQLITE_CORRUPT", "store_corrupt", "The database is damaged; restore it from a backup."],
  ["SQLITE_NOTADB", "store_corrupt", "The file is not a database; name another file, or restore it from a backup."],
  ["SQLITE_IOERR_CORRUPTFS", "store_corrupt", "The file system is damaged; repair it, then restore the database."],
  ["SQLITE_IOERR", "store_unavailable", "The disk does not answer; check it, then try again."],
  ["SQLITE_NOMEM", "store_unavailable", "The database ran out of memory; free some, then try again."],
  ["SQLITE_BUSY", "store_locked", "Another program is writing into the database; end it, then try again."],
  ["SQLITE_LOCKED", "store_locked", "Another program is writing into the database; end it, then try again."],
  ["SQLITE_PROTOCOL", "store_locked", "Another program is writing into the database; end it, then try again."],
];

/** The coded error for whatever the driver threw; the driver's own words are in its `cause`. */
export function storeError(error: unknown): PersonaError {
  if (error instanceof PersonaError) return error;
  const found = error instanceof Database.SqliteError ? TABLE.find(([prefix]) => error.code.startsWith(prefix)) : null;
  if (!found) return new PersonaError("internal", "The store could not run a command; report this.", { cause: error });
  const [, code, message] = found;
  return new PersonaError(code, message, { cause: error });
}
