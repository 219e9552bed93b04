/** JSON of other people: any shape, within bounds. */
import * as z from "zod";
import { utf8Bytes } from "../tokens.ts";

export interface JsonBounds {
  /** Of the text that it is as JSON. */
  readonly bytes: number;
  /** Objects and lists inside of each other. */
  readonly depth: number;
  /** Fields of objects and places of lists, all together. */
  readonly fields: number;
}

/** Anything that JSON can say and give back unchanged. */
export const boundedJson = (bounds: JsonBounds) => bounded(z.unknown(), bounds);

/** The same, and an object. */
export function boundedObject(bounds: JsonBounds): z.ZodType<Readonly<Record<string, unknown>>> {
  // Not a record: that would take a copy of each, and leave `__proto__` out of it without a word.
  const table = z.custom<Readonly<Record<string, unknown>>>(isTable, "must be an object");
  return bounded(table, bounds);
}

function bounded<Schema extends z.ZodType>(schema: Schema, bounds: JsonBounds): Schema {
  return schema.superRefine((value, { addIssue }) => {
    const fault = faultOf(value, bounds);
    if (fault !== undefined) addIssue({ code: "custom", path: [...fault.path], message: fault.message });
  });
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The first thing that is wrong. Nothing is written down before it is known to be small. */
function faultOf(root: unknown, { bytes, depth, fields }: JsonBounds): Fault | undefined {
  let left = fields;
  const open: { readonly value: unknown; readonly path: readonly PropertyKey[] }[] = [{ value: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    const wrong = scalarFault(value);
    if (wrong !== undefined) return { path, message: wrong };
    if (typeof value !== "object" || value === null) continue;
    if (path.length >= depth) return { path, message: `must not be nested deeper than ${depth} levels` };
    const entries: [PropertyKey, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    left -= entries.length;
    if (left < 0) return { path: [], message: `must have at most ${fields} fields, all levels together` };
    for (const [key, inner] of entries.reverse()) {
      if (key === "__proto__") return { path: [...path, key], message: "is no name that can be kept" };
      if (typeof key === "string" && !key.isWellFormed()) return { path, message: HALF };
      open.push({ value: inner, path: [...path, key] });
    }
  }
  if (utf8Bytes(JSON.stringify(root) ?? "") <= bytes) return undefined;
  return { path: [], message: `must be at most ${bytes} bytes of JSON` };
}

function scalarFault(value: unknown): string | undefined {
  if (value === null || typeof value === "boolean" || isTable(value) || Array.isArray(value)) return undefined;
  if (typeof value === "string") return value.isWellFormed() ? undefined : HALF;
  if (value === undefined) return "must be given, or left out with its name";
  if (typeof value !== "number") return "must be something that JSON can say";
  return Number.isFinite(value) ? undefined : "must be a finite number";
}

const HALF = "must not hold half of a surrogate pair";

/** Not a Date, a Map or whatever else would become something else as JSON. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
