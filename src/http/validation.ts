/** Validation of requests by their zod schemas: every broken field is named in one answer. */
import type { FastifyRequest, FastifySchemaCompiler } from "fastify";
import * as z from "zod";
import { compiledWhenBusy } from "../compiled-schema.ts";
import { type FieldFault, PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import { wireName } from "./wire/names.ts";

/** In the order in which fastify checks them; it stops at the first part that is broken. */
const PARTS = [
  ["params", "params"],
  ["body", "body"],
  ["querystring", "query"],
  ["headers", "headers"],
] as const;

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema: given, httpPart }) => {
  const ofHeaders = httpPart === "headers" && given instanceof z.ZodObject;
  // Fastify puts what is given back over the headers that came: those that nobody asks for need no copy.
  const schema = compiledWhenBusy(ofHeaders ? z.object(given.shape) : given);
  const names = ofHeaders ? Object.keys(given.shape) : [];
  return (input: unknown) => {
    const result = schema().safeParse(input);
    if (!result.success) return { error: invalidInput(faultsOf(result.error, `${httpPart}`)) };
    // Over what it was given back it would lay them anew each time that somebody looks at one.
    if (ofHeaders && names.every((name) => isSame(name, result.data, input))) return {};
    return { value: result.data };
  };
};

function isSame(name: string, one: unknown, other: unknown): boolean {
  return (one as Record<string, unknown>)[name] === (other as Record<string, unknown>)[name];
}

/** For bodies that the library checks: once, and with what it knows beside them. */
export const bodiesLater: FastifySchemaCompiler<z.ZodType> = (route) =>
  route.httpPart === "body" ? (value: unknown) => ({ value }) : validatorCompiler(route);

/** The faults of the part that fastify stopped at, and those of the parts that it did not look at any more. */
export function invalidRequest(first: PersonaError, context: string, request: FastifyRequest): PersonaError {
  const stopped = PARTS.findIndex(([part]) => part === context);
  const faults = PARTS.slice(stopped + 1).flatMap(([part, property]) => {
    const validate = request.getValidationFunction(part);
    const result: unknown = validate?.(request[property]);
    return (result as { error?: PersonaError } | undefined)?.error?.fields ?? [];
  });
  return faults.length === 0 ? first : invalidInput([...first.fields, ...faults]);
}

/** What only the runtime could find wrong, such as an id of something else: `replyTo` is `reply_to` here. */
export function faultsInWireNames({ fields }: PersonaError): PersonaError {
  return invalidInput(fields.map(({ field, message }) => ({ field: wireName(field), message })));
}

function invalidInput(fields: readonly FieldFault[]): PersonaError {
  return new PersonaError("invalid_input", describeFaults(fields), { fields });
}
