/** What a schema found wrong with an input, field by field. */
import type * as z from "zod";
import type { FieldFault } from "./errors.ts";

/** One for each broken field; a fault of the input as a whole is one of the field `whole`. */
export function faultsOf(error: Pick<z.core.$ZodError, "issues">, whole: string): FieldFault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [{ field: fieldName(issue.path) || whole, message: issue.message }];
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), message: "is no known field" }));
  });
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
