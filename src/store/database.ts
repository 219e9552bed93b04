import Database from "better-sqlite3";
import { PersonaError } from "../errors.ts";
import { inSqlite, MIGRATIONS } from "./migrations.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { type DatabaseIdentity, type DatabaseOptions, found, takeOver } from "./take-over.ts";

/** In the file's header, so that no other program's database is taken for ours: "prsn". */
const APPLICATION_ID = 0x7072736e;

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
        const connection = new SqliteConnection(database);
        migrate(database, version);
        if (version === 0) found(connection, options);
        return connection.execute(takeOver(connection, options));
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

function migrate(database: Database.Database, version: number): void {
  for (const migration of MIGRATIONS.slice(version)) database.exec(inSqlite(migration));
  database.pragma(`user_version = ${MIGRATIONS.length}`);
  database.pragma(`application_id = ${APPLICATION_ID}`);
}
