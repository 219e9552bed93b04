/** Failures on the wire: problem details as in RFC 9457, one shape for all of them. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { ENTRY_KINDS } from "../catalogue/schema.ts";
import { ERRORS, type ErrorCode, PersonaError } from "../errors.ts";
import { pathOf } from "./not-found.ts";
import { faultsInWireNames, invalidRequest } from "./validation.ts";
import { wire } from "./wire/registry.ts";

export const problemSchema = z
  .strictObject({
    type: z.string().register(wire, { description: "`urn:persona-runtime:problem:` and the code" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().register(wire, { description: "What is wrong, and what would be right" }),
    instance: z.string().optional().register(wire, { description: "The path that was called" }),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode]),
    fields: z
      .array(
        z.strictObject({
          field: z.string().register(wire, { description: "In a mapper's document a JSON pointer; empty: the whole" }),
          message: z.string(),
          code: z.string().optional().register(wire, { description: "In a mapper's document: what is wrong" }),
          line: z.int().optional().register(wire, { description: "In a mapper's document that was sent as text" }),
        }),
      )
      .optional()
      .register(wire, { description: "Every broken field of the request" }),
    referrers: z
      .array(z.strictObject({ kind: z.enum(ENTRY_KINDS), id: z.string(), field: z.string() }))
      .optional()
      .register(wire, { description: "What refers to the entry that was to go, and by which field" }),
  })
  .register(wire, { id: "Problem" });

export const PROBLEM_TYPE = "application/problem+json";

/** The one error handler of the app. */
export function answerProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = asPersonaError(error, request);
  if (failure.code === "internal") request.log.error({ err: error }, "a request failed unexpectedly");
  // Each of many who wait when the server ends; a stack says nothing of that.
  else if (failure.code === "runtime_closed") request.log.info("a request was ended with the runtime");
  else if (failure.status >= 500) request.log.warn({ err: error }, "a request failed");
  if (failure.status === 401) reply.header("www-authenticate", 'Bearer realm="persona-runtime"');
  if (failure.retryAfterMs !== undefined) reply.header("retry-after", Math.ceil(failure.retryAfterMs / 1000));
  // A string: what a route declares as its response is not what is serialized here.
  return reply
    .code(failure.status)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemOf(failure, pathOf(request))));
}

/** What one of several messages got instead of an acceptance. */
export function problemOfOne(error: unknown, log: FastifyBaseLogger): Problem {
  if (error instanceof PersonaError && error.code !== "internal") {
    return problemOf(error.code === "invalid_input" ? faultsInWireNames(error) : error);
  }
  log.error({ err: error }, "a message failed unexpectedly");
  return problemOf(new PersonaError("internal", "", { cause: error }));
}

/** Answers what Node could not even parse as a request; there is no reply object yet. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const failure =
    MALFORMED[error.code ?? ""] ?? new PersonaError("malformed_request", "Send a request as in RFC 9112.");
  const body = JSON.stringify(problemOf(failure));
  const head = [
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}`,
    `content-type: ${PROBLEM_TYPE}; charset=utf-8`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  if (socket.writable) socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.destroy();
}

const MALFORMED: Readonly<Record<string, PersonaError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new PersonaError("request_timeout", "Send the whole request without long pauses."),
  HPE_HEADER_OVERFLOW: new PersonaError("headers_too_large", "Send at most 16 KiB of headers."),
};

type Problem = z.input<typeof problemSchema>;

function problemOf(failure: PersonaError, instance?: string): Problem {
  return {
    type: `urn:persona-runtime:problem:${failure.code}`,
    title: ERRORS[failure.code][1],
    status: failure.status,
    // A defect's own words are for the log; they may name files, rows or addresses.
    detail: failure.code === "internal" ? "The server's log says more." : failure.message,
    instance,
    code: failure.code,
    fields: failure.fields.length === 0 ? undefined : [...failure.fields],
    referrers: failure.referrers.length === 0 ? undefined : [...failure.referrers],
  };
}

function asPersonaError(error: FastifyError, request: FastifyRequest): PersonaError {
  const { validationContext } = error;
  if (error instanceof PersonaError) {
    if (validationContext !== undefined) return invalidRequest(error, validationContext, request);
    if (error.code !== "invalid_input" || error.fields.length === 0) return error;
    return request.routeOptions.config.readsDocuments === true ? error : faultsInWireNames(error);
  }
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new PersonaError("body_too_large", `Send at most ${request.routeOptions.bodyLimit} bytes.`);
  }
  const known = FASTIFY_ERRORS[error.code];
  if (known !== undefined) return new PersonaError(...known);
  const { statusCode = 500 } = error;
  if (statusCode >= 400 && statusCode < 500) return new PersonaError("malformed_request", error.message);
  return new PersonaError("internal", error.message, { cause: error });
}

const JSON_WANTED = "Send one JSON document in UTF-8, without __proto__ or constructor.prototype keys.";

const FASTIFY_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["unsupported_media_type", "Send JSON, and say so: content-type: application/json."],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["unparsable_body", `The body is empty. ${JSON_WANTED}`],
  FST_ERR_CTP_INVALID_JSON_BODY: ["unparsable_body", JSON_WANTED],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["unparsable_body", "The body is shorter or longer than its content-length."],
  FST_ERR_BAD_URL: ["malformed_request", "The path is not percent-encoded UTF-8."],
  FST_ERR_MAX_PARAM_LENGTH: ["route_not_found", "The path is longer than any id."],
};
