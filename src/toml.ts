/** TOML with the place of everything in it, so that a fault can name it. */
import { type AST, ParseError, parseTOML } from "toml-eslint-parser";

/** Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Names of tables and places in lists, from the top down. */
export type TomlPath = readonly (string | number)[];

export interface TomlDocument {
  /** Tables have no prototype, so that no name in them means anything to JavaScript. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Where a value stands, or what it would stand in. */
  placeOf(path: TomlPath): Place;
}

/** Why and where a text is no TOML. */
export class TomlFault extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

/** Throws a `TomlFault`. */
export function readToml(text: string): TomlDocument {
  const root = table();
  const places = new Map<string, Place>([["[]", { line: 1, column: 1 }]]);
  const note = (path: TomlPath, node: Located) => {
    const name = JSON.stringify(path);
    if (!places.has(name)) places.set(name, placeOf(node));
  };
  // Some editors begin a file with a byte order mark.
  for (const node of parse(text.replace(/^\uFEFF/, "")).body[0].body) {
    if (node.type === "TOMLKeyValue") addPair(root, [], node, note);
    else addTable(root, node, note);
  }
  return {
    value: root,
    placeOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const place = places.get(JSON.stringify(path.slice(0, length)));
        if (place !== undefined) return place;
      }
      return { line: 1, column: 1 };
    },
  };
}

/** The value of a text as it may stand behind `=`. Throws a `TomlFault`. */
export function readTomlValue(text: string): unknown {
  return readToml(`value = ${text}`).value["value"];
}

/** The names of a dotted key. Throws a `TomlFault`. */
export function readTomlKey(text: string): readonly string[] {
  const names: string[] = [];
  for (let value: unknown = readToml(`${text} = 0`).value; isTable(value); value = value[names.at(-1) ?? ""]) {
    const [name] = Object.keys(value);
    if (name === undefined) break;
    names.push(name);
  }
  return names;
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

type Located = { readonly loc: AST.SourceLocation };
type Note = (path: TomlPath, node: Located) => void;

function parse(text: string): AST.TOMLProgram {
  try {
    return parseTOML(text, { tomlVersion: "1.0" });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new TomlFault(error.message, { line: error.lineNumber, column: error.column + 1 });
  }
}

/** `getStaticTOMLValue` of the parser would write a table named `__proto__` into the prototype of every object. */
function table(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function addTable(root: Record<string, unknown>, node: AST.TOMLTable, note: Note): void {
  const path = node.resolvedKey;
  assertShallow(path, node);
  const into = descend(root, path);
  for (let length = 1; length <= path.length; length += 1) note(path.slice(0, length), node);
  for (const pair of node.body) addPair(into, path, pair, note);
}

/** The table at a path; what is missing on the way is made. */
function descend(root: Record<string, unknown>, path: TomlPath): Record<string, unknown> {
  let at: unknown = root;
  for (const [depth, step] of path.entries()) {
    const parent = at as Record<string | number, unknown>;
    parent[step] ??= typeof path[depth + 1] === "number" ? [] : table();
    at = parent[step];
  }
  return at as Record<string, unknown>;
}

function addPair(into: Record<string, unknown>, above: TomlPath, { key, value }: AST.TOMLKeyValue, note: Note): void {
  const names = key.keys.map((name) => (name.type === "TOMLBare" ? name.name : name.value));
  const path = [...above, ...names];
  assertShallow(path, key);
  for (let length = above.length + 1; length <= path.length; length += 1) note(path.slice(0, length), key);
  descend(into, names.slice(0, -1))[names.at(-1) ?? ""] = contentOf(value, path, note);
}

/** Each prefix of a path has a place: what is very deep would take the square of its depth. */
const MAX_DEPTH = 100;

function assertShallow(path: TomlPath, node: Located): void {
  if (path.length > MAX_DEPTH) throw new TomlFault(`more than ${MAX_DEPTH} names inside each other`, placeOf(node));
}

function contentOf(node: AST.TOMLContentNode, path: TomlPath, note: Note): unknown {
  if (node.type === "TOMLValue") return node.value;
  if (node.type === "TOMLArray") {
    return node.elements.map((element, index) => {
      note([...path, index], element);
      return contentOf(element, [...path, index], note);
    });
  }
  const inline = table();
  for (const pair of node.body) addPair(inline, path, pair, note);
  return inline;
}

function placeOf({ loc }: Located): Place {
  return { line: loc.start.line, column: loc.start.column + 1 };
}
