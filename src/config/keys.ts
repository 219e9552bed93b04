/** The schema of the configuration as a tree of keys: finding one, and saying what is right for it. */
import { closest } from "fastest-levenshtein";
import * as z from "zod";
import { type About, about } from "./about.ts";
import { configSchema } from "./schema.ts";

/** Names from the top down: `["providers", "openai", "api_key"]`. */
export type KeyPath = readonly string[];

export type KeyNode =
  | { readonly kind: "table"; readonly children: ReadonlyMap<string, KeyNode> }
  /** A table whose names the user chooses. */
  | { readonly kind: "named"; readonly name: z.ZodType; readonly example: string; readonly child: KeyNode }
  | { readonly kind: "value"; readonly schema: z.ZodType; readonly about: About };

export interface Key {
  /** With `*` for a name that the user chooses. */
  readonly path: KeyPath;
  /** The same with a name in its place. */
  readonly example: KeyPath;
  readonly schema: z.ZodType;
  readonly about: About;
}

export const ROOT = nodeOf(configSchema);

/** Every key, in the order of the schema. */
export const KEYS: readonly Key[] = keysBelow(ROOT, [], []);

/** Key of the schema, what no schema allows, or a name that is wrong. */
export type Found =
  | { readonly node: KeyNode }
  | {
      /** As far down as the path could be followed, and one step more. */ readonly key: string;
      readonly fault: string;
    };

export function find(path: KeyPath): Found {
  let node = ROOT;
  for (const [depth, name] of path.entries()) {
    const here = path.slice(0, depth + 1);
    if (node.kind === "value")
      return { key: keyName(here), fault: `is no known key; ${keyName(path.slice(0, depth))} is one` };
    if (node.kind === "named") {
      const checked = node.name.safeParse(name);
      if (!checked.success)
        return { key: keyName(here), fault: `has a wrong name; it ${checked.error.issues[0]?.message}` };
      node = node.child;
      continue;
    }
    const child = node.children.get(name);
    if (child === undefined)
      return { key: keyName(here), fault: `is no known key; ${suggestion(path, depth, node.children)}` };
    node = child;
  }
  return { node };
}

/** `server.port`, `prices."openai:gpt-4.1".input_usd_per_mtok`: as TOML writes it. */
export function keyName(path: KeyPath): string {
  return path.map((name) => (/^[A-Za-z0-9_*-]+$/.test(name) ? name : JSON.stringify(name))).join(".");
}

/** The schema without what only says that it may be left out. */
export function bare(schema: z.ZodType): z.ZodType {
  let { def } = schema as unknown as Described;
  let inner = schema;
  while (def.innerType !== undefined) {
    inner = def.innerType;
    ({ def } = inner as unknown as Described);
  }
  return inner;
}

/** What holds when nobody says anything; undefined when nothing does. */
export function defaultOf(schema: z.ZodType): unknown {
  const result = schema.safeParse(undefined);
  return result.success ? result.data : undefined;
}

/** What is right for a key: `a whole number from 0 to 65535`, `"a" or "b"`. */
export function expectation(schema: z.ZodType): string {
  const inner = bare(schema);
  if (inner instanceof z.ZodNumber) return numberExpectation(inner);
  if (inner instanceof z.ZodBoolean) return "true or false";
  if (inner instanceof z.ZodEnum) return alternatives(inner.options.map((option) => JSON.stringify(option)));
  if (inner instanceof z.ZodLiteral) return alternatives([...inner.values].map((value) => JSON.stringify(value)));
  if (inner instanceof z.ZodArray) return `a list, each ${expectation(inner.element as z.ZodType)}`;
  if (inner instanceof z.ZodUnion) return alternatives(inner.options.map((option) => expectation(option as z.ZodType)));
  return "a text";
}

interface Described {
  readonly def: { readonly innerType?: z.ZodType };
}

function nodeOf(schema: z.ZodType): KeyNode {
  const inner = bare(schema);
  if (inner instanceof z.ZodObject) {
    const children = Object.entries(inner.shape).map(([name, child]) => [name, nodeOf(child as z.ZodType)] as const);
    return { kind: "table", children: new Map(children) };
  }
  if (inner instanceof z.ZodRecord) {
    const example = String((about.get(schema) ?? about.get(inner))?.example ?? "name");
    return { kind: "named", name: inner.keyType as z.ZodType, example, child: nodeOf(inner.valueType as z.ZodType) };
  }
  const known = about.get(schema) ?? about.get(inner);
  if (known === undefined) throw new Error("A key of the configuration has no description");
  return { kind: "value", schema, about: known };
}

function keysBelow(node: KeyNode, path: KeyPath, example: KeyPath): Key[] {
  if (node.kind === "value") return [{ path, example, schema: node.schema, about: node.about }];
  if (node.kind === "named") return keysBelow(node.child, [...path, "*"], [...example, node.example]);
  return [...node.children].flatMap(([name, child]) => keysBelow(child, [...path, name], [...example, name]));
}

/** The nearest key: beside it, or with the same last name in another table. */
function suggestion(path: KeyPath, depth: number, children: ReadonlyMap<string, KeyNode>): string {
  const wrong = path[depth] ?? "";
  const last = path.at(-1) ?? "";
  const elsewhere = KEYS.filter((key) => key.path.at(-1) === last && !key.path.includes("*"));
  const [only] = elsewhere;
  if (only !== undefined && elsewhere.length === 1 && !children.has(last)) return `did you mean ${keyName(only.path)}?`;
  return `did you mean ${keyName([...path.slice(0, depth), closest(wrong, [...children.keys()])])}?`;
}

function numberExpectation(schema: z.ZodNumber): string {
  const { minValue, maxValue } = schema;
  const kind = schema.isInt ? "a whole number" : "a number";
  const least = minValue === null || minValue <= Number.MIN_SAFE_INTEGER ? undefined : minValue;
  const most = maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER ? undefined : maxValue;
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`;
  if (least !== undefined) return `${kind}, at least ${least}`;
  return most === undefined ? kind : `${kind}, at most ${most}`;
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
