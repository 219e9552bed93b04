/** What a schema found wrong with an input, field by field. */

import type * as z from "zod";
import { counted } from "./counted.ts";
import { type FieldFault, PersonaError } from "./errors.ts";

/** More would help nobody, and an input of unknown fields only would be answered with more than was sent. */
const MAX_FAULTS = 100;

/** One for each broken field; a fault of the input as a whole is one of the field `whole`. */
export function faultsOf(error: Pick<z.core.$ZodError, "issues">, whole: string): FieldFault[] {
  const faults = error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), message: "is no known field" }));
    }
    // Of a name that is wrong the schema of names says why.
    const message = (issue.code === "invalid_key" ? issue.issues[0]?.message : undefined) ?? issue.message;
    return [{ field: fieldName(issue.path) || whole, message }];
  });
  const more = faults.length - MAX_FAULTS;
  if (more <= 0) return faults;
  return [...faults.slice(0, MAX_FAULTS), { field: whole, message: `has ${counted(more, "more fault")}` }];
}

/** `members[0].id` */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === "number") return `${name}[${step}]`;
    return name === "" ? String(step) : `${name}.${String(step)}`;
  }, "");
}

/** `name: must not be blank; settings.maxQueued: …` */
export function describeFaults(faults: readonly FieldFault[]): string {
  return faults.map(({ field, message }) => `${field}: ${message}`).join("; ");
}

/** Runs a schema; throws `invalid_input` with every fault, as `what.path[0].to`. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw invalidInput(what, faultsOf(result.error, what));
}

export function invalidInput(what: string, fields: readonly FieldFault[]): PersonaError {
  const are = what.endsWith("s") ? "are" : "is";
  return new PersonaError("invalid_input", `The ${what} ${are} not valid. ${describeFaults(fields)}`, { fields });
}
