/** Files of personas, roles and sequences, as TOML or JSON: read with the line of every fault, and written. */
import { readFile } from "node:fs/promises";
import { parse, stringify, TomlError } from "smol-toml";
import { PersonaError } from "../errors.ts";
import { ID_FORM, ID_PATTERN } from "../inputs.ts";
import { JsonFault, readJson } from "../json.ts";
import { isTable, readToml, type TomlPath } from "../toml.ts";
import type { CatalogueFile, CatalogueNote, DeletedEntry, FileEntry } from "./catalogue.ts";
import { checkEntry, FORMS } from "./check.ts";
import { ENTRY_KINDS, type EntryKind, SERVER_OWNED } from "./schema.ts";

/** Throws `invalid_input` for a file that cannot be read, or is neither TOML nor JSON in UTF-8. */
export async function readCatalogueFile(file: string): Promise<CatalogueFile> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new PersonaError("invalid_input", `${file} cannot be read (${cause.code}); name a file with personas.`, {
      cause,
    });
  });
  try {
    return readCatalogue(new TextDecoder("utf-8", { fatal: true }).decode(bytes), file);
  } catch (cause) {
    if (cause instanceof PersonaError) throw cause;
    throw new PersonaError("invalid_input", `${file} is not UTF-8.`, { cause });
  }
}

/**
 * What a text holds: lists named `personas`, `roles` and `sequences`, and in `deleted` such lists of ids. An entry with a
 * fault is left out, with a note for each fault. Throws `invalid_input` for a text that is neither TOML nor JSON.
 */
export function readCatalogue(text: string, name: string): CatalogueFile {
  const { value, lineOf: lineIn } = parsed(text, name);
  const entries: FileEntry[] = [];
  const notes: CatalogueNote[] = [];
  for (const kind of ENTRY_KINDS) {
    const { table } = FORMS[kind];
    const list = value[table] ?? [];
    const lineOf = (path: TomlPath) => lineIn([table, ...path]);
    if (!Array.isArray(list)) {
      const reason = `must be a list of tables: [[${table}]]`;
      notes.push({ file: name, table, id: undefined, line: lineOf([]), reason });
      continue;
    }
    const first = new Map<string, number>();
    for (const [index, input] of list.entries()) {
      const { body, faults } = checkEntry(kind, input);
      const id = isTable(input) && typeof input["id"] === "string" ? input["id"] : undefined;
      const note = (line: number | undefined, reason: string) => notes.push({ file: name, table, id, line, reason });
      for (const { field, message } of faults) note(lineOf([index, ...stepsOf(field)]), `${field}: ${message}`);
      if (body === undefined) continue;
      const before = first.get(body.id);
      if (before !== undefined) {
        note(lineOf([index, "id"]), `id: is that of the one in line ${lineOf([before])}, too`);
        continue;
      }
      first.set(body.id, index);
      entries.push(withLine({ kind, body }, () => lineOf([index])) as FileEntry);
    }
  }
  const lineOf = (path: TomlPath) => lineIn([DELETED, ...path]);
  const { deleted, faults } = deletedIn(value[DELETED], entries, lineOf);
  for (const { path, reason } of faults)
    notes.push({ file: name, table: undefined, id: undefined, line: lineOf(path), reason });
  return { name, entries, deleted, notes: [...notes, ...strangers(value, name, lineIn)] };
}

/** Lines are counted when they are first asked for. */
function withLine<One extends object>(one: One, line: () => number | undefined) {
  return Object.defineProperty(one, "line", { get: line, enumerable: true }) as One & {
    readonly line: number | undefined;
  };
}

const DELETED = "deleted";

interface Deletions {
  readonly deleted: DeletedEntry[];
  readonly faults: { readonly path: TomlPath; readonly reason: string }[];
}

/** Each id once, unless it is that of an entry of the file. */
function deletedIn(value: unknown, entries: readonly FileEntry[], lineOf: Parsed["lineOf"]): Deletions {
  const found: Deletions = { deleted: [], faults: [] };
  if (value === undefined) return found;
  const wanted = "must be lists of ids, named personas, roles and sequences";
  for (const [table, list] of isTable(value) ? Object.entries(value) : ([["", undefined]] as const)) {
    const kind = ENTRY_KINDS.find((one) => FORMS[one].table === table);
    if (kind === undefined || !Array.isArray(list)) {
      found.faults.push({ path: table === "" ? [] : [table], reason: `${DELETED}: ${wanted}` });
      continue;
    }
    const taken = new Set(entries.filter((entry) => entry.kind === kind).map(({ body }) => body.id));
    for (const [index, id] of list.entries()) {
      const path = [table, index];
      const field = `${DELETED}.${table}[${index}]`;
      if (typeof id !== "string" || !ID_PATTERN.test(id)) found.faults.push({ path, reason: `${field}: ${ID_FORM}` });
      else if (taken.has(id)) found.faults.push({ path, reason: `${field}: "${id}" stands in this file already` });
      else found.deleted.push(withLine({ kind, id }, () => lineOf(path)));
      taken.add(String(id));
    }
  }
  return found;
}

