import { type ErrorCode, PersonaError } from "../../errors.ts";
import { ConnectionLost } from "../group-program.ts";

/** SQLSTATEs and codes of sockets by their beginning, the first match counts. What is not here is a defect of ours. */
const TABLE: readonly (readonly [prefix: string, code: ErrorCode, message: string])[] = [
  ["23", "internal", "A row with this key or name exists already; allocate a new key."],
  ["25006", "store_read_only", "The database cannot be written; it is read-only, or a standby."],
  ["28", "store_unavailable", "The database refuses this user or password; check the store's URL."],
  ["3D000", "store_unavailable", "There is no such database on the server; make it, or name another."],
  ["42501", "store_read_only", "The user may not do this in the database; give it the rights to the schema."],
  ["42P01", "store_corrupt", "A table of the database is missing; restore it from a backup."],
  ["42703", "store_corrupt", "A column of the database is missing; restore it from a backup."],
  ["53100", "store_full", "There is no space left for the database; free some, then try again."],
  ["55P03", "store_locked", "Another program holds a lock in the database; end it, then try again."],
  ["40", "store_locked", "Another program is writing into the database; end it, then try again."],
  ["57014", "store_unavailable", "The database did not answer in time; check what keeps it busy, then try again."],
  ["XX001", "store_corrupt", "The database is damaged; restore it from a backup."],
  ["XX002", "store_corrupt", "An index of the database is damaged; rebuild it, or restore a backup."],
  ["53", "store_unavailable", "The database has no room for another connection, or no memory; try again."],
  ["57P", "store_unavailable", "The database is being started or stopped; try again."],
  ["58", "store_unavailable", "The database's disk does not answer; check it, then try again."],
  ["08", "store_unavailable", "The database cannot be reached; check the server and the store's URL."],
  ["E", "store_unavailable", "The database cannot be reached; check the server and the store's URL."],
];

/** The coded error for whatever the driver threw; the driver's own words are in its `cause`. */
export function postgresError(error: unknown): PersonaError {
  if (error instanceof PersonaError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const found = TABLE.find(([prefix]) => code.startsWith(prefix));
  if (!found) return new PersonaError("internal", "The store could not run a command; report this.", { cause: error });
  return new PersonaError(found[1], found[2], { cause: error });
}

/** The connection has ended, or can say nothing more. */
export function lost(cause: unknown): ConnectionLost {
  const { code, message } = cause instanceof Error && "code" in cause ? postgresError(cause) : UNREACHABLE;
  return new ConnectionLost(code.startsWith("store_") ? code : "store_unavailable", message, { cause });
}

/** Whether the server said this when it ended the connection: there is no point in asking it anything more. */
export function endsConnection(error: unknown): boolean {
  return error instanceof Error && "severity" in error && ["FATAL", "PANIC"].includes(String(error.severity));
}

const UNREACHABLE = {
  code: "store_unavailable",
  message: "The database cannot be reached; check the server and the store's URL.",
} as const;
