/** The configuration that is in force: flags over environment over file over defaults. */
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type * as z from "zod";
import { PersonaError } from "../errors.ts";
import { wireName } from "../http/wire/names.ts";
import { isTable } from "../toml.ts";
import type { About } from "./about.ts";
import { ConfigError, type Fault } from "./config-error.ts";
import { expectation, find, KEYS, type KeyNode, type KeyPath, keyName } from "./keys.ts";
import { type LibraryIssue, type LibraryOptions, libraryOptions } from "./library.ts";
import { type Origin, originText } from "./origin.ts";
import { ALTERNATIVES, type Config, configSchema } from "./schema.ts";
import { type Entry, type Flag, fromEnvironment, fromFile, fromFlags } from "./sources.ts";

export interface Sources {
  /** Named by a flag or a variable: it must be there. Else `persona-runtime.toml` of the folder is read if it is there. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: readonly Flag[];
  /** What relative names of files mean outside of the file. Default: the working folder. */
  readonly folder?: string;
}

/** A key with its value, and who said so. */
export interface Setting {
  readonly path: KeyPath;
  /** Undefined when it has none. */
  readonly value: unknown;
  readonly origin: Origin;
  readonly about: About;
}

export interface Configuration {
  readonly config: Config;
  /** What stands in it for the library, in the library's names. */
  readonly options: LibraryOptions;
  /** The file that was read. */
  readonly file: string | undefined;
  /** Every key, in the order of the schema. */
  readonly settings: readonly Setting[];
}

const DEFAULT_FILE = "persona-runtime.toml";

/** Reads all sources; throws a `ConfigError` that names every fault. */
export async function resolveConfig({ file, environment, flags, folder = "." }: Sources): Promise<Configuration> {
  const { name, text } = await readConfigFile(file ?? environment["PERSONA_RUNTIME_CONFIG"], folder);
  const inFile = name === undefined ? NOTHING : fromFile(text, name);
  const inFlags = fromFlags(flags);
  const inEnvironment = fromEnvironment(environment, [...inFile.entries, ...inFlags.entries]);
  const faults: Fault[] = [inFile, inEnvironment, inFlags].flatMap((source) => source.faults);
  const entries = strongest([inFile.entries, inEnvironment.entries, inFlags.entries], faults);
  const checked: Entry[] = [];
  for (const entry of entries.values()) {
    const value = await checkEntry(entry, environment, folder, faults);
    if (value !== undefined) checked.push({ ...entry, value });
  }
  const config = checkWhole(checked, faults);
  if (config === undefined || faults.length > 0) throw new ConfigError(faults);
  const options = await libraryOptions(config);
  if (isList(options)) {
    for (const { path, issue } of options) blame(path, issue, checked, faults);
    throw new ConfigError(faults);
  }
  return { config, options, file: name, settings: settingsOf(config, checked) };
}

const NOTHING = { entries: [], faults: [] };

async function readConfigFile(named: string | undefined, folder: string): Promise<{ name?: string; text: string }> {
  const name = named ?? DEFAULT_FILE;
  try {
    return { name, text: await readFile(resolve(folder, name), "utf8") };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (named === undefined && code === "ENOENT") return { text: "" };
    throw new PersonaError("config_invalid", `The configuration file ${name} cannot be read (${code}).`, { cause });
  }
}

/** One entry for each key: of the strongest source that has it. The sources come weakest first. */
function strongest(sources: readonly (readonly Entry[])[], faults: Fault[]): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const source of sources) {
    const given = new Map(source.map((entry) => [keyName(entry.path), entry]));
    for (const [one, other] of ALTERNATIVES) {
      const [first, second] = [given.get(one), given.get(other)];
      if (first !== undefined && second !== undefined)
        faults.push({
          origin: second.origin,
          key: other,
          message: `must not be given together with ${one} (${originText(first.origin)})`,
        });
      else if (first !== undefined) entries.delete(other);
      else if (second !== undefined) entries.delete(one);
    }
    for (const [name, entry] of given) entries.set(name, entry);
  }
  return entries;
}

/** The value of an entry as its schema takes it, or undefined with a fault. */
async function checkEntry(
  entry: Entry,
  environment: Sources["environment"],
  folder: string,
  faults: Fault[],
): Promise<unknown> {
  const found = find(entry.path);
  if ("fault" in found || found.node.kind !== "value") return entry.value;
  const { schema, about } = found.node;
  const base = entry.origin.from === "file" ? dirname(entry.origin.file) : "";
  const blame = (message: string) => void faults.push({ origin: entry.origin, key: keyName(entry.path), message });
  const value = about.secret === true ? await secretOf(entry.value, { environment, folder, base, blame }) : entry.value;
  if (value === undefined) return undefined;
  const result = schema.safeParse(value);
  if (!result.success) {
    for (const message of reasons(result.error, found.node, value)) blame(message);
    return undefined;
  }
  return about.path === true ? placed(value as string, base, about) : value;
}

interface SecretContext {
  readonly environment: Sources["environment"];
  readonly folder: string;
  readonly base: string;
  blame(message: string): void;
}

