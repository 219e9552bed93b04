/** Bounds of inputs that several rooms check. */
import * as z from "zod";
import type { Clock } from "./clock.ts";
import { utf8Bytes } from "./tokens.ts";

export const ID_PATTERN = /^[a-z0-9][a-z0-9._-]{0,127}$/;
export const ID_FORM =
  "must be 1 to 128 characters: lower-case letters, digits, '.', '_' or '-', starting with a letter or digit";
/** Of a mapper: `metadata.id` of its document. */
export const MAPPER_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const MAPPER_ID_FORM = "must be 1 to 128 letters, digits, '.', '_' or '-', starting with a letter or digit";
/** Most bytes (UTF-8) of a message or of instructions. */
export const MAX_TEXT_BYTES = 65_536;

export const textSchema = z
  .string()
  .refine((value) => utf8Bytes(value) <= MAX_TEXT_BYTES, `must be at most ${MAX_TEXT_BYTES} bytes of UTF-8`)
  // A store of UTF-8 could not give it back as it was.
  .refine((value) => value.isWellFormed(), "must not hold half of a surrogate pair");

export const MODEL_NAME_PATTERN = /^[^:\s]+:\S+$/;
export const MODEL_NAME_FORM = "must be `provider:model`";
export const modelNameSchema = z.string().regex(MODEL_NAME_PATTERN, MODEL_NAME_FORM).max(256);

export const toolName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, '_' or '-'");

export const functionSchema = <Type>() => z.custom<Type>((value) => typeof value === "function", "must be a function");

export const clockSchema = z.custom<Clock>(isClock, "must have the functions now() and at(at, wake)");

function isClock(value: unknown): boolean {
  const { now, at } = (value ?? {}) as Partial<Clock>;
  return typeof now === "function" && typeof at === "function";
}
