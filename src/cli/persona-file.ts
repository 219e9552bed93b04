/** Personas in a file, as JSON or TOML. */
import * as z from "zod";
import { PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import { inLibraryNames, wireName } from "../http/wire/names.ts";
import { JsonFault, readJson } from "../json.ts";
import { definitionSchema } from "../runtime/settings.ts";
import { isTable, type Place, readToml, TomlFault, type TomlPath } from "../toml.ts";
import type { PersonaDefinition } from "../types.ts";
import { readInput } from "./input.ts";

const personasSchema = z
  .array(definitionSchema.omit({ cognition: true }), "must be a list of personas")
  .superRefine((personas, context) => {
    const seen = new Set<string>();
    for (const [index, { id }] of personas.entries()) {
      if (seen.has(id)) context.addIssue({ code: "custom", path: [index, "id"], message: `"${id}" stands here twice` });
      seen.add(id);
    }
  });

/**
 * All personas of a file (`-`: of the input): one, a list, or a list named `personas`. Settings may be named
 * `max_queued` or `maxQueued`. Throws `invalid_input` naming every broken field with its line.
 */
export async function readPersonas(file: string): Promise<readonly PersonaDefinition[]> {
  const { name, text } = await readInput(file, "personas");
  const { value, placeOf } = parsed(text, name);
  const { list, pathOf } = listed(value);
  const result = personasSchema.safeParse(Array.isArray(list) ? list.map(inOurNames) : list);
  if (result.success) return result.data as PersonaDefinition[];
  const fields = result.error.issues.flatMap((issue) => {
    const { path } = issue as { readonly path: TomlPath };
    return faultsOf({ issues: [issue] }, "personas").map(({ field, message }, at) => {
      const steps = issue.code === "unrecognized_keys" ? [...path, issue.keys[at] ?? ""] : path;
      return { field, message: `${message}${placeOf(pathOf(steps))}` };
    });
  });
  throw new PersonaError("invalid_input", `${name} is not valid. ${describeFaults(fields)}`, { fields });
}

/** The personas of a file, and where one of their fields stands in it. */
function listed(value: unknown): { readonly list: unknown; pathOf(steps: TomlPath): TomlPath } {
  if (!isTable(value)) return { list: value, pathOf: (steps) => steps };
  const { personas } = value;
  if (personas !== undefined) return { list: personas, pathOf: (steps) => ["personas", ...steps] };
  return { list: [value], pathOf: (steps) => steps.slice(1) };
}

interface Parsed {
  readonly value: unknown;
  /** ` (line 3, column 1)`. */
  placeOf(path: TomlPath): string;
}

/** What begins like a table, a key or a comment is TOML. */
const TOML = /^\uFEFF?\s*(?:#|[A-Za-z_]|\[\s*[A-Za-z_[])/;

function parsed(text: string, name: string): Parsed {
  if (/^\uFEFF?\s*$/.test(text)) {
    throw new PersonaError("invalid_input", `${name} is empty; write personas as JSON or TOML into it.`);
  }
  const isToml = TOML.test(text);
  try {
    const { value, placeOf } = isToml ? readToml(text) : readJson(text);
    return { value, placeOf: (path) => inWords(later(placeOf(path), placeOf(path.map(wireStep)))) };
  } catch (cause) {
    if (!(cause instanceof TomlFault || cause instanceof JsonFault)) throw cause;
    const { place, message } = cause;
    const reason = `${isToml ? "TOML" : "JSON"}${inWords(place)}: ${message}`;
    throw new PersonaError("invalid_input", `${name} is not ${reason}.`, { cause });
  }
}

/** The settings as the library names them; what is no persona at all is left for the check to find. */
function inOurNames(persona: unknown): unknown {
  if (!isTable(persona)) return persona;
  const { mapper_id: mapperId, ...others } = persona;
  const named = mapperId === undefined ? others : { mapperId, ...others };
  return isTable(others["settings"]) ? { ...named, settings: inLibraryNames(others["settings"]) } : named;
}

const wireStep = (step: string | number) => (typeof step === "string" ? wireName(step) : step);

/** Of the place of a field and that of what it would stand in, the field's. */
function later(one: Place, other: Place): Place {
  return one.line > other.line || (one.line === other.line && one.column > other.column) ? one : other;
}

function inWords({ line, column }: Place): string {
  return ` (line ${line}, column ${column})`;
}
