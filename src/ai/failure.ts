/**
 * What a call that gave no answer says: about the provider, and about the items of the turn.
 *
 * | what came | the breaker | the items | the next model is tried |
 * |---|---|---|---|
 * | 429, or 503 and 529 with Retry-After | throttle | wait, not blamed | yes |
 * | no connection; 401, 402, 403 (a wrong key fails everybody), 408, 502, 503, 504, 529 | failure | wait, not blamed | yes |
 * | 500 and other 5xx; a stream that breaks, is malformed, or has no end | failure | blamed | yes |
 * | 404 (there is no such model) | nothing | blamed | yes |
 * | other 4xx: the request is to blame | nothing | blamed | no |
 * | nothing until the deadline | failure | blamed | no |
 * | the turn was called off otherwise, or cut off while it was speaking | nothing | – | no |
 */
import { PersonaError } from "../errors.ts";
import type { Redact } from "./redact.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface Failure {
  readonly error: PersonaError;
  readonly says: "failed" | "throttled" | "refused" | "cancelled";
  /** Whether another model may answer instead, as long as nothing was streamed. */
  readonly elsewhere: boolean;
  readonly status: number | undefined;
  /** When it was throttled: for how long, if the provider said so. */
  readonly afterMs: number | undefined;
}

const MAX_WORDS = 300;
const WITHOUT_BLAME = new Set([401, 402, 403, 408, 502, 503, 504, 529]);
const OVERLOADED = new Set([503, 529]);

/** What the AI SDK's errors have, as far as it matters here. */
interface Told {
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  readonly code?: unknown;
}

/** How the call went that failed; `hasBegun`: something of an answer has come. */
interface Course {
  readonly redact: Redact;
  readonly now: number;
  readonly hasBegun: boolean;
}

/** `model` is its full name. */
export function failureOf(cause: unknown, model: string, course: Course): Failure {
  const { redact, now } = course;
  const coded = codedIn(cause);
  if (coded !== undefined) return ours(coded, model);
  const told = toldBy(cause);
  const status = typeof told.statusCode === "number" ? told.statusCode : undefined;
  if (status === undefined || status < 400) return broken(told, status, model, course);
  const words = redact(typeof told.message === "string" ? told.message : "").slice(0, MAX_WORDS);
  const answered = `${model} answered ${status}${words === "" ? "" : `: ${words}`}`;
  const afterMs = retryAfterMs(told.responseHeaders ?? {}, now);
  if (status === 429 || (OVERLOADED.has(status) && afterMs !== undefined)) {
    const error = new PersonaError("provider_throttled", answered);
    return { error, says: "throttled", elsewhere: true, status, afterMs };
  }
  if (WITHOUT_BLAME.has(status)) {
    const error = new PersonaError("provider_unavailable", answered);
    return { error, says: "failed", elsewhere: true, status, afterMs: undefined };
  }
  const error = new PersonaError("provider_failed", answered);
  const isTheirs = status >= 500;
  return {
    error,
    says: isTheirs ? "failed" : "refused",
    elsewhere: isTheirs || status === 404,
    status,
    afterMs: undefined,
  };
}

/** Errors say it themselves; what a provider says within a stream is an object of its own making. */
function toldBy(cause: unknown): Told {
  if (typeof cause !== "object" || cause === null) return {};
  if (cause instanceof Error) return cause;
  const outer = cause as Streamed;
  const inner = typeof outer.error === "object" && outer.error !== null ? (outer.error as Streamed) : outer;
  const statusCode = [inner, outer]
    .flatMap(({ statusCode, status_code, status, code }) => [statusCode, status_code, status, code])
    .map((value) => (typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value))
    .find((value) => typeof value === "number" && value >= 400 && value <= 599);
  const words = typeof inner.message === "string" ? inner.message.trim().toLowerCase() : "";
  return { message: inner.message, statusCode: statusCode ?? SAID_IN_WORDS[words] };
}

interface Streamed {
  readonly message?: unknown;
  readonly error?: unknown;
  readonly statusCode?: unknown;
  readonly status_code?: unknown;
  readonly status?: unknown;
  readonly code?: unknown;
}

/** Within a stream providers have only these words for what a status would say. */
const SAID_IN_WORDS: Readonly<Record<string, number>> = {
  overloaded: 503,
  "overloaded error": 503,
  "model overloaded": 503,
  "service unavailable": 503,
  "internal server error": 500,
};

/** The turn was aborted: at its deadline, when nothing had come of a call that had gone out (`isHung`), or otherwise. */
export function cancelled(reason: unknown, model: string, isHung: boolean): Failure {
  const error =
    reason instanceof PersonaError ? reason : new PersonaError("cognition_failed", `${model} was called off`);
  const isTheirs = error.code === "cognition_timeout" && isHung;
  return { error, says: isTheirs ? "failed" : "cancelled", elsewhere: false, status: undefined, afterMs: undefined };
}

/** What we found wrong with an answer (its form, its length) or with the address; or what a budget has against the call. */
function ours(error: PersonaError, model: string): Failure {
  const same = { status: undefined, afterMs: undefined };
  if (error.code === "provider_failed") return { ...same, error, says: "failed", elsewhere: true };
  if (error.code === "cognition_invalid") return { ...same, error, says: "failed", elsewhere: false };
  if (error.code !== "url_refused") return { ...same, error, says: "refused", elsewhere: false };
  const message = `${model} cannot be reached: ${error.message}`;
  const unreachable = new PersonaError("provider_unavailable", message);
  return { ...same, error: unreachable, says: "failed", elsewhere: true };
}

/** The AI SDK wraps what the wire threw. */
function codedIn(cause: unknown): PersonaError | undefined {
  let current: unknown = cause;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if (current instanceof PersonaError) return current;
    current = current.cause;
  }
  return undefined;
}

function broken(told: Told, status: number | undefined, model: string, { redact, hasBegun }: Course): Failure {
  const code = networkCode(told);
  const same = { says: "failed", elsewhere: true, status, afterMs: undefined } as const;
  if (status === undefined && code !== undefined && !hasBegun) {
    const message = `${model} cannot be reached (${code})`;
    return { ...same, error: new PersonaError("provider_unavailable", message) };
  }
  const words = typeof told.message === "string" ? redact(told.message).slice(0, MAX_WORDS) : "";
  const why = code ?? words;
  return {
    ...same,
    error: new PersonaError("provider_failed", `The answer of ${model} broke off or cannot be read (${why})`),
  };
}

/** `ECONNREFUSED`, from whatever depth. */
function networkCode(told: Told): string | undefined {
  let current: unknown = told;
  for (let depth = 0; depth < 8 && typeof current === "object" && current !== null; depth += 1) {
    const { code, cause } = current as Told;
    if (typeof code === "string" && /^(?:E[A-Z]{3,}|UND_ERR_|CERT_|ERR_TLS|DEPTH_|SELF_SIGNED|UNABLE_TO)/.test(code))
      return code;
    current = cause;
  }
  return undefined;
}