/** What `config print` shows instead of a secret. */
export const HIDDEN = "<set>";

async function secretOf(
  value: unknown,
  { environment, folder, base, blame }: SecretContext,
): Promise<string | undefined> {
  if (typeof value === "string" && value !== HIDDEN && value !== "") return value;
  const [[kind, name] = [], ...more] = isTable(value) ? Object.entries(value) : [];
  if (typeof name !== "string" || name === "" || more.length > 0 || (kind !== "env" && kind !== "file")) {
    blame('must be a text, { env = "NAME" } or { file = "PATH" }');
    return undefined;
  }
  if (kind === "env") {
    const text = environment[name];
    if (!text) blame(`names the variable ${name}, which is not set`);
    return text || undefined;
  }
  try {
    // An editor ends a file with a line break, which is no part of a secret.
    const text = (await readFile(resolve(folder, base, name), "utf8")).replace(/\r?\n$/, "");
    if (text === "") blame(`names the file ${name}, which is empty`);
    return text || undefined;
  } catch (error) {
    blame(`names the file ${name}, which cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}

/** A file name in a configuration file is meant from where that file lies. */
function placed(value: string, base: string, { words = [] }: About): string {
  const isElsewhere = words.includes(value) || isAbsolute(value) || /^\w+:\/\//.test(value);
  return isElsewhere || base === "" ? value : join(base, value);
}

/** Everything together: what is missing, and what does not go with each other. */
function checkWhole(entries: readonly Entry[], faults: Fault[]): Config | undefined {
  const tree: Record<string, unknown> = {};
  for (const { path, value } of entries) put(tree, path, value);
  const result = configSchema.safeParse(tree);
  if (result.success) return result.data;
  for (const issue of result.error.issues) blame(issue.path.map(String), issue, entries, faults);
  return undefined;
}

/** Finds out who said what a schema does not like. */
function blame(path: KeyPath, issue: z.core.$ZodIssue, entries: readonly Entry[], faults: Fault[]): void {
  const key = keyName(path);
  // It is missing because it is wrong, which is said already.
  if (faults.some((fault) => fault.key === key)) return;
  const owner =
    entries.findLast((entry) => isWithin(path, entry.path)) ??
    entries.findLast((entry) => path.length > 1 && isWithin(entry.path, path.slice(0, -1)));
  const found = find(path);
  const missing = owner === undefined || keyName(owner.path) !== key;
  const message =
    missing && !("fault" in found) && found.node.kind === "value"
      ? `is missing; it must be ${expected(found.node)}`
      : issue.message.replace(/`(\w+)`/g, (_, name: string) => `\`${wireName(name)}\``);
  faults.push({ origin: owner?.origin ?? { from: "default" }, key, message });
}

function isList(value: LibraryOptions | readonly LibraryIssue[]): value is readonly LibraryIssue[] {
  return Array.isArray(value);
}

function isWithin(path: KeyPath, above: KeyPath): boolean {
  return above.every((name, depth) => path[depth] === name);
}

function put(tree: Record<string, unknown>, [name = "", ...rest]: KeyPath, value: unknown): void {
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  tree[name] ??= {};
  put(tree[name] as Record<string, unknown>, rest, value);
}

type ValueNode = KeyNode & { readonly kind: "value" };

function expected({ schema, about }: ValueNode): string {
  const what = expectation(schema);
  return about.secret === true ? `${what}, { env = "NAME" } or { file = "PATH" }` : what;
}

/** One for each fault of a value. The value itself is shown, unless it is secret. */
function reasons(error: z.core.$ZodError, node: ValueNode, value: unknown): string[] {
  const shown = node.about.secret === true ? "" : `, not ${shorten(JSON.stringify(value) ?? String(value))}`;
  const said = error.issues.map(({ code, message }, index) => {
    // A message of our own says what is right; those of zod do not know how numbers and texts are written here.
    if (message.startsWith("must not ")) return message;
    if (message.startsWith("must ")) return `${message}${shown}`;
    return code === "custom" ? message : index === 0 ? `must be ${expected(node)}${shown}` : "";
  });
  return [...new Set(said.filter((text) => text !== ""))];
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** Every key that is there, and every one that could be without a name of the user's. */
function settingsOf(config: Config, entries: readonly Entry[]): Setting[] {
  const origins = new Map(entries.map(({ path, origin }) => [keyName(path), origin]));
  return KEYS.flatMap(({ path, about }) =>
    expand(config, path).map((concrete) => ({
      path: concrete,
      value: concrete.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], config),
      origin: origins.get(keyName(concrete)) ?? ({ from: "default" } as const),
      about,
    })),
  );
}

/** The keys that a pattern stands for in this configuration. */
function expand(at: unknown, [name, ...rest]: KeyPath): KeyPath[] {
  if (name === undefined) return [[]];
  const names = name === "*" ? Object.keys((at as object | undefined) ?? {}) : [name];
  return names.flatMap((here) =>
    expand((at as Record<string, unknown> | undefined)?.[here], rest).map((below) => [here, ...below]),
  );
}

/** Those of the file come first, from its top to its end; the others stay as they are. */
