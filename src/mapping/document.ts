/** The text of a mapper document, YAML or JSON, as JSON, with the line of everything in it. */
import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from "yaml";
import { type FieldFault, PersonaError } from "../errors.ts";
import { describeFaults } from "../faults.ts";
import { JsonFault, readJson } from "../json.ts";

/** Most bytes of a document, unless the host says otherwise. */
export const MAX_DOCUMENT_BYTES = 1_048_576;

/** Conditions may lie 32 deep, which takes two levels each; everything else is shallow. */
const MAX_LEVELS = 100;

/** What aliases stand for is written out: so many times the limit of the text it may be. */
const MAX_GROWTH = 2;

export interface DocumentText {
  /** What the text says, as compact JSON. */
  readonly json: string;
  /** Where a value stands, counted from 1, or what it would stand in. */
  lineOf(pointer: string): number | undefined;
}

/**
 * Throws `invalid_mapper` with every fault: a text that is too long or neither YAML 1.2 nor JSON; names that stand
 * twice; tags, merge keys, numbers that are none, names that are no texts; aliases that lead to themselves or to more
 * than a document may be.
 */
export async function readDocument(text: string, maxBytes = MAX_DOCUMENT_BYTES): Promise<DocumentText> {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw notReadable("too_large", `a document may be ${maxBytes} bytes long, not ${bytes}`);
  if (!text.isWellFormed()) throw notReadable("syntax", "the text must not hold half of a surrogate pair");
  return /^\uFEFF?\s*\{/.test(text) && isNestedAtMost(MAX_LEVELS, text)
    ? asJson(text, maxBytes)
    : asYaml(text, maxBytes);
}

/** Of faults in one document. */
export function invalidMapper(faults: readonly FieldFault[]): PersonaError {
  const more = faults.length - MAX_FAULTS;
  const rest = { field: "", code: "more", message: `the document has ${more} more faults` };
  const fields = more > 0 ? [...faults.slice(0, MAX_FAULTS), rest] : faults;
  const named = fields.map(({ field, message }) => ({ field: field || "document", message }));
  return new PersonaError("invalid_mapper", `The mapper is not valid. ${describeFaults(named)}`, { fields });
}

function notReadable(code: string, message: string): PersonaError {
  return invalidMapper([{ field: "", code, message }]);
}

/** What begins like JSON may still be YAML in braces. */
function asJson(text: string, maxBytes: number): DocumentText {
  try {
    const { value, placeOf } = readJson(text);
    // JSON has no word for what is not finite; such a number is named below.
    const json = JSON.stringify(value, (_name, inner) => (isFiniteOrOther(inner) ? inner : notFinite()));
    return { json, lineOf: (pointer) => placeOf(placesOf(value, stepsOf(pointer))).line };
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    return asYaml(text, maxBytes);
  }
}

const isFiniteOrOther = (value: unknown) => typeof value !== "number" || Number.isFinite(value);

function notFinite(): never {
  throw new JsonFault("a number is not finite", { line: 1, column: 1 });
}

/** Places in lists as numbers. */
function placesOf(root: unknown, steps: readonly string[]): (string | number)[] {
  let value = root;
  return steps.map((step) => {
    const place = Array.isArray(value) ? Number(step) : step;
    value = (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[place];
    return place;
  });
}

function asYaml(text: string, maxBytes: number): DocumentText {
  const lines = new LineCounter();
  // Names that stand twice are found below: the parser compares each with each.
  const options = { schema: "core", merge: false, uniqueKeys: false, prettyErrors: false, lineCounter: lines } as const;
  const lineAt = (offset: number | undefined) => (offset === undefined ? undefined : lines.linePos(offset).line || 1);
  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw notReadable("too_deep", `a document may be ${MAX_LEVELS} levels deep`);
  }
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos: [at] }): FieldFault => {
      return { field: "", code: "syntax", message: `is no YAML: ${message}`, line: lineAt(at) };
    });
    throw invalidMapper(faults);
  }
  const reader = new YamlReader(maxBytes * MAX_GROWTH, lineAt);
  const value = reader.read(document.contents);
  if (reader.faults.length > 0) throw invalidMapper(reader.faults);
  const root = document.contents;
  return {
    json: JSON.stringify(value),
    lineOf: (pointer) => lineAt(offsetOf(root, stepsOf(pointer), reader.targets)),
  };
}

/** More would help nobody. */
const MAX_FAULTS = 100;

/** Thrown where going on would take too long. */
class Enough extends Error {}

class YamlReader {
  readonly faults: FieldFault[] = [];
  /** What each alias stands for. */
  readonly targets = new Map<Alias, Node>();
  readonly #anchors = new Map<string, Node>();
  /** Nodes that are being read. */
  readonly #open = new Set<Node>();
  readonly #lineAt: (offset: number | undefined) => number | undefined;
  /** How many characters may still come. */
  #left: number;

