/** Checks what may become an entry, and makes the entry of it. */
import type * as z from "zod";
import type { ErrorCode, FieldFault } from "../errors.ts";
import { faultsOf } from "../faults.ts";
import {
  type EntryKind,
  type EntryOf,
  type EntrySource,
  personaSchema,
  roleSchema,
  SERVER_OWNED,
  sequenceSchema,
} from "./schema.ts";

/** An entry without what the server sets: what is stored. */
export type Body<Kind extends EntryKind = EntryKind> = Omit<EntryOf[Kind], (typeof SERVER_OWNED)[number] | "voice">;

export interface ServerOwned {
  readonly version: number;
  readonly source: EntrySource;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface Checked<Kind extends EntryKind> {
  /** Undefined if there are faults. */
  readonly body: Body<Kind> | undefined;
  /** Of what the server sets, what the input said. */
  readonly said: Partial<ServerOwned>;
  /** What it refers to, as far as that can be read. */
  readonly references: readonly Reference[];
  readonly faults: readonly FieldFault[];
}

export interface Reference {
  readonly field: "default_role" | "default_sequence";
  readonly kind: "role" | "sequence";
  readonly id: string;
}

interface Form {
  readonly schema: z.ZodType;
  readonly table: "personas" | "roles" | "sequences";
  readonly invalid: ErrorCode;
  readonly missing: ErrorCode;
}

/** What differs between the kinds, apart from their fields. */
export const FORMS: Readonly<Record<EntryKind, Form>> = {
  persona: { schema: personaSchema, table: "personas", invalid: "invalid_persona", missing: "persona_not_found" },
  role: { schema: roleSchema, table: "roles", invalid: "invalid_role", missing: "role_not_found" },
  sequence: { schema: sequenceSchema, table: "sequences", invalid: "invalid_sequence", missing: "sequence_not_found" },
};

/** Names every broken field; never throws. */
export function checkEntry<Kind extends EntryKind>(kind: Kind, input: unknown): Checked<Kind> {
  const result = FORMS[kind].schema.safeParse(input);
  const faults = [...(result.success ? [] : faultsOf(result.error, kind)), ...droppedKeys(input)];
  const fields: unknown = result.success ? result.data : input;
  return {
    body: faults.length === 0 ? (bodyOf(fields as Fields) as Body<Kind>) : undefined,
    said: saidBy(fields),
    references: kind === "persona" ? referencesOf(fields) : [],
    faults,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function saidBy(fields: unknown): Partial<ServerOwned> {
  const said: Record<string, unknown> = {};
  for (const name of SERVER_OWNED) if (hasOwn(fields, name)) said[name] = fields[name];
  return said;
}

/** What an entry, or what shall become one, refers to. */
export function referencesOf(persona: unknown): readonly Reference[] {
  const references: Reference[] = [];
  for (const [field, kind] of REFERENCES) {
    const id = hasOwn(persona, field) ? persona[field] : undefined;
    if (typeof id === "string") references.push({ field, kind, id });
  }
  return references;
}

const REFERENCES = [
  ["default_role", "role"],
  ["default_sequence", "sequence"],
] as const;

/** Complete, deeply frozen. */
export function entryOf<Kind extends EntryKind>(kind: Kind, body: Body<Kind>, owned: ServerOwned): EntryOf[Kind] {
  const voice = kind === "persona" ? (body as Body<"persona">).voice_model?.voice_id : undefined;
  return deepFreeze({ ...body, ...(voice === undefined ? {} : { voice }), ...owned }) as unknown as EntryOf[Kind];
}

/** `voice` is another name, and what the server sets is kept beside. What is loaded has neither, which saves a copy. */
function bodyOf(fields: Fields): object {
  if (!NOT_KEPT.some((name) => Object.hasOwn(fields, name))) return fields;
  const { voice, version, source, created_at, updated_at, ...body } = fields;
  if (voice === undefined) return body;
  return { ...body, voice_model: { voice_id: voice, ...(body["voice_model"] as object | undefined) } };
}

const NOT_KEPT = ["voice", ...SERVER_OWNED] as const;

/** The schema leaves `__proto__` out of a table with chosen names without a word. */
function droppedKeys(input: unknown): readonly FieldFault[] {
  if (!hasOwn(input, "metadata") || !hasOwn(input["metadata"], "__proto__")) return [];
  return [{ field: "metadata.__proto__", message: "is no name that can be kept" }];
}

function hasOwn<Name extends string>(value: unknown, name: Name): value is Readonly<Record<Name, unknown>> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
