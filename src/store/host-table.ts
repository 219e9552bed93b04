/** The table of catalogue entries in a database that the host has opened, and closes. */
import type { Database } from "better-sqlite3";
import { PersonaError } from "../errors.ts";
import { ENTRY, type Values } from "./columns.ts";
import { assertWritten, ENTRIES, ENTRY_OF, ENTRY_TABLE, INSERT_ENTRY, REPLACE_ENTRY, replacement } from "./entries.ts";
import { inPostgres } from "./migrations.ts";
import type { EntryRow, EntryTable } from "./port.ts";
import { sent, withNumbers } from "./postgres/batch.ts";
import { postgresError } from "./postgres/errors.ts";
import { fromStored } from "./postgres/text.ts";
import type { Query, Source } from "./query.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { storeError } from "./sqlite-errors.ts";

/** An open database, by what is needed of it: a `Database` of better-sqlite3, or a `Pool` or `Client` of pg. */
export type HostDatabase =
  | { prepare(sql: string): unknown; exec(sql: string): unknown; pragma(text: string): unknown }
  | { query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }> };

interface Host extends Pick<Source, "all"> {
  /** Runs what makes the table. */
  make(sql: string): unknown;
  coded(error: unknown): PersonaError;
}

/** Makes the table `catalogue_entry` if it is not there. Throws `invalid_input`, or `store_*` if it cannot be made. */
export async function openHostTable(database: HostDatabase): Promise<EntryTable> {
  const host = hostOf(database);
  try {
    await host.make(ENTRY_TABLE);
  } catch {
    // In PostgreSQL another process can have made it at this very moment.
    await attempt(host, () => host.make(ENTRY_TABLE));
  }
  const table = tableOn(host);
  await table.entry("persona", "", "").catch((cause: PersonaError) => {
    if (cause.code !== "internal" && cause.code !== "store_corrupt") throw cause;
    const message =
      "The database has a table catalogue_entry that is another program's; give another database or schema.";
    throw new PersonaError("store_foreign", message, { cause });
  });
  return table;
}

/** Each write is one statement, and so whole or not at all without a transaction of ours. */
function tableOn(host: Host): EntryTable {
  const all = <Row>(query: Query<Row>, values: Values) => attempt(host, () => host.all(query, values));
  return {
    async saveEntry(row, expected) {
      const rows =
        expected === 0 ? all(INSERT_ENTRY, ENTRY.values(row)) : all(REPLACE_ENTRY, replacement(row, expected));
      assertWritten((await rows)[0]);
    },
    async entry(kind, tenant, id) {
      const [row] = await all(ENTRY_OF, [kind, tenant, id]);
      return row && inNumbers(row);
    },
    async entries({ kind, after, limit }) {
      const rows = await all(ENTRIES, [kind, after?.tenant ?? "", after?.id ?? "", limit]);
      return rows.map(inNumbers);
    },
  };
}

async function attempt<Result>({ coded }: Host, run: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw coded(error);
  }
}

function hostOf(database: HostDatabase): Host {
  const { pragma, query } = (database ?? {}) as Partial<Record<"pragma" | "query", unknown>>;
  // Node.js has a database with `prepare` and `exec`, too, whose statements are others.
  if (typeof pragma === "function") return sqlite(database as Database);
  if (typeof query === "function") return postgres(database as Extract<HostDatabase, { query: unknown }>);
  throw new PersonaError("invalid_input", "Give an open database of better-sqlite3, or a pool or client of pg.", {
    fields: [{ field: "database", message: "must be a Database of better-sqlite3, or a Pool or Client of pg" }],
  });
}

function sqlite(database: Database): Host {
  const connection = new SqliteConnection(database);
  return {
    all: (query, values) => connection.all(query, values),
    make: (sql) => database.exec(sql),
    coded: storeError,
  };
}

function postgres(database: Extract<HostDatabase, { query: unknown }>): Host {
  return {
    all: async <Row>(query: Query<Row>, values: Values = []) => {
      const { rows } = await database.query(withNumbers(query), values.map(sent));
      return (rows as Readonly<Record<string, unknown>>[]).map(readable) as Row[];
    },
    make: (sql) => database.query(inPostgres(sql)),
    coded: postgresError,
  };
}

function readable(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { body } = row;
  return typeof body === "string" ? { ...row, body: fromStored(body) } : row;
}

/** A host may have its driver give integers as BigInt or as text. */
function inNumbers(row: EntryRow): EntryRow {
  return {
    ...row,
    version: Number(row.version),
    reset: Number(row.reset),
    createdAt: Number(row.createdAt),
    updatedAt: Number(row.updatedAt),
  };
}
