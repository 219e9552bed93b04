/** Errors as they stand in a recording, with what decides how they are taken, and without headers and bodies. */
import { ERRORS, type ErrorCode, PersonaError } from "../errors.ts";

interface Packed {
  readonly name?: string;
  readonly message?: string;
  /** Of a `PersonaError`. */
  readonly coded?: ErrorCode;
  readonly retryAfterMs?: number;
  /** Of what a provider or the network says. */
  readonly code?: string;
  readonly statusCode?: number;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly cause?: Packed;
}

const MAX_DEPTH = 8;
/** What a provider says of when to come back; every other header may hold anything. */
const KEPT_HEADERS = ["retry-after", "retry-after-ms", "date"];

export function packError(error: unknown, redact: (text: string) => string, depth = 0): Packed {
  if (typeof error !== "object" || error === null) return { message: redact(String(error)) };
  const { name, message, code, statusCode, responseHeaders, cause } = error as Record<string, unknown>;
  const packed = {
    ...(typeof name === "string" && { name }),
    ...(typeof message === "string" && { message: redact(message) }),
    ...(error instanceof PersonaError
      ? { coded: error.code, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }) }
      : typeof code === "string" && { code }),
    ...(typeof statusCode === "number" && { statusCode }),
    ...(typeof responseHeaders === "object" && responseHeaders !== null && { responseHeaders: kept(responseHeaders) }),
  };
  if (cause === undefined || depth === MAX_DEPTH) return packed;
  return { ...packed, cause: packError(cause, redact, depth + 1) };
}

export function unpackError(packed: unknown): Error {
  const { coded, name = "Error", message = "", cause, retryAfterMs, ...told } = (packed ?? {}) as Packed;
  const options = cause === undefined ? {} : { cause: unpackError(cause) };
  if (coded !== undefined && coded in ERRORS) {
    return new PersonaError(coded, message, { ...options, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }
  const error = new Error(message, options);
  error.name = name;
  return Object.assign(error, told);
}

function kept(headers: object): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => KEPT_HEADERS.includes(name.toLowerCase()));
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}
