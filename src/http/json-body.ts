import { isUtf8 } from "node:buffer";
import type { FastifyInstance } from "fastify";
import { PersonaError } from "../errors.ts";

/** Most bytes of a request's body. */
export const MAX_BODY_BYTES = 262_144;

/**
 * Accepts `application/json` and nothing else: a form or a text/plain body is what a foreign page can
 * send without asking. Bytes that are not UTF-8 are refused, where decoding would quietly replace them.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (isUtf8(body)) return parse(request, body.toString(), done);
    done(new PersonaError("unparsable_body", "The body must be encoded as UTF-8."));
  });
}
