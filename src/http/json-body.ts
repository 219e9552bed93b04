import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { PersonaError } from "../errors.ts";
import { quoteId } from "../ids.ts";
import { repeatedName } from "../json-names.ts";

/** Most bytes of a request's body. */
export const MAX_BODY_BYTES = 262_144;

/**
 * Accepts `application/json` and nothing else: a form or a text/plain body is what a foreign page can
 * send without asking. Bytes that are not UTF-8 are refused, where decoding would quietly replace them.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  acceptJson(app, "application/json");
}

/** JSON Merge Patch (RFC 7396), for the routes of one plugin; they take `application/json` as the same. */
export function acceptMergePatch(app: FastifyInstance): void {
  acceptJson(app, MERGE_PATCH);
}

export const MERGE_PATCH = "application/merge-patch+json";

/**
 * Texts of documents, JSON or YAML, for the routes of one plugin: they are handed on as they came, for a reader that
 * knows the line of everything. Like JSON, YAML (RFC 9512) is nothing that a foreign page can send without asking.
 */
export function acceptDocumentTexts(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  for (const type of ["application/json", YAML]) {
    app.addContentTypeParser<Buffer>(type, { parseAs: "buffer" }, (request, body, done) => {
      const { "content-encoding": encoding = "identity" } = request.headers;
      if (encoding.toLowerCase() !== "identity") return done(packed());
      if (isUtf8(body)) return done(null, body.toString());
      done(new PersonaError("unparsable_body", "The body must be encoded as UTF-8."));
    });
  }
}

export const YAML = "application/yaml";

function packed(): PersonaError {
  return new PersonaError("unsupported_media_type", "Send the body as it is, without content-encoding.");
}

function acceptJson(app: FastifyInstance, type: string): void {
  const parse = jsonParser(app);
  const { bodyLimit = MAX_BODY_BYTES } = app.initialConfig;
  app.addContentTypeParser<Buffer>(type, { parseAs: "buffer" }, (request, body, done) => {
    const { "content-encoding": encoding = "identity" } = request.headers;
    // What is packed is not unpacked: a little of it can be more than there is memory.
    if (encoding.toLowerCase() !== "identity") return done(packed());
    // What a route takes beyond what others do is for long texts: much else would be long to take apart.
    if (body.length > bodyLimit && hasMoreBesideTexts(body, bodyLimit)) {
      return done(new PersonaError("body_too_large", `Send at most ${bodyLimit} bytes beside the texts.`));
    }
    if (isUtf8(body)) return parse(request, body.toString(), done);
    done(new PersonaError("unparsable_body", "The body must be encoded as UTF-8."));
  });
}

/** Fastify's, which refuses what poisons prototypes; and so is a name of which only one value would be seen. */
function jsonParser(app: FastifyInstance): (request: FastifyRequest, text: string, done: JsonParsed) => void {
  const parse = app.getDefaultJsonParser("error", "error");
  return (request, text, done) =>
    parse(request, text, (error, document) => {
      const repeated = error ? undefined : repeatedName(text, document);
      if (repeated === undefined) return done(error, document);
      const message = `The name ${quoteId(repeated)} stands twice in one object; give it once.`;
      done(new PersonaError("unparsable_body", message));
    });
}

type JsonParsed = (error: Error | null, document?: unknown) => void;

/** Reads what comes in a frame of a socket; throws `unparsable_body` for what is no JSON, or poisons prototypes. */
export function frameParser(app: FastifyInstance): (request: FastifyRequest) => (text: string) => unknown {
  const parse = jsonParser(app);
  return (request) => (text) => {
    const read: { failure: Error | null; document?: unknown } = { failure: null };
    // What is thrown in here Fastify would take for its own.
    parse(request, text, (failure, document) => {
      Object.assign(read, { failure, document });
    });
    const { failure, document } = read;
    if (failure === null) return document;
    throw failure instanceof PersonaError ? failure : new PersonaError("unparsable_body", "Send one JSON document.");
  };
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

function hasMoreBesideTexts(body: Buffer, most: number): boolean {
  let count = 0;
  let isText = false;
  for (let at = 0; at < body.length && count <= most; at += 1) {
    const byte = body[at];
    if (!isText) count += 1;
    if (byte === QUOTE) isText = !isText;
    else if (isText && byte === BACKSLASH) at += 1;
  }
  return count > most;
}
