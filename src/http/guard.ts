import type { FastifyRequest } from "fastify";
import { PersonaError } from "../errors.ts";
import { isLoopbackHost } from "./loopback.ts";

/**
 * Turns web pages away. A page of a foreign site reaches loopback in two ways: its own name can
 * resolve to 127.0.0.1 (DNS rebinding; the Host header then says that name), or it can simply call
 * `http://127.0.0.1` (the browser then names the page in Origin).
 */
export function guardAgainstForeignPages(request: FastifyRequest, _: unknown, done: (error?: Error) => void): void {
  done(whatIsForeign(request));
}

function whatIsForeign({ headers }: FastifyRequest): PersonaError | undefined {
  const { host = "", origin } = headers;
  if (!isLoopbackHost(host)) {
    return new PersonaError("foreign_host", "Call this server as localhost, 127.0.0.1 or [::1].");
  }
  if (origin !== undefined && origin !== `http://${host.toLowerCase()}`) {
    return new PersonaError("foreign_origin", "Only pages that this server itself delivered may call it.");
  }
  return undefined;
}
