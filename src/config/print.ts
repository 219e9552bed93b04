/** The configuration for people to read: what is in force, and an example of everything. */

import { isTable } from "../toml.ts";
import { defaultOf, expectation, KEYS, type Key, type KeyPath, keyName } from "./keys.ts";
import { originText } from "./origin.ts";
import { type Configuration, HIDDEN, type Setting } from "./resolve.ts";

/** TOML with the origin of each value as a comment; secrets are hidden. */
export function printConfig({ settings, file }: Configuration): string {
  const lines = [`# What is in force. Configuration file: ${file ?? "none"}`];
  for (const [table, keys] of byTable(settings)) {
    const rows = keys.map((setting): readonly [string, string] => {
      const name = keyName(setting.path.slice(-1));
      if (setting.value === undefined) return [`# ${name}`, "not set"];
      return [`${name} = ${tomlOf(shown(setting))}`, originText(setting.origin)];
    });
    const width = Math.min(60, Math.max(...rows.map(([text]) => text.length)));
    // An empty table would say more than none: that it is wanted.
    const head = keys.some(({ value }) => value !== undefined) ? `[${table}]` : `# [${table}]`;
    lines.push("", head, ...rows.map(([text, note]) => `${text.padEnd(width)}  # ${note}`));
  }
  return lines.join("\n");
}

/** The same for scripts: each key with its value (null when it has none; secrets are hidden) and its origin. */
export function configAsJson({ settings, file }: Configuration): object {
  const keys = settings.map((setting) => {
    const value = shown(setting) ?? null;
    return [keyName(setting.path), { value, origin: setting.origin }] as const;
  });
  return { file: file ?? null, settings: Object.fromEntries(keys) };
}

const HEAD = `# Every key of persona-runtime.toml, commented out: with its default, or an example where it has none. Copy it under that
# name into the folder that the server starts in, or name it with --config.
#
# A flag is stronger than the environment, the environment is stronger than this file. In the environment a key is named
# like PERSONA_RUNTIME_SERVER_PORT; on the command line each can be given as --set server.port=8787.
# A secret is a text, { env = "NAME" } or { file = "PATH" }. Relative paths are meant from the folder of this file.`;

/** A file that documents every key. */
export function exampleConfig(): string {
  const lines = [HEAD];
  for (const [table, keys] of byTable(KEYS.map((key) => ({ ...key, path: key.example })))) {
    lines.push("", `# [${table}]`, ...keys.flatMap(exampleOf));
  }
  return `${lines.join("\n")}\n`;
}

function exampleOf({ path, schema, about }: Key): string[] {
  const value = tomlOf(about.example ?? defaultOf(schema));
  return [`# ${about.description}: ${expectation(schema)}.`, `# ${keyName(path.slice(-1))} = ${value}`];
}

/** In their order, under the name of the table that each stands in. */
function byTable<Item extends { readonly path: KeyPath }>(items: readonly Item[]): ReadonlyMap<string, Item[]> {
  return Map.groupBy(items, ({ path }) => keyName(path.slice(0, -1))) as ReadonlyMap<string, Item[]>;
}

function shown({ value, about }: Setting): unknown {
  if (value === undefined) return undefined;
  if (about.shown !== undefined) return about.shown(String(value));
  return about.secret === true ? HIDDEN : value;
}

/** JSON is TOML for texts, numbers and booleans. */
function tomlOf(value: unknown): string {
  if (isTable(value)) {
    const pairs = Object.entries(value).map(([name, inner]) => `${keyName([name])} = ${tomlOf(inner)}`);
    return `{ ${pairs.join(", ")} }`;
  }
  return Array.isArray(value) ? `[${value.map(tomlOf).join(", ")}]` : JSON.stringify(value);
}
