/** What goes into the rule engine, as numbers; the few values that are none follow as JSON. */
import { PersonaError } from "../../errors.ts";
import { VALUE } from "../../layout.ts";

type Kind = (typeof VALUE)[number];

const NULL = place("null");
const FALSE = place("false");
const TRUE = place("true");
const NUMBER = place("number");
const TEXT = place("text");
const JSON_TEXT = place("json");

/** Writes values in two numbers each. */
export class Packer {
  /** Of the last call of `context`. */
  rest: string | undefined;
  readonly #fields: readonly string[];
  readonly #words: ReadonlyMap<string, number>;

  /** Of a document's fields of the context, and the texts that it asks for. */
  constructor(fields: readonly string[], words: readonly string[]) {
    this.#fields = fields;
    this.#words = new Map(words.map((word, n) => [word, n]));
  }

  /** How many numbers a context is. */
  get length(): number {
    return this.#fields.length * 2;
  }

  /** Writes a context from this place of the array on. Throws `invalid_input` for what JSON cannot say. */
  context(context: Readonly<Record<string, unknown>> | undefined, numbers: Float64Array, from: number): void {
    const fields = this.#fields;
    let rest: unknown[] | undefined;
    this.rest = undefined;
    for (let n = 0; n < fields.length; n += 1) {
      const field = fields[n] as string;
      const value = context !== undefined && Object.hasOwn(context, field) ? context[field] : undefined;
      // The two that most values are.
      const word = typeof value === "string" ? this.#words.get(value) : undefined;
      if (word !== undefined) {
        numbers[from + 2 * n] = TEXT;
        numbers[from + 2 * n + 1] = word;
        continue;
      }
      const kind = this.kindOf(value, field);
      numbers[from + 2 * n] = kind;
      numbers[from + 2 * n + 1] = kind === NUMBER ? (value as number) : 0;
      if (kind === JSON_TEXT) {
        rest ??= [];
        rest.push(value);
      }
    }
    if (rest !== undefined) this.rest = jsonOf(rest, "context");
  }

  /** Place of what a value is in `VALUE`. */
  kindOf(value: unknown, field: string): number {
    switch (typeof value) {
      case "undefined":
        return 0;
      case "number":
        if (!Number.isFinite(value)) throw invalid(field, "must be a finite number");
        return NUMBER;
      case "boolean":
        return value ? TRUE : FALSE;
      case "string":
        return this.#words.has(value) ? TEXT : JSON_TEXT;
      case "object":
        return value === null ? NULL : JSON_TEXT;
      default:
        throw invalid(field, "must be a JSON value");
    }
  }

  payloadOf(kind: number, value: unknown): number {
    if (kind === NUMBER) return value as number;
    return kind === TEXT ? (this.#words.get(value as string) as number) : 0;
  }
}

/** The JSON of a value that a number does not stand for. */
export function restOf(kind: number, value: unknown, field: string): string | undefined {
  return kind === JSON_TEXT ? jsonOf(value, field) : undefined;
}

export function jsonOf(value: unknown, field: string): string {
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw invalid(field, "must be a JSON value", cause);
  }
  throw invalid(field, "must be a JSON value");
}

export function invalid(field: string, message: string, cause?: unknown): PersonaError {
  return new PersonaError("invalid_input", `${field} ${message}`, { fields: [{ field, message }], cause });
}

function place(kind: Kind): number {
  return VALUE.indexOf(kind);
}
