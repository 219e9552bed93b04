/** From the text of a mapper to rules that run, or to every fault with its line. */
import { type FieldFault, PersonaError } from "../errors.ts";
import { MAPPER_ID_FORM, MAPPER_ID_PATTERN } from "../inputs.ts";
import type { MapperRow } from "../store/mapping/port.ts";
import { invalidMapper, MAX_DOCUMENT_BYTES, readDocument } from "./document.ts";
import { type CompiledMapper, compileMapper } from "./engine.ts";
import { learningFaults } from "./learning/settings.ts";

export interface MapperBounds {
  /** Bytes of the text of a document. Default 1 MiB. */
  readonly documentBytes?: number | undefined;
  /** Rules of a document. Default 20 000. */
  readonly rules?: number | undefined;
}

export interface CheckedMapper {
  /** Compact. */
  readonly json: string;
  readonly document: MapperDocument;
  readonly compiled: CompiledMapper;
}

/** What others than the rule engine read in a document that is valid. */
export interface MapperDocument {
  readonly metadata: {
    readonly id: string;
    readonly version: string | number;
    readonly name?: unknown;
    readonly default_ttl_hours?: number;
  };
  readonly feedback_settings?: unknown;
  readonly [other: string]: unknown;
}

/**
 * Takes the text of a document, YAML or JSON, or what it says. Throws `invalid_mapper` with every fault; of a text with
 * the line.
 */
export async function checkMapper(input: unknown, bounds: MapperBounds = {}): Promise<CheckedMapper> {
  const { documentBytes = MAX_DOCUMENT_BYTES, rules } = bounds;
  const isText = typeof input === "string";
  const text = await readDocument(isText ? input : asText(input), documentBytes);
  // Quotes, and what aliases stand for, make JSON longer than its text; the text was bounded.
  const limits = { bytes: text.json.length * 3, ...(rules === undefined ? {} : { rules }) };
  const { compiled, faults } = compiledFrom(text.json, limits);
  const document: MapperDocument = JSON.parse(text.json);
  const all = [...faults, ...furtherFaults(document, faults)];
  if (compiled !== undefined && all.length + text.faults.length === 0) return { json: text.json, document, compiled };
  if (!isText) throw invalidMapper(all);
  // Of what its text does not say nobody knows whether it would be right.
  const unread = new Set(text.faults.filter(({ code }) => code !== "syntax").map(({ field }) => field));
  const read = all.filter(({ field }) => !unread.has(field));
  const lines = text.lines(read.map(({ field }) => field));
  throw invalidMapper([...text.faults, ...read.map((fault, place): FieldFault => ({ ...fault, line: lines[place] }))]);
}

function compiledFrom(
  json: string,
  limits: Parameters<typeof compileMapper>[1],
): { readonly compiled?: CompiledMapper; readonly faults: readonly FieldFault[] } {
  try {
    return { compiled: compileMapper(json, limits), faults: [] };
  } catch (error) {
    if (!(error instanceof PersonaError) || error.code !== "invalid_mapper") throw error;
    return { faults: error.fields };
  }
}

/** What the rule engine leaves to others; of settings it knows some, and what it has said of one is not said again. */
function furtherFaults(document: Partial<MapperDocument> | null, found: readonly FieldFault[]): readonly FieldFault[] {
  const { metadata, feedback_settings } = document ?? {};
  const known = new Set(found.map(({ field }) => field));
  const faults = known.has("/feedback_settings")
    ? []
    : learningFaults(feedback_settings)
        .map(({ field, message }): FieldFault => ({ field: pointerOf(field), code: "wrong_setting", message }))
        .filter(({ field }) => !known.has(field));
  const id: unknown = metadata?.id;
  if (typeof id !== "string" || MAPPER_ID_PATTERN.test(id)) return faults;
  return [{ field: "/metadata/id", code: "wrong_id", message: MAPPER_ID_FORM }, ...faults];
}

/** `min_weight` as a JSON pointer. */
const pointerOf = (field: string): string => `/feedback_settings/${field}`;

type Stored = Pick<MapperRow, "id" | "version" | "document">;

/** What was stored before, as rules that run. Throws `mapper_damaged`. */
export function compileStored(row: Stored): CompiledMapper {
  // It was within the bounds of its day.
  const limits = { bytes: row.document.length * 3, rules: Number.MAX_SAFE_INTEGER };
  return undamaged(row, () => compileMapper(row.document, limits));
}

/** Throws `mapper_damaged`. */
export function storedDocument(row: Stored): MapperDocument {
  return undamaged(row, () => JSON.parse(row.document));
}

function undamaged<Result>({ id, version }: Stored, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    const message = `What is stored as version ${version} of the mapper "${id}" cannot be read; put another version.`;
    throw new PersonaError("mapper_damaged", message, { cause });
  }
}

/** Of all that was learned, what a version has rules for. */
export function weightsOfRules(
  { ruleIds }: CompiledMapper,
  weights: Readonly<Record<string, number>>,
): Record<string, number> {
  const known = new Set(ruleIds);
  return Object.fromEntries(Object.entries(weights).filter(([rule]) => known.has(rule)));
}

/** The weights that the document says. */
export function authoredWeights(compiled: CompiledMapper): Record<string, number> {
  return Object.fromEntries(compiled.ruleIds.map((rule) => [rule, compiled.weight(rule)]));
}

function asText(input: unknown): string {
  try {
    const text: unknown = JSON.stringify(input);
    if (typeof text === "string") return text;
  } catch {
    // A circle, or a number that JSON has no form for.
  }
  throw invalidMapper([{ field: "", code: "wrong_type", message: "must be a document: a text, or an object of JSON" }]);
}
