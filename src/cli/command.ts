/** The command line: what can be said, and what it means. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PersonaError } from "../errors.ts";

export const HELP = `persona-runtime hosts a cast of AI personas in one process.

Usage: persona-runtime serve [options]

  --host HOST      loopback address to listen on (127.0.0.1)
  --port PORT      0 takes any free port (8787)
  --data FOLDER    where the database lies; created if it is not there (./data)
  --store FILE     the database file itself instead of a folder; "memory" keeps nothing
  --cast FILE      personas to enroll at the start, as JSON: [{ "id", "name", "instructions", "model", "settings" }];
                   those that are there already stay as they are
  --no-cast        enroll nobody (without this and --cast, a small cast of four)
  --grace-ms MS    how long running turns may take after SIGINT or SIGTERM (10000)

persona-runtime --help       shows this
persona-runtime --version    shows the version

Exit code: 0 after a stop by signal, 1 when something failed, 2 when the command line is wrong.`;

export interface ServeCommand {
  readonly name: "serve";
  readonly host: string;
  readonly port: number;
  /** A file name, or `"memory"`. */
  readonly store: string;
  readonly cast: "built-in" | "none" | { readonly file: string };
  readonly graceMs: number;
}

export type Command = ServeCommand | { readonly name: "help" } | { readonly name: "version" };

/** The command line was not understood: nothing was tried. */
export class UsageError extends PersonaError {
  constructor(message: string) {
    super("invalid_input", `${message} See persona-runtime --help.`);
  }
}

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
  host: { type: "string" },
  port: { type: "string" },
  data: { type: "string" },
  store: { type: "string" },
  cast: { type: "string" },
  "no-cast": { type: "boolean" },
  "grace-ms": { type: "string" },
} as const;

/** Throws a `UsageError` that names the first wrong word. */
export function parseCommand(words: readonly string[]): Command {
  const { values, positionals } = readWords(words);
  if (values.help === true) return { name: "help" };
  if (values.version === true) return { name: "version" };
  const [name, ...surplus] = positionals;
  if (name === undefined) throw new UsageError("A command is missing; `serve` starts the server.");
  if (name !== "serve") throw new UsageError(`There is no command "${name}"; \`serve\` starts the server.`);
  if (surplus[0] !== undefined) throw new UsageError(`"${surplus[0]}" is one word too many.`);
  if (values.data !== undefined && values.store !== undefined)
    throw new UsageError("Give --data or --store, not both.");
  if (values.cast !== undefined && values["no-cast"] === true)
    throw new UsageError("Give --cast or --no-cast, not both.");
  return {
    name,
    host: values.host ?? "127.0.0.1",
    port: wholeNumber("--port", values.port, 8787, 65_535),
    store: values.store ?? join(values.data ?? "data", "persona-runtime.db"),
    cast: values["no-cast"] === true ? "none" : values.cast === undefined ? "built-in" : { file: values.cast },
    graceMs: wholeNumber("--grace-ms", values["grace-ms"], 10_000, 3_600_000),
  };
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // parseArgs explains in several sentences; the first one names the word.
    const [reason] = (error as Error).message.split(/\.\s/, 1);
    throw new UsageError(`${reason?.replace(/\.$/, "")}.`);
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from 0 to ${most}, not "${text}".`);
}