  constructor(most: number, lineAt: (offset: number | undefined) => number | undefined) {
    this.#left = most;
    this.#lineAt = lineAt;
  }

  read(root: Node | null): unknown {
    try {
      return this.#value(root, "", 0);
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
      return undefined;
    }
  }

  #value(node: Node | null, pointer: string, level: number): unknown {
    if (node === null) return null;
    this.#spend(4, node, pointer);
    if (level > MAX_LEVELS) this.#stop("too_deep", `a document may be ${MAX_LEVELS} levels deep`, node, pointer);
    if (isAlias(node)) return this.#meant(node, pointer, level);
    if (node.tag !== undefined) this.#fault("tag", "tags are not taken; write the value itself", node, pointer);
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (isScalar(node)) return this.#scalar(node, pointer);
    this.#open.add(node);
    const value = isSeq(node)
      ? node.items.map((item, at) => this.#value(item as Node | null, `${pointer}/${at}`, level + 1))
      : this.#table(node, pointer, level);
    this.#open.delete(node);
    return value;
  }

  #meant(alias: Alias, pointer: string, level: number): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined)
      return this.#fault("alias", `no anchor &${alias.source} stands before it`, alias, pointer);
    if (this.#open.has(target)) return this.#fault("alias", "stands for what it lies in itself", alias, pointer);
    this.targets.set(alias, target);
    return this.#value(target, pointer, level);
  }

  #scalar(node: Scalar, pointer: string): unknown {
    const { value } = node;
    if (typeof value === "string") this.#spend(value.length, node, pointer);
    if (typeof value !== "number" || Number.isFinite(value)) return value;
    return this.#fault("not_finite", "must be a finite number", node, pointer);
  }

  #table(node: Node, pointer: string, level: number): unknown {
    const table: Record<string, unknown> = Object.create(null);
    if (!isMap(node)) return table;
    for (const { key, value } of node.items as Pair<Node | null, Node | null>[]) {
      const name = this.#name(key, node, pointer);
      if (name === undefined) continue;
      const at = `${pointer}/${escaped(name)}`;
      this.#spend(name.length, node, pointer);
      if (name in table) this.#fault("duplicate_key", "stands in this table twice", key ?? node, at);
      table[name] = this.#value(value, at, level + 1);
    }
    return table;
  }

  #name(key: Node | null, table: Node, pointer: string): string | undefined {
    if (!isScalar(key) || key.value === null) {
      this.#fault("wrong_key", "has a name that is no text", key ?? table, pointer);
      return undefined;
    }
    if (key.tag !== undefined) this.#fault("tag", "tags are not taken; write the name itself", key, pointer);
    if (key.anchor !== undefined) this.#anchors.set(key.anchor, key);
    const name = typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
    if (name !== "<<" || key.type !== "PLAIN") return name;
    this.#fault("merge_key", "merge keys are not taken; write out what they would bring", key, pointer);
    return undefined;
  }

  #spend(characters: number, node: Node, pointer: string): void {
    this.#left -= characters;
    if (this.#left < 0) this.#stop("too_large", "is too large once its aliases are written out", node, pointer);
  }

  #fault(code: string, message: string, node: Node, pointer: string): undefined {
    this.faults.push({ field: pointer, code, message, line: this.#lineAt(node.range?.[0]) });
    if (this.faults.length >= MAX_FAULTS) throw new Enough();
    return undefined;
  }

  #stop(code: string, message: string, node: Node, pointer: string): never {
    this.#fault(code, message, node, pointer);
    throw new Enough();
  }
}

/** Whether the brackets of a JSON text lie so deep at most; what reads them would run out of stack. */
function isNestedAtMost(most: number, text: string): boolean {
  let level = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') isText = !isText;
    else if (isText && letter === "\\") at += 1;
    else if (isText) continue;
    else if (letter === "{" || letter === "[") level += 1;
    else if (letter === "}" || letter === "]") level -= 1;
    if (level > most) return false;
  }
  return true;
}

/** Where a value begins, or its name; of one that is not there, what it would stand in. */
function offsetOf(root: Node | null, steps: readonly string[], targets: ReadonlyMap<Alias, Node>): number | undefined {
  let node = root;
  let offset = root?.range?.[0];
  for (const step of steps) {
    if (isAlias(node)) node = targets.get(node) ?? null;
    let next: unknown;
    if (isSeq(node)) next = node.items[Number(step)];
    else if (isMap(node)) next = node.items.find(({ key }) => isScalar(key) && nameOf(key) === step);
    if (next === undefined) break;
    const start = isPair(next) ? (next.key as Node) : (next as Node | null);
    offset = start?.range?.[0] ?? offset;
    node = (isPair(next) ? next.value : next) as Node | null;
  }
  return offset;
}

const nameOf = ({ value, source }: Scalar): string => (typeof value === "string" ? value : (source ?? String(value)));
const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** The steps of a JSON pointer (RFC 6901). */
function stepsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