type Table = (typeof FORMS)[EntryKind]["table"];

/** What a file is to hold: entries, and ids of those that are deleted. */
export interface Contents {
  readonly entries: Readonly<Record<Table, readonly object[]>>;
  readonly deleted: Readonly<Record<Table, readonly string[]>>;
}

/** A file that gives the same when it is read; what the server sets is left out. */
export function writeCatalogue({ entries, deleted }: Contents, format: "toml" | "json"): string {
  const tables = ENTRY_KINDS.map((kind) => FORMS[kind].table);
  const lists = tables.filter((table) => entries[table].length > 0);
  const ids = tables.filter((table) => deleted[table].length > 0);
  const plain = {
    ...(ids.length > 0 && { [DELETED]: Object.fromEntries(ids.map((table) => [table, deleted[table]])) }),
    ...Object.fromEntries(lists.map((table) => [table, entries[table].map(withoutServerOwned)])),
  };
  return format === "json" ? `${JSON.stringify(plain, null, 2)}\n` : stringify(plain);
}

/** `voice` is another name of what stands in `voice_model`. */
function withoutServerOwned(entry: object): object {
  const left = new Set<string>(["voice", ...SERVER_OWNED]);
  return Object.fromEntries(Object.entries(entry).filter(([field]) => !left.has(field)));
}

/** What no loader asks for is most often a slip of the pen. */
function strangers(value: Parsed["value"], file: string, lineOf: Parsed["lineOf"]): CatalogueNote[] {
  const known = new Set<string>([DELETED, ...ENTRY_KINDS.map((kind) => FORMS[kind].table)]);
  return Object.keys(value)
    .filter((name) => !known.has(name))
    .map((name) => ({
      file,
      table: undefined,
      id: undefined,
      line: lineOf([name]),
      reason: `${name}: is none of personas, roles and sequences`,
    }));
}

interface Parsed {
  readonly value: Readonly<Record<string, unknown>>;
  /** Undefined where it cannot be found out. */
  lineOf(path: TomlPath): number | undefined;
}

/** What begins like a table, a key or a comment is TOML. */
const TOML = /^\uFEFF?\s*(?:$|#|[A-Za-z_"']|\[\s*\[?\s*[A-Za-z_"'])/;

function parsed(text: string, name: string): Parsed {
  try {
    if (TOML.test(text)) return parsedToml(text.replace(/^\uFEFF/, ""));
    const { value, placeOf } = readJson(text);
    if (isTable(value)) return { value, lineOf: (path) => placeOf(path).line };
  } catch (cause) {
    if (!(cause instanceof TomlError || cause instanceof JsonFault)) throw cause;
    const { line, column } = cause instanceof TomlError ? cause : cause.place;
    const language = cause instanceof TomlError ? "TOML" : "JSON";
    // The TOML parser shows the place, too, in further lines.
    const [reason = ""] = cause.message.replace(/^Invalid TOML document: /, "").split(/\.*(?:\n|$)/);
    throw new PersonaError("invalid_input", `${name} is not ${language} (line ${line}, column ${column}): ${reason}.`, {
      cause,
    });
  }
  throw new PersonaError("invalid_input", `${name} must hold personas, roles and sequences: {"personas": [ … ]}.`);
}

/** Places cost ten times as much as values: they are read when the first fault is to be named. */
function parsedToml(text: string): Parsed {
  // What is no safe integer is the fault of its entry, not of the file.
  const value = parse(text, { integersAsBigInt: "asNeeded" });
  let lines: Parsed["lineOf"] | undefined;
  return {
    value,
    lineOf(path) {
      lines ??= linesIn(text);
      return lines(path);
    },
  };
}

function linesIn(text: string): Parsed["lineOf"] {
  try {
    const { placeOf } = readToml(text);
    return (path) => placeOf(path).line;
  } catch {
    // Its reader gives up on texts and depths that no entry may have.
    return () => undefined;
  }
}

/** `steps[0].id` as `["steps", 0, "id"]`. */
function stepsOf(field: string): TomlPath {
  return (field.match(/[^.[\]]+/g) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
