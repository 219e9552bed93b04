import { randomInt } from "node:crypto";
import Database from "better-sqlite3";
import { PersonaError } from "../errors.ts";
import { Ledger } from "./ledger.ts";
import { MIGRATIONS } from "./migrations.ts";

/** In the file's header, so that no other program's database is taken for ours: "prsn". */
const APPLICATION_ID = 0x7072736e;

export interface DatabaseOptions {
  readonly now: number;
  /** Of a new database; an existing one keeps its own. */
  readonly salt: number | undefined;
  readonly keepChanges: number;
}

export interface DatabaseIdentity {
  readonly salt: number;
  /** One more than the owner before had. */
  readonly epoch: number;
  readonly lastKey: number;
}

/**
 * Makes a file ready for its new owner, in one transaction: creates or migrates the tables, raises
 * the epoch, and closes the turns and calls that the owner before did not live to settle. Refuses files that
 * are another program's (`store_foreign`), of a later version (`store_newer`) or damaged.
 */
export function prepareDatabase(file: string, options: DatabaseOptions): DatabaseIdentity {
  const database = new Database(file);
  try {
    const version = knownVersion(database);
    if (database.pragma("journal_mode = WAL", { simple: true }) !== "wal") {
      throw new PersonaError("store_unavailable", "Put the database on a file system that can share memory (WAL).");
    }
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = OFF");
    return database
      .transaction(() => {
        migrate(database, version, options);
        const identity = raiseEpoch(database);
        endUnknownTurns(database, identity.epoch, options);
        bookReservations(database);
        return identity;
      })
      .immediate();
  } finally {
    database.close();
  }
}

/** Its schema's version; 0 for an empty file. Nothing has been written when this refuses a file. */
export function knownVersion(database: Database.Database): number {
  const application = database.pragma("application_id", { simple: true });
  const version = Number(database.pragma("user_version", { simple: true }));
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (application === APPLICATION_ID && version > MIGRATIONS.length) {
    const message = `The database has version ${version}, this program knows ${MIGRATIONS.length}; use a newer one.`;
    throw new PersonaError("store_newer", message);
  }
  if (application === APPLICATION_ID) return version;
  if (application === 0 && version === 0 && tables === 0) return 0;
  throw new PersonaError("store_foreign", "The file belongs to another program; name another file.");
}

function migrate(database: Database.Database, version: number, { now, salt }: DatabaseOptions): void {
  for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
  database.pragma(`user_version = ${MIGRATIONS.length}`);
  database.pragma(`application_id = ${APPLICATION_ID}`);
  if (version === 0) {
    database
      .prepare("INSERT INTO database VALUES (1, ?, 0, 0, 0, 0, 0, 0, 0, 0, ?)")
      .run(salt ?? randomInt(2 ** 31), now);
  }
}

function raiseEpoch(database: Database.Database): DatabaseIdentity {
  const row = database
    .prepare<[], DatabaseIdentity>(`
      UPDATE database SET epoch = epoch + 1, waiting = waiting + in_turn, in_turn = 0
      RETURNING salt, epoch, last_key AS "lastKey"`)
    .get();
  if (row === undefined) throw new PersonaError("store_corrupt", "The database is damaged; restore it from a backup.");
  return row;
}

/**
 * Turns without an outcome were cut off. They get the outcome `unknown`, and their items remember how
 * many they were until each is decided, tried again or put off: also if this process dies as well.
 */
function endUnknownTurns(database: Database.Database, epoch: number, { now, keepChanges }: DatabaseOptions): void {
  const cutOff = database
    .prepare<[], { key: number; tenant: string }>(`
      SELECT key, tenant FROM turn WHERE key IN (SELECT turn FROM inbox WHERE turn IS NOT NULL AND unknown_items = 0)`)
    .all();
  const endTurn = database.prepare("UPDATE turn SET outcome = 'unknown', settled_at = ?, rev = ? WHERE key = ?");
  const ledger = new Ledger(database, { epoch, keepChanges });
  for (const { key, tenant } of cutOff) endTurn.run(now, ledger.stamp("turn", tenant, key), key);
  database.exec(`
    UPDATE inbox SET unknown_items = (SELECT json_array_length(items) FROM turn WHERE turn.key = inbox.turn)
    WHERE turn IS NOT NULL AND unknown_items = 0`);
}

/** What was reserved for calls that were cut off may have been billed: it stays booked, as it was reserved. */
function bookReservations(database: Database.Database): void {
  database.exec("UPDATE spending SET state = 'unconfirmed' WHERE state = 'reserved'");
}
