import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { Clock } from "../../clock.ts";
import { PersonaError } from "../../errors.ts";
import { inPostgres, MIGRATIONS } from "../migrations.ts";
import { type DatabaseIdentity, type DatabaseOptions, found, takeOver } from "../take-over.ts";
import type { Link } from "./link.ts";
import { Recorder } from "./recorder.ts";

/** The first half of the advisory lock that makes an owner, so that no other program's lock is taken for ours: "prsn". */
const LOCK_CLASS = 0x7072736e;
/** Longer than it takes a server to notice that a process has died. */
const LOCK_PATIENCE = "1s";

/**
 * The one table that the migrations know nothing of: what SQLite has in the file's header, who owns the schema, and the
 * number of the group that was committed last.
 */
const HEADER = `
  CREATE TABLE persona_runtime (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    version BIGINT NOT NULL,
    committed BIGINT NOT NULL,
    pid BIGINT NOT NULL,
    host TEXT NOT NULL,
    since BIGINT NOT NULL
  );
  INSERT INTO persona_runtime VALUES (1, 0, 0, 0, '', 0);`;

/** What a transaction begins with: the number under which it can be asked for later. */
export const NUMBER_GROUP = "UPDATE persona_runtime SET committed = ?";

export interface OwnerRow {
  readonly pid: number;
  readonly host: string;
  readonly since: number;
}

/**
 * Makes the session of `link` the one owner of the schema, or throws `store_locked` with the name of the one that is. It
 * owns it until it ends.
 * @param before The session that this process owned it by, if the server may not know yet that it has ended.
 */
export async function lock(link: Link, schema: string, before?: number): Promise<void> {
  await link.run(`SET lock_timeout = '${LOCK_PATIENCE}'`);
  try {
    if (await taken(link, schema)) return;
    const holder = await lockHolder(link, schema);
    if (before !== undefined && holder === before) {
      await link.run(`SELECT pg_terminate_backend(${before})`);
      if (await taken(link, schema)) return;
    }
  } finally {
    if (link.lost === undefined) await link.run("SET lock_timeout = 0");
  }
  throw lockedBy(await owner(link, schema).catch(() => undefined));
}

async function taken(link: Link, schema: string): Promise<boolean> {
  try {
    await link.run(`SELECT pg_advisory_lock(${LOCK_CLASS}, ${lockNumber(schema)})`);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "55P03") return false;
    throw error;
  }
}

/** The process of the server whose session holds the lock. */
export async function lockHolder(link: Link, schema: string): Promise<number | undefined> {
  const [row] = await link.run<{ pid: number }>(`
    SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = current_database() AND locktype = 'advisory' AND granted
      AND classid = ${LOCK_CLASS} AND objid = ${lockNumber(schema)} AND objsubid = 2`);
  return row?.pid;
}

/** Who owned the schema last; undefined if nobody has yet. */
export async function owner(link: Link, schema: string): Promise<OwnerRow | undefined> {
  const [row] = await link.run<{ [K in keyof OwnerRow]: string }>(
    `SELECT pid, host, since FROM "${schema}".persona_runtime`,
  );
  return row && { pid: Number(row.pid), host: row.host, since: Number(row.since) };
}

function lockedBy(owner: OwnerRow | undefined): PersonaError {
  const who =
    owner === undefined || owner.pid === 0
      ? "Another process owns this schema of the database"
      : `Process ${owner.pid} on ${owner.host} owns this database since ${new Date(owner.since).toISOString()}`;
  return new PersonaError("store_locked", `${who}; stop it, or use another schema.`);
}

/** Its version; 0 for an empty schema, undefined if there is none. Writes nothing. */
export async function knownVersion(link: Link, schema: string): Promise<number | undefined> {
  const [found] = await link.run<{ tables: string; ours: string }>(`
    SELECT count(pg_class.oid) AS tables, count(*) FILTER (WHERE relname = 'persona_runtime') AS ours
    FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    WHERE nspname = '${schema}' GROUP BY pg_namespace.oid`);
  if (found === undefined) return undefined;
  if (Number(found.tables) === 0) return 0;
  const foreign = "The schema belongs to another program; name another with ?schema=.";
  if (Number(found.ours) === 0) throw new PersonaError("store_foreign", foreign);
  const [row] = await link.run<{ version: string }>(`SELECT version FROM "${schema}".persona_runtime`);
  if (row === undefined) {
    throw new PersonaError("store_corrupt", "The database is damaged; restore it from a backup.");
  }
  const version = Number(row.version);
  if (version > MIGRATIONS.length) {
    const message = `The database has version ${version}, this program knows ${MIGRATIONS.length}; use a newer one.`;
    throw new PersonaError("store_newer", message);
  }
  return version;
}

/**
 * Makes a schema that `link` owns ready for its new owner, in one transaction: creates or migrates the tables, raises the
 * epoch, and closes the turns and calls that the owner before did not live to settle.
 */
export async function prepareSchema(
  link: Link,
  schema: string,
  clock: Clock,
  options: DatabaseOptions,
): Promise<DatabaseIdentity> {
  await assertUtf8(link);
  const version = await knownVersion(link, schema);
  await link.run("BEGIN");
  if (version === undefined) await link.run(`CREATE SCHEMA "${schema}"`);
  if (!version) await link.run(HEADER);
  for (const migration of MIGRATIONS.slice(version ?? 0)) await link.run(inPostgres(migration), PREPARING_MS);
  const recorder = new Recorder({ send: (entries) => link.send(entries, PREPARING_MS) });
  if (!version) found(recorder, options);
  const identity = await recorder.execute(takeOver(recorder, options));
  const host = hostname().replaceAll("'", "''");
  await link.run(`
    UPDATE persona_runtime SET version = ${MIGRATIONS.length}, pid = ${process.pid}, host = '${host}',
      since = ${clock.now()}`);
  await link.run("COMMIT");
  return identity;
}

/** In any other encoding some texts could not be kept. */
async function assertUtf8(link: Link): Promise<void> {
  const [row] = await link.run<{ server_encoding: string }>("SHOW server_encoding");
  if (row?.server_encoding === "UTF8") return;
  const message = `The database's encoding is ${row?.server_encoding}; name one that was made with the encoding UTF8.`;
  throw new PersonaError("store_unavailable", message);
}

/** So long one step may take that makes an old database ready: it may have millions of rows. */
const PREPARING_MS = 3_600_000;

/** What the owner asks on a new connection: who owns the schema now, and what was committed last. */
export async function standing(link: Link): Promise<{ readonly epoch: number; readonly committed: number }> {
  const [row] = await link.run<{ epoch: string; committed: string }>(
    "SELECT epoch, committed FROM database, persona_runtime",
  );
  if (row === undefined) throw new PersonaError("store_corrupt", "The database is damaged; restore it from a backup.");
  return { epoch: Number(row.epoch), committed: Number(row.committed) };
}

/** The second half of the lock of a schema. */
export function lockNumber(schema: string): number {
  return createHash("sha256").update(schema).digest().readUInt32BE() & 0x7fffffff;
}
