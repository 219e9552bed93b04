/** The text of a mapper document, YAML or JSON, as JSON. */

import { Worker } from "node:worker_threads";
import { counted } from "../counted.ts";
import { type FieldFault, PersonaError } from "../errors.ts";
import { describeFaults } from "../faults.ts";
import { repeatedName } from "../json-names.ts";
import { MAX_FAULTS, MAX_LEVELS, tooDeep } from "./document-bounds.ts";
import { escaped, jsonLines } from "./json-lines.ts";
import type { YamlRead, YamlValue } from "./yaml-reader.ts";
import type { YamlTask } from "./yaml-worker.ts";

/** Most bytes of a document, unless the host says otherwise. */
export const MAX_DOCUMENT_BYTES = 1_048_576;

/** A longer YAML text is read on a thread of its own: a megabyte of it may take seconds. */
const READ_AT_ONCE = 16_384;

export interface DocumentText {
  /** What the text says, compact. */
  readonly json: string;
  /** What is wrong with the text, and keeps nothing else in it from being read. */
  readonly faults: readonly FieldFault[];
  /** The lines of values by JSON pointer, counted from 1; of one that is not there, that of what it would stand in. */
  lines(pointers: readonly string[]): readonly number[];
}

/**
 * Throws `invalid_mapper` with every fault: a text that is too long, or neither YAML 1.2 nor JSON; aliases that lead to more
 * than a document may be. Names that stand twice, tags, merge keys, numbers that are none, names that are no texts, aliases
 * of nothing and values that YAML does not take are faults of what is read.
 */
export async function readDocument(text: string, maxBytes = MAX_DOCUMENT_BYTES): Promise<DocumentText> {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw refused("too_large", `a document may be ${maxBytes} bytes long, not ${bytes}`);
  if (!text.isWellFormed()) throw refused("syntax", "the text must not hold half of a surrogate pair");
  const isBraced = /^\uFEFF?\s*\{/.test(text);
  if (isBraced && levelsOf(text) > MAX_LEVELS) throw invalidMapper([tooDeep("")]);
  const json = isBraced ? plainJson(text) : undefined;
  // JSON is read a second time for its lines, when something is wrong with it.
  if (json !== undefined) return { json, faults: [], lines: (pointers) => jsonLines(text, pointers) };
  const { faults, value } = await read(text, maxBytes);
  if (value === undefined) throw invalidMapper(faults);
  return { json: value.json, faults, lines: (pointers) => pointers.map(linesOf(value)) };
}

/** Of faults in one document. */
export function invalidMapper(faults: readonly FieldFault[]): PersonaError {
  const more = faults.length - MAX_FAULTS;
  const rest = { field: "", code: "more", message: `the document has ${counted(more, "more fault")}` };
  const fields = more > 0 ? [...faults.slice(0, MAX_FAULTS), rest] : faults;
  const named = fields.map(({ field, message }) => ({ field: field || "document", message }));
  return new PersonaError("invalid_mapper", `The mapper is not valid. ${describeFaults(named)}`, { fields });
}

function refused(code: string, message: string): PersonaError {
  return invalidMapper([{ field: "", code, message }]);
}

function read(text: string, maxBytes: number): Promise<YamlRead> {
  return text.length > READ_AT_ONCE ? readAside(text, maxBytes) : readHere(text, maxBytes);
}

/** Nothing of YAML is loaded before there is some. */
async function readHere(text: string, maxBytes: number): Promise<YamlRead> {
  const { readYaml } = await import("./yaml-reader.ts");
  return readYaml(text, maxBytes);
}

/** One at a time: each may take a core. */
let reading: Promise<unknown> = Promise.resolve();

function readAside(text: string, maxBytes: number): Promise<YamlRead> {
  const result = reading.then(() => onThread({ text, maxBytes }));
  reading = result.catch(() => {});
  return result;
}

function onThread(workerData: YamlTask): Promise<YamlRead> {
  const script = new URL(import.meta.url.endsWith(".ts") ? "./yaml-worker.ts" : "./yaml-worker.js", import.meta.url);
  // Flags of this process are not for it.
  const worker = new Worker(script, { workerData, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 1_024 } });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", (error: NodeJS.ErrnoException) => {
      const isFull = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      reject(isFull ? refused("too_large", "the text takes too much memory to read") : error);
    });
  });
}

/** The same value, compact; undefined if a name stands twice in it, a number is not finite, or it is no JSON. */
function plainJson(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
  return isAllFinite(value) && repeatedName(text, value) === undefined ? JSON.stringify(value) : undefined;
}

/** Whether all of its numbers are. */
function isAllFinite(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isAllFinite);
}

/** How deep the brackets of JSON lie in each other. */
export function levelsOf(text: string): number {
  let [level, most] = [0, 0];
  for (const mark of marksOf(text)) {
    if (mark === "{" || mark === "[") level += 1;
    else if (mark === "}" || mark === "]") level -= 1;
    most = Math.max(most, level);
  }
  return most;
}

/** The brackets outside of quotes. */
function* marksOf(text: string): Iterable<string> {
  for (const [found] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/gs)) if (found.length === 1) yield found;
}

/** Pointers are made of all values once, in the order of the lines. */
function linesOf({ json, lines }: YamlValue): (pointer: string) => number {
  const byPointer = new Map<string, number>();
  const note = (value: unknown, pointer: string): void => {
    byPointer.set(pointer, lines[byPointer.size] ?? 1);
    if (typeof value !== "object" || value === null) return;
    for (const [name, inner] of Object.entries(value)) note(inner, `${pointer}/${escaped(name)}`);
  };
  note(JSON.parse(json), "");
  return (pointer) => {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
      const line = byPointer.get(at);
      if (line !== undefined) return line;
      if (at === "") return 1;
    }
  };
}
