/** How deep a mapper document may be, and how many of its faults are told. */
import type { FieldFault } from "../errors.ts";

/** Conditions may lie 32 deep, which takes two levels each; everything else is shallow. */
export const MAX_LEVELS = 100;

/** More faults would help nobody. */
export const MAX_FAULTS = 100;

export function tooDeep(field: string, line?: number): FieldFault {
  return { field, code: "too_deep", message: `a document may be ${MAX_LEVELS} levels deep`, line };
}
