import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Condition } from "../../catalogue/catalogue.ts";
import { PersonaError } from "../../errors.ts";
import { curationSchema } from "../../mapping/curation.ts";
import type { CurationInput } from "../../mapping/learning.ts";
import { type Mindscape, mindscapeSchema } from "../../mapping/mind-row.ts";
import { personOf } from "../access.ts";
import { acceptMergePatch, MERGE_PATCH } from "../json-body.ts";
import { matchesExactly, matchesRoughly, preconditionsOf } from "../preconditions.ts";
import { serializedAsMade } from "../serialization.ts";
import type { Services } from "../services.ts";
import { bodiesLater } from "../validation.ts";
import { readHeaders, replacementHeaders } from "../wire/catalogue.ts";
import { historyQuery, historySchema, mindscapeParams as params } from "../wire/mindscape.ts";
import { wire } from "../wire/registry.ts";

const config = { policy: "user" } as const;
const tags = ["mapping"];
const NOT_MODIFIED = z.undefined().register(wire, { description: "It is what is known already" });

export const mindscapes: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.setSerializerCompiler(serializedAsMade);

  app.get(
    "/v1/mindscapes/:person",
    {
      config,
      schema: {
        tags,
        summary: "What is known of a person",
        params,
        headers: readHeaders,
        response: { 200: mindscapeSchema, 304: NOT_MODIFIED },
      },
    },
    async (request, reply) => {
      const mindscape = await access(request).mapping.mindscape(request.params.person);
      const { ifNoneMatch } = preconditionsOf(request.headers);
      reply.header("etag", tagOf(mindscape)).header("cache-control", "private, no-cache");
      if (ifNoneMatch !== undefined && matchesRoughly(ifNoneMatch, tagOf(mindscape))) return reply.code(304).send();
      return reply.send(mindscape);
    },
  );

  app.get(
    "/v1/mindscapes/:person/history",
    {
      config,
      schema: {
        tags,
        summary: "How it came to be known: every write, with what it has changed",
        params,
        querystring: historyQuery,
        response: { 200: historySchema },
      },
    },
    async (request) => {
      const { before, limit } = request.query;
      const page = { person: request.params.person, before, limit: limit + 1 };
      const changes = await access(request).mapping.mindscapeHistory(page);
      return { changes: changes.slice(0, limit), more: changes.length > limit };
    },
  );

  const patching: FastifyPluginAsyncZod = async (patches) => {
    acceptMergePatch(patches);
    patches.setValidatorCompiler(bodiesLater);
    patches.patch(
      "/v1/mindscapes/:person",
      {
        config: { ...config, readsDocuments: true },
        schema: {
          tags,
          summary: "Say what is so of a person; it outranks what is learned, until it is taken back with null",
          consumes: [MERGE_PATCH, "application/json"],
          params,
          headers: replacementHeaders,
          body: curationSchema,
          response: { 200: mindscapeSchema, 201: mindscapeSchema },
        },
      },
      async (request, reply) => {
        const { mapping } = access(request);
        const { person } = request.params;
        const condition = await demanded(request.headers, () => mapping.mindscape(person));
        const by = personOf(request.identity);
        const mindscape = await mapping.curate(request.body as CurationInput, { ...condition, person, by });
        reply.code(mindscape.version === 1 ? 201 : 200).header("etag", tagOf(mindscape));
        return reply.send(mindscape);
      },
    );
  };
  await app.register(patching);
};

/** A version never comes twice; the time tells it from that of a database that was restored. */
function tagOf({ version, updated_at }: Mindscape): string {
  return `"${version}-${updated_at.toString(36)}"`;
}

/** What a curation must say, so that it does not undo what somebody else has said meanwhile. */
async function demanded(
  headers: Readonly<Record<string, unknown>>,
  read: () => Promise<Mindscape>,
): Promise<Condition> {
  const { ifMatch, ifNoneMatch } = preconditionsOf(headers);
  if (ifNoneMatch === "*") return { ifVersion: "none" };
  if (ifMatch === undefined) {
    const message = "Send the ETag that you have read as If-Match; where nothing is known yet, send If-None-Match: *.";
    throw new PersonaError("version_required", message);
  }
  const { version, ...current } = await read();
  return { ifVersion: matchesExactly(ifMatch, tagOf({ version, ...current })) ? version : NO_VERSION };
}

/** Versions begin with 1. */
const NO_VERSION = 0;
