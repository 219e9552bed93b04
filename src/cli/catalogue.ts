/** `persona-runtime catalogue`: personas, roles and sequences as a file: checked, brought into a server, or taken from it. */
import { writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { CatalogueFile, CatalogueNote, DeletedEntry, FileEntry } from "../catalogue/catalogue.ts";
import { checkEntry } from "../catalogue/check.ts";
import { readCatalogue, writeCatalogue } from "../catalogue/file.ts";
import { createCatalogue } from "../catalogue/registry.ts";
import type { EntryKind } from "../catalogue/schema.ts";
import { systemClock } from "../clock.ts";
import { counted } from "../counted.ts";
import { PersonaError } from "../errors.ts";
import { eachAtOnce } from "./at-once.ts";
import { Client, type ClientOptions, Refusal } from "./client.ts";
import { readInput } from "./input.ts";

export async function validateCommand(file: string, { json }: { readonly json?: boolean }): Promise<void> {
  const read = await readFile(file);
  // What it refers to may be built in.
  const { notes } = await createCatalogue({ clock: systemClock(), seeds: read, builtIn: true });
  if (json === true) {
    console.log(JSON.stringify({ entries: read.entries.length, notes: notes.toSorted(byLine) }));
    if (notes.length > 0) process.exitCode = 1;
    return;
  }
  assertNone(notes);
  console.log(`${read.name} is valid: ${countsOf(read.entries)}${andDeleted(read.deleted.length)}.`);
}

export interface ImportOptions extends ClientOptions {
  readonly dryRun?: boolean;
  /** Deletes also what others refer to. */
  readonly force?: boolean;
}

const OUTCOMES = ["created", "changed", "deleted", "unchanged", "refused"] as const;

interface Brought {
  readonly outcome: (typeof OUTCOMES)[number];
  readonly kind: EntryKind;
  readonly id: string;
  /** Of one that was refused. */
  readonly line?: number | undefined;
  readonly code?: string;
  readonly reason?: string;
}

/**
 * Sends nothing unless each entry of the file is right by itself. What the server refuses is told, and the exit code is 1;
 * what somebody else changes meanwhile is refused, too.
 */
export async function importCommand(file: string, options: ImportOptions): Promise<void> {
  const { name, entries, deleted, notes } = await readFile(file);
  assertNone(notes);
  const client = new Client(options);
  const outcomes = new Map<FileEntry | DeletedEntry, Brought>();
  const bring = async (entry: FileEntry) => {
    outcomes.set(entry, await brought(client, entry, options.dryRun === true));
  };
  const remove = async (entry: DeletedEntry) => {
    outcomes.set(entry, await removed(client, entry, options));
  };
  try {
    // Personas refer to the others, which must be there, and go only after them.
    await eachAtOnce(entries.filter(isReferredTo), bring);
    await eachAtOnce(entries.filter(isPersona), bring);
    await eachAtOnce(deleted.filter(isPersona), remove);
    await eachAtOnce(deleted.filter(isReferredTo), remove);
  } finally {
    // As they stand in the file.
    const all = [...entries, ...deleted].flatMap((entry) => outcomes.get(entry) ?? []);
    console.log(options.json === true ? inJson(all, options) : inWords(all, name, options));
  }
  if ([...outcomes.values()].some(({ outcome }) => outcome === "refused")) process.exitCode = 1;
}

export interface ExportOptions extends ClientOptions {
  readonly all?: boolean;
}

/** Without a file it prints: TOML, or with `--json` JSON. Seeds that are deleted are named in it. */
export async function exportCommand(file: string | undefined, options: ExportOptions): Promise<void> {
  const client = new Client(options);
  const wanted = ({ source }: Listed) => options.all === true || source === "store";
  const [personas, roles, sequences] = await Promise.all([
    listed(client, "personas"),
    listed(client, "roles"),
    listed(client, "sequences"),
  ]);
  const entries = {
    personas: personas.entries.filter(wanted),
    roles: roles.entries.filter(wanted),
    sequences: sequences.entries.filter(wanted),
  };
  const deleted = { personas: personas.deleted, roles: roles.deleted, sequences: sequences.deleted };
  const format = options.json === true || file?.endsWith(".json") === true ? "json" : "toml";
  const text = writeCatalogue({ entries, deleted }, format);
  if (file === undefined) return void process.stdout.write(text);
  await writeFile(file, text).catch((cause: NodeJS.ErrnoException) => {
    throw new PersonaError("invalid_input", `${file} cannot be written (${cause.code}); name another file.`, { cause });
  });
  const counts = Object.entries(entries).map(([name, { length }]) => counted(length, name.slice(0, -1)));
  console.log(`${file}: ${counts.join(", ")}${andDeleted(Object.values(deleted).flat().length)}.`);
}

async function readFile(file: string): Promise<CatalogueFile> {
  const { name, text } = await readInput(file, "personas, roles and sequences");
  return readCatalogue(text, name);
}

const byLine = (one: CatalogueNote, other: CatalogueNote) => (one.line ?? 0) - (other.line ?? 0);

/** Throws `invalid_input` with a line for each. */
function assertNone(notes: readonly CatalogueNote[]): void {
  if (notes.length === 0) return;
  const lines = notes.toSorted(byLine).map(({ file, line, table, id, reason }) => {
    const place = line === undefined ? file : `${file}:${line}`;
    return [place, [table, id && JSON.stringify(id)].filter(Boolean).join(" "), reason].filter(Boolean).join(": ");
  });
  throw new PersonaError(
    "invalid_input",
    lines.length === 1 ? `${lines[0]}` : ["Several entries are wrong:", ...lines].join("\n  "),
  );
}

function countsOf(entries: readonly FileEntry[]): string {
  const count = (kind: EntryKind) => entries.filter((entry) => entry.kind === kind).length;
  return (["persona", "role", "sequence"] as const).map((kind) => counted(count(kind), kind)).join(", ");
}

const andDeleted = (count: number) => (count === 0 ? "" : `, ${count} deleted`);

const isPersona = ({ kind }: { readonly kind: EntryKind }) => kind === "persona";
const isReferredTo = ({ kind }: { readonly kind: EntryKind }) => kind !== "persona";

/** What only this entry is to blame for. The rest would be told of each. */
const ITS_OWN = [409, 412, 422];

async function brought(client: Client, entry: FileEntry, dryRun: boolean): Promise<Brought> {
  const { kind, body, line } = entry;
  const { id } = body;
  try {
    const path = `/v1/${kind}s/${id}`;
    const there = await current(client, path);
    if (there !== undefined && isSame(entry, there.body)) return { outcome: "unchanged", kind, id };
    if (!dryRun) {
      const headers = there === undefined ? { "if-none-match": "*" } : { "if-match": there.tag };
      await client.call("PUT", path, { body, headers });
    }
    return { outcome: there === undefined ? "created" : "changed", kind, id };
  } catch (error) {
    return refused({ kind, id, line }, error);
  }
}

async function removed(
  client: Client,
  { kind, id, line }: DeletedEntry,
  { dryRun = false, force = false }: ImportOptions,
): Promise<Brought> {
  const path = `/v1/${kind}s/${id}`;
  try {
    const there = await current(client, path);
    if (there === undefined) return { outcome: "unchanged", kind, id };
    if (!dryRun) await client.call("DELETE", `${path}?force=${force}`, { headers: { "if-match": there.tag } });
    return { outcome: "deleted", kind, id };
  } catch (error) {
    return refused({ kind, id, line }, error);
  }
}

/** Throws what is not about this entry alone. */
function refused(entry: Pick<Brought, "kind" | "id" | "line">, error: unknown): Brought {
  if (!(error instanceof Refusal) || !ITS_OWN.includes(error.status)) throw error;
  return { outcome: "refused", ...entry, code: error.code, reason: error.message };
}

async function current(client: Client, path: string): Promise<{ body: unknown; tag: string } | undefined> {
  try {
    const { body, headers } = await client.exchange("GET", path);
    return { body, tag: headers.get("etag") ?? "*" };
  } catch (error) {
    if (error instanceof Refusal && error.status === 404 && error.code !== "route_not_found") return undefined;
    // Whatever it was, it cannot be read: what is in the file takes its place.
    if (error instanceof Refusal && error.code === "entry_damaged") return { body: undefined, tag: "*" };
    throw error;
  }
}

/** Apart from what the server sets. */
function isSame({ kind, body }: FileEntry, there: unknown): boolean {
  const plain = (value: unknown): unknown => value && JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(plain(checkEntry(kind, there).body), plain(body));
}

function inJson(all: readonly Brought[], { dryRun = false }: ImportOptions): string {
  const lists = OUTCOMES.map((one) => [
    one,
    all.filter(({ outcome }) => outcome === one).map(({ outcome: _, ...rest }) => rest),
  ]);
  return JSON.stringify({ dry_run: dryRun, ...Object.fromEntries(lists) });
}

function inWords(all: readonly Brought[], file: string, { dryRun }: ImportOptions): string {
  const lines = OUTCOMES.filter((one) => one !== "unchanged").flatMap((one) =>
    all
      .filter(({ outcome }) => outcome === one)
      .map(({ kind, id, line, reason }) => {
        const why = reason === undefined ? "" : ` (${file}${line === undefined ? "" : `:${line}`}): ${reason}`;
        return `${one.padEnd(7)}  ${kind} ${id}${why}`;
      }),
  );
  const count = (one: Brought["outcome"]) => all.filter(({ outcome }) => outcome === one).length;
  const told = OUTCOMES.filter((one) => one !== "deleted" || count(one) > 0);
  const counts = told.map((one) => `${count(one)} ${one}`);
  const would = dryRun === true ? "Nothing was sent. It would be: " : "";
  return [...lines, `${would}${counts.join(", ")}.`].join("\n");
}

interface Listed {
  readonly source: string;
}

type Lists = "personas" | "roles" | "sequences";

async function listed(client: Client, name: Lists): Promise<{ entries: Listed[]; deleted: readonly string[] }> {
  const entries: Listed[] = [];
  let deleted: readonly string[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const query: string = cursor === "" ? "&deleted=true" : `&cursor=${cursor}`;
    const page: Page = await client.call<Page>("GET", `/v1/${name}?limit=1000${query}`);
    entries.push(...(page[name] ?? []));
    deleted = page.deleted ?? deleted;
    cursor = page.next_cursor;
  }
  return { entries, deleted };
}

type Page = { readonly [name in Lists]?: readonly Listed[] } & {
  readonly next_cursor?: string;
  readonly deleted?: readonly string[];
};
