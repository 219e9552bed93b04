import type { ClientConfig } from "pg";
import { PersonaError } from "../../errors.ts";

/** Where a PostgreSQL store is. */
export interface Target {
  /** The schema that is the store's alone. */
  readonly schema: string;
  /** What the driver connects with. Holds the password: it goes into no text. */
  readonly connection: ClientConfig;
  /** Settings of the server that the URL asks for, as `options` of a connection. */
  readonly options: string;
  /** `host:port/database?schema=…`, for people: without user and password. */
  readonly name: string;
}

const DEFAULT_SCHEMA = "persona_runtime";
/** What may stand in the URL behind the `?`. Anything else would reach the driver, and some of it past our settings. */
const WORDS: ReadonlySet<string> = new Set([
  ...["schema", "host", "port", "user", "password", "options", "application_name"],
  ...["sslmode", "sslcert", "sslkey", "sslrootcert", "sslnegotiation", "uselibpqcompat"],
]);
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;

/** Whether the name of a store is the URL of a PostgreSQL database. */
export function isPostgresUrl(store: string): boolean {
  return /^postgres(ql)?:/i.test(store);
}

/**
 * `postgres://user:password@host:port/database?schema=name`, with `?host=/folder` for a socket. What is left out is
 * what the environment says (PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE). Throws `invalid_input` without the URL.
 */
export function targetOf(url: string): Target {
  const parsed = parse(url);
  const schema = parsed.searchParams.get("schema") ?? DEFAULT_SCHEMA;
  if (!SCHEMA.test(schema) || schema.startsWith("pg_")) {
    throw invalid("schema must be lower-case letters, digits and _, at most 63, and not begin with pg_ or a digit");
  }
  const unknown = [...parsed.searchParams.keys()].filter((word) => !WORDS.has(word));
  if (unknown.length > 0) throw invalid(`${unknown.join(", ")} is none of ${[...WORDS].join(", ")}`);
  const options = parsed.searchParams.get("options") ?? "";
  for (const word of ["schema", "options"]) parsed.searchParams.delete(word);
  const host = parsed.searchParams.get("host") ?? (decodeURIComponent(parsed.hostname) || process.env["PGHOST"]);
  const database = decodeURIComponent(parsed.pathname.slice(1)) || process.env["PGDATABASE"];
  if (!database) throw invalid("the name of the database is missing");
  const at = host === undefined ? "localhost" : host;
  return {
    schema,
    connection: { connectionString: parsed.href },
    options,
    name: `${at}${parsed.port === "" ? "" : `:${parsed.port}`}/${database}?schema=${schema}`,
  };
}

/** The name of a store as it may be shown: a URL without user and password. */
export function shownStore(store: string): string {
  if (!isPostgresUrl(store)) return store;
  try {
    return `postgres://${targetOf(store).name}`;
  } catch {
    return "postgres://…";
  }
}

function parse(url: string): URL {
  try {
    // A user of a socket: `postgres://user@/database?host=/folder`, which is no URL elsewhere.
    return new URL(url.replace("@/", "@localhost/"));
  } catch {
    // The error of `URL` would show the password.
    throw invalid("it is no URL; characters such as @ : / # in a password are written as %40 %3A %2F %23");
  }
}

function invalid(reason: string): PersonaError {
  const message = `must be postgres://user:password@host:port/database?schema=name: ${reason}`;
  return new PersonaError("invalid_input", `The store ${message}.`, { fields: [{ field: "store", message }] });
}
