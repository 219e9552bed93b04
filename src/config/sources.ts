/** What each source says of which key: the file, the environment, the flags. */

import { closest } from "fastest-levenshtein";
import * as z from "zod";
import { isTable, readToml, readTomlKey, readTomlValue, TomlFault } from "../toml.ts";
import type { Fault } from "./config-error.ts";
import { bare, find, KEYS, type Key, type KeyNode, type KeyPath, keyName, ROOT } from "./keys.ts";
import type { Origin } from "./origin.ts";

/** A value for a key, as it was written. */
export interface Entry {
  readonly path: KeyPath;
  readonly value: unknown;
  readonly origin: Origin;
}

export interface Source {
  readonly entries: readonly Entry[];
  readonly faults: readonly Fault[];
}

/** A flag as it was given: one of a key's own, or `--set` with a name. */
export interface Flag {
  readonly flag: string;
  readonly path: KeyPath;
  readonly text: string;
}

const ENVIRONMENT_PREFIX = "PERSONA_RUNTIME_";

/** Of the command line's own, not of the configuration. */
const OTHER_VARIABLES = ["CONFIG", "URL", "KEY"].map((name) => `${ENVIRONMENT_PREFIX}${name}`);

/** Kubernetes gives these to every pod beside a service that is named persona-runtime. */
const OF_A_SERVICE = /^PERSONA_RUNTIME_(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_.*)?)?)$/;

/** The entries of a TOML text; `file` is only its name. */
export function fromFile(text: string, file: string): Source {
  const entries: Entry[] = [];
  const faults: Fault[] = [];
  const at = (place: { line: number; column: number }): Origin => ({ from: "file", file, ...place });
  const walk = (value: unknown, node: KeyNode, path: KeyPath, origin: (path: KeyPath) => Origin) => {
    if (node.kind === "value") return void entries.push({ path, value, origin: origin(path) });
    if (!isTable(value)) {
      const message = `must be a table, [${keyName(path)}]`;
      return void faults.push({ origin: origin(path), key: keyName(path), message });
    }
    // A named table without keys is there all the same: what it lacks is a fault of its own.
    if (node.kind === "table" && Object.keys(value).length === 0 && path.length > 0)
      entries.push({ path, value: {}, origin: origin(path) });
    for (const [name, inner] of Object.entries(value)) {
      const here = [...path, name];
      const found = find(here);
      if ("fault" in found) faults.push({ origin: origin(here), key: found.key, message: found.fault });
      else walk(inner, found.node, here, origin);
    }
  };
  try {
    const document = readToml(text);
    walk(document.value, ROOT, [], (path) => at(document.placeOf(path)));
  } catch (error) {
    if (!(error instanceof TomlFault)) throw error;
    faults.push({ origin: at(error.place), key: "", message: `is no TOML: ${error.message}` });
  }
  return { entries, faults };
}

/** `PERSONA_RUNTIME_SERVER_PORT` and the like. `named` are entries of other sources: they know how names are written. */
export function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  named: readonly Entry[],
): Source {
  const entries: Entry[] = [];
  const faults: Fault[] = [];
  for (const [name, text] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || OTHER_VARIABLES.includes(name) || OF_A_SERVICE.test(name)) continue;
    // An empty variable is how a compose file leaves one out.
    if (text === undefined || text === "") continue;
    const origin: Origin = { from: "environment", name };
    const path = pathOfVariable(name, named);
    if (path === undefined) {
      const nearest = closest(name, [...KEYS.map((key) => variableName(key.path)), ...OTHER_VARIABLES]);
      faults.push({ origin, key: "", message: `is no known variable; did you mean ${nearest}?` });
      continue;
    }
    add({ path, text, origin }, entries, faults);
  }
  return { entries, faults };
}

export function fromFlags(flags: readonly Flag[]): Source {
  const entries: Entry[] = [];
  const faults: Fault[] = [];
  for (const [index, { flag, path, text }] of flags.entries()) {
    const origin: Origin = { from: "flag", flag };
    const key = keyName(path);
    const other = flags.slice(0, index).find((before) => keyName(before.path) === key);
    if (other === undefined) add({ path, text, origin }, entries, faults);
    else faults.push({ origin, key, message: `was given before (${other.flag})` });
  }
  return { entries, faults };
}

/** `--set KEY=VALUE`; undefined when there is no `=`, or the key is not written as in TOML. */
export function readSetting(words: string): Pick<Flag, "path" | "text"> | undefined {
  const [, key, text] = /^((?:"[^"]*"|'[^']*'|[^="'])+)=(.*)$/s.exec(words) ?? [];
  if (key === undefined || text === undefined) return undefined;
  try {
    return { path: readTomlKey(key), text };
  } catch (error) {
    if (error instanceof TomlFault) return undefined;
    throw error;
  }
}

/** The name of a key in the environment; `*` stands for a name that the user chooses. */
export function variableName(path: KeyPath): string {
  return `${ENVIRONMENT_PREFIX}${path.map(variablePart).join("_")}`;
}

function variablePart(name: string): string {
  return name === "*" ? "*" : name.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

function add(
  { path, text, origin }: { path: KeyPath; text: string; origin: Origin },
  entries: Entry[],
  faults: Fault[],
): void {
  const found = find(path);
  if ("fault" in found) faults.push({ origin, key: found.key, message: found.fault });
  else if (found.node.kind !== "value")
    faults.push({ origin, key: keyName(path), message: "is a table; name a key in it" });
  else entries.push({ path, value: valueOfText(text, found.node), origin });
}

/** What a text stands for: texts stay texts, and the rest is written as in TOML; a list also as `a,b`. */
function valueOfText(text: string, { schema, about }: KeyNode & { kind: "value" }): unknown {
  const inner = bare(schema);
  const isText = inner instanceof z.ZodString || inner instanceof z.ZodEnum;
  if (isText && !(about.secret === true && text.trimStart().startsWith("{"))) return text;
  if (inner instanceof z.ZodArray && !text.trimStart().startsWith("["))
    return text.split(",").map((word) => word.trim());
  try {
    return readTomlValue(text);
  } catch (error) {
    if (error instanceof TomlFault) return text;
    throw error;
  }
}

/** The key of a variable; where a name is chosen by the user, one that is known is taken over one that is made up. */
function pathOfVariable(variable: string, named: readonly Entry[]): KeyPath | undefined {
  const matches = KEYS.filter((key) => pattern(key).test(variable));
  // `…_HEADERS_API_KEY` is also `…_API_KEY` of a provider with an odd name: what names more of the schema is meant.
  const [best] = matches.sort((a, b) => variableName(b.path).length - variableName(a.path).length);
  if (best === undefined) return undefined;
  const chosen = pattern(best).exec(variable)?.slice(1) ?? [];
  const path: string[] = [];
  for (const step of best.path) {
    if (step !== "*") path.push(step);
    else path.push(nameOf(chosen.shift() ?? "", path, named));
  }
  return path;
}

function nameOf(part: string, above: KeyPath, named: readonly Entry[]): string {
  const known = named
    .filter(({ path }) => above.every((name, depth) => path[depth] === name))
    .map(({ path }) => path[above.length] ?? "");
  return known.find((name) => variablePart(name) === part) ?? part.toLowerCase().replaceAll("_", "-");
}

function pattern({ path }: Key): RegExp {
  return new RegExp(`^${variableName(path).replaceAll("*", "(.+)")}$`);
}
