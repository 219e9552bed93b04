/** YAML as JSON, with the line of every value, or with every reason why it is none. */
import {
  type Alias,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from "yaml";
import type { FieldFault } from "../errors.ts";
import { MAX_FAULTS, MAX_LEVELS, tooDeep } from "./document-bounds.ts";
import { escaped } from "./json-lines.ts";

/** So many times the limit of the text may be what its aliases stand for, written out. */
const MAX_GROWTH = 2;

export interface YamlRead {
  readonly faults: readonly FieldFault[];
  /** Left out where the faults leave nothing that could be read further. */
  readonly value?: YamlValue;
}

export interface YamlValue {
  /** Compact. */
  readonly json: string;
  /** Of each value, in the order in which they stand in the JSON, from the whole document on. */
  readonly lines: Uint32Array<ArrayBuffer>;
}

/** What the parser finds wrong within one value: it knows where that ends, and all around it is what it looks like. */
const WITHIN_A_VALUE: readonly ErrorCode[] = ["BAD_DQ_ESCAPE", "BAD_SCALAR_START", "TAG_RESOLVE_FAILED"];

/**
 * Reads YAML 1.2. What it refuses beyond its grammar: names that stand twice, tags, merge keys, numbers that are none,
 * names that are no texts, aliases that lead to themselves or to more than a document may be.
 */
export function readYaml(text: string, maxBytes: number): YamlRead {
  const lines = new LineCounter();
  const lineAt = (offset: number | undefined) => (offset === undefined ? 1 : Math.max(1, lines.linePos(offset).line));
  // Names that stand twice are found below: the parser compares each with each.
  const options = { schema: "core", merge: false, uniqueKeys: false, prettyErrors: false, lineCounter: lines } as const;
  const document = parseDocument(text, options);
  const broken = document.errors.slice(0, MAX_FAULTS).map(({ message, pos: [at] }) =>
    // The parser's own stack has an end, too.
    /call stack|Stack overflow/.test(message)
      ? tooDeep("", lineAt(at))
      : { field: "", code: "syntax", message: `the text is no YAML: ${message}`, line: lineAt(at) },
  );
  if (document.errors.some(({ code }) => !WITHIN_A_VALUE.includes(code))) return { faults: broken };
  const reader = new Reader(maxBytes * MAX_GROWTH, lineAt);
  const value = reader.read(document.contents);
  const faults = [...broken, ...reader.faults];
  if (value === undefined) return { faults };
  return { faults, value: { json: JSON.stringify(value), lines: Uint32Array.from(reader.lines) } };
}

/** Thrown where going on would take too long. */
class Enough extends Error {}

class Reader {
  readonly faults: FieldFault[] = [];
  readonly lines: number[] = [];
  readonly #anchors = new Map<string, Node>();
  /** Nodes that are being read. */
  readonly #open = new Set<Node>();
  readonly #lineAt: (offset: number | undefined) => number;
  /** How many characters may still come. */
  #left: number;

  constructor(most: number, lineAt: (offset: number | undefined) => number) {
    this.#left = most;
    this.#lineAt = lineAt;
  }

  /** Undefined where it stopped. */
  read(root: Node | null): unknown {
    try {
      return this.#value(root, "", 0, root);
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
      return undefined;
    }
  }

  /** @param at What stands where the value begins: its name, if it has one. */
  #value(node: Node | null, pointer: string, level: number, at: Node | null): unknown {
    this.lines.push(this.#lineAt(at?.range?.[0]));
    if (node === null) return null;
    this.#spend(4, node, pointer);
    if (level > MAX_LEVELS) this.#stop(tooDeep(pointer, this.#lineAt(node.range?.[0])));
    return this.#content(isAlias(node) ? this.#meant(node, pointer) : node, pointer, level);
  }

  #content(node: Node | undefined, pointer: string, level: number): unknown {
    if (node === undefined) return null;
    if (node.tag !== undefined) this.#fault("tag", "tags are not taken; write the value itself", node, pointer);
    this.#anchor(node);
    if (isScalar(node)) return this.#scalar(node.value, node, pointer);
    this.#open.add(node);
    const value = isSeq(node)
      ? node.items.map((item, at) => this.#value(item as Node | null, `${pointer}/${at}`, level + 1, item as Node))
      : this.#table(node, pointer, level);
    this.#open.delete(node);
    return value;
  }

  #anchor(node: Node): void {
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
  }

  #meant(alias: Alias, pointer: string): Node | undefined {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) this.#fault("alias", `no anchor &${alias.source} stands before it`, alias, pointer);
    else if (this.#open.has(target)) this.#fault("alias", "stands for what it lies in itself", alias, pointer);
    else return target;
    return undefined;
  }

  #scalar(value: unknown, node: Node, pointer: string): unknown {
    if (typeof value === "string") this.#spend(value.length, node, pointer);
    if (typeof value === "number" && !Number.isFinite(value))
      this.#fault("not_finite", "must be a finite number", node, pointer);
    return value;
  }

  #table(node: Node, pointer: string, level: number): unknown {
    const table: Record<string, unknown> = Object.create(null);
    if (!isMap(node)) return table;
    const first = this.lines.length;
    const parts = new Map<string, readonly [from: number, to: number]>();
    for (const { key, value } of node.items as Pair<Node | null, Node | null>[]) {
      const name = this.#name(key, node, pointer);
      if (name === undefined) continue;
      const at = `${pointer}/${escaped(name)}`;
      this.#spend(name.length, node, pointer);
      if (name in table) this.#fault("duplicate_key", "stands in this table twice", key ?? node, at);
      const from = this.lines.length;
      table[name] = this.#value(value, at, level + 1, key);
      parts.set(name, [from, this.lines.length]);
    }
    this.#arrange(first, Object.keys(table), parts);
    return table;
  }

  /**
   * JavaScript puts names that are numbers before all others, and keeps the last value of a name that stands twice: then
   * the same becomes of their lines.
   */
  #arrange(
    first: number,
    names: readonly string[],
    parts: ReadonlyMap<string, readonly [from: number, to: number]>,
  ): void {
    const asRead = [...parts.keys()];
    const left = [...parts.values()].reduce((count, [from, to]) => count + to - from, 0);
    if (left === this.lines.length - first && names.every((name, place) => name === asRead[place])) return;
    const lines = this.lines.splice(first);
    for (const name of names) {
      const [from, to] = parts.get(name) ?? [0, 0];
      for (let place = from; place < to; place += 1) this.lines.push(lines[place - first] ?? 1);
    }
  }

  #name(key: Node | null, table: Node, pointer: string): string | undefined {
    if (!isScalar(key) || key.value === null) {
      this.#fault("wrong_key", "has a name that is no text", key ?? table, pointer);
      return undefined;
    }
    if (key.tag !== undefined) this.#fault("tag", "tags are not taken; write the name itself", key, pointer);
    this.#anchor(key);
    const name = typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
    if (name !== "<<" || key.type !== "PLAIN") return name;
    this.#fault("merge_key", "merge keys are not taken; write out what they would bring", key, pointer);
    return undefined;
  }

  #spend(characters: number, node: Node, pointer: string): void {
    this.#left -= characters;
    if (this.#left >= 0) return;
    const message = "the document is too large once its aliases are written out";
    this.#stop({ field: pointer, code: "too_large", message, line: this.#lineAt(node.range?.[0]) });
  }

  #fault(code: string, message: string, node: Node, pointer: string): void {
    this.faults.push({ field: pointer, code, message, line: this.#lineAt(node.range?.[0]) });
    if (this.faults.length >= MAX_FAULTS) throw new Enough();
  }

  #stop(fault: FieldFault): never {
    this.faults.push(fault);
    throw new Enough();
  }
}
