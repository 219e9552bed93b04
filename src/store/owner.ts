import { hostname } from "node:os";
import Database from "better-sqlite3";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";

/** Longer than it takes another process to write its name, so that a refusal never names the one before. */
const PATIENCE_MS = 250;

interface OwnerRow {
  readonly pid: number;
  readonly host: string;
  readonly since: number;
  readonly claim: string;
}

/**
 * Makes this process the one owner of a database, or throws `store_locked` with the name of the one
 * that is. Who owns it stands in a file of its own beside the database; that it is still alive is
 * shown by the write lock it keeps there, which the operating system takes away however it ends.
 * Nothing may open that file but SQLite: on POSIX, closing any other handle to it drops the lock.
 * The file stays when the owner leaves: to delete it would let two processes lock two files.
 *
 * Gives the function that lets go.
 */
export function claimOwnership(file: string, clock: Clock): () => void {
  const database = new Database(`${file}-owner`, { timeout: PATIENCE_MS });
  try {
    database.pragma("journal_mode = DELETE");
    const me: OwnerRow = { pid: process.pid, host: hostname(), since: clock.now(), claim: crypto.randomUUID() };
    for (;;) {
      database.exec("BEGIN IMMEDIATE");
      if (readOwner(database)?.claim === me.claim) return () => database.close();
      // The name must be committed to be readable, which lets go of the lock for a moment.
      database.exec("CREATE TABLE IF NOT EXISTS owner (pid INTEGER, host TEXT, since INTEGER, claim TEXT)");
      database.exec("DELETE FROM owner");
      database.prepare("INSERT INTO owner VALUES (@pid, @host, @since, @claim)").run(me);
      database.exec("COMMIT");
    }
  } catch (error) {
    try {
      const busy = error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
      throw busy ? locked(readOwner(database), error) : error;
    } finally {
      database.close();
    }
  }
}

function locked(owner: OwnerRow | undefined, cause: Error): PersonaError {
  const who = owner
    ? `Process ${owner.pid} on ${owner.host} owns this database since ${new Date(owner.since).toISOString()}`
    : "Another process owns this database";
  return new PersonaError("store_locked", `${who}; stop it, or use another file.`, { cause });
}

function readOwner(database: Database.Database): OwnerRow | undefined {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'owner'").get() !== undefined;
  return known ? database.prepare<[], OwnerRow>("SELECT * FROM owner").get() : undefined;
}
