/** The log: JSON lines that say what happened to which request, and hold nothing that somebody sent or may not read. */
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from "fastify";
import * as z from "zod";
import { pathOf } from "./not-found.ts";

export const logOptionsSchema = z.strictObject({
  level: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("warn"),
});

export interface LogOptions extends z.input<typeof logOptionsSchema> {
  /** Where the lines go. Default: stderr. */
  readonly stream?: { write(line: string): void };
}

export function loggerOf({
  level = "warn",
  stream = process.stderr,
}: LogOptions = {}): NonNullable<FastifyServerOptions["logger"]> {
  return {
    level,
    stream,
    // No headers, no query and no body at all.
    serializers: {
      req: (request: FastifyRequest) => ({
        method: request.method,
        url: pathOf(request),
        remoteAddress: request.ip,
      }),
      res: (reply) => {
        const { tenant, key } = (reply as FastifyReply).request?.identity ?? {};
        return { statusCode: reply.statusCode, tenant, key };
      },
      err: (error) => errorOf(error),
      error: (error: unknown) => (error instanceof Error ? errorOf(error) : undefined),
    },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: REDACTED },
    // And for what stands in the middle of a text, such as the message of somebody else's error.
    hooks: { streamWrite: (line: string) => line.replace(TOKENS, REDACTED) },
  };
}

const REDACTED = "[redacted]";

const SECRETS = [
  "authorization",
  "cookie",
  "secret",
  "password",
  "token",
  "apiKey",
  "api_key",
  '["x-api-key"]',
  '["set-cookie"]',
  '["proxy-authorization"]',
  '["sec-websocket-protocol"]',
];

/** Our keys, JSON Web Tokens, keys of providers, and whatever follows `Bearer`. */
const TOKENS =
  /\bpr_[0-9a-f]{32}_[\w-]+|\beyJ[\w-]{8,}(?:\.[\w-]*)+|\bsk-[\w-]{16,}|(?<=\b(?:bearer|basic)[ .])[\w.~+/=-]{8,}/gi;

/** Only what errors say of themselves: clients of HTTP put requests and answers into theirs, with headers and texts. */
function errorOf(error: Error, depth = 0) {
  const { name, message, stack = "", cause, code } = error as NodeJS.ErrnoException;
  const because: object = cause instanceof Error && depth < 3 ? { cause: errorOf(cause, depth + 1) } : {};
  return { type: name, code, message, stack, ...because };
}
