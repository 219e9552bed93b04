/** The entries of the catalogue: the same routes for personas, roles and sequences. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Collection, Condition } from "../../catalogue/catalogue.ts";
import { PersonaError } from "../../errors.ts";
import { tagOf } from "../entry-tag.ts";
import { acceptMergePatch, MERGE_PATCH } from "../json-body.ts";
import { matchesExactly, matchesRoughly, preconditionsOf } from "../preconditions.ts";
import { serializedAsMade } from "../serialization.ts";
import type { Services } from "../services.ts";
import { bodiesLater } from "../validation.ts";
import {
  catalogueQuery,
  changeHeaders,
  cursorOf,
  deletionQuery,
  RESOURCES,
  type Resource,
  readHeaders,
  removalHeaders,
  replacementHeaders,
} from "../wire/catalogue.ts";
import { idInput } from "../wire/common.ts";
import { wire } from "../wire/registry.ts";

/** What the schemas take fits: a hundred steps, or examples of conversations, of a few texts of 64 KiB each. */
const MAX_ENTRY_BYTES = 33_554_432;

const params = z.strictObject({ id: idInput });
const reading = { policy: "user" } as const;
const writing = { policy: "admin", refusal: "admin_required" } as const;

export const catalogue: FastifyPluginAsyncZod<Services> = async (app, services) => {
  for (const resource of RESOURCES) await app.register(entries(resource), services);
};

function entries(resource: Resource): FastifyPluginAsyncZod<Services> {
  const { kind, name, entry: entrySchema, page, body, replacement, changes } = resource;
  const tags = [name];

  return async (app, { access }) => {
    app.setValidatorCompiler(bodiesLater);
    app.setSerializerCompiler(serializedAsMade);
    const collectionOf = (request: Pick<FastifyRequest, "identity">): Collection => access(request).catalogue[name];
    const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      if (access(request).catalogue.writable) return;
      reply.header("allow", request.routeOptions.url?.endsWith("/reset") === true ? "" : "GET, HEAD");
      throw new PersonaError("writes_disabled", "This server's catalogue is read only (catalogue.writes).");
    };
    const bodyLimit = Math.max(app.initialConfig.bodyLimit ?? 0, MAX_ENTRY_BYTES);
    const changing = { config: writing, onRequest, bodyLimit };

    app.get(
      `/v1/${name}`,
      {
        config: reading,
        schema: { tags, summary: `The ${name} of the catalogue`, querystring: catalogueQuery, response: { 200: page } },
      },
      async (request) => {
        const { cursor, limit, deleted } = request.query;
        const collection = collectionOf(request);
        const found = collection.list({ after: cursor, limit: limit + 1 });
        const last = found.length > limit ? found[limit - 1] : undefined;
        return {
          [name]: found.slice(0, limit),
          next_cursor: last && cursorOf(last.id),
          deleted: deleted === "true" ? collection.deleted() : undefined,
        };
      },
    );

    app.post(
      `/v1/${name}`,
      {
        ...changing,
        schema: { tags, summary: `Make a ${kind}`, body, response: { 201: entrySchema } },
      },
      async (request, reply) => {
        const made = await collectionOf(request).create(request.body);
        reply.header("etag", tagOf(made)).header("location", `/v1/${name}/${made.id}`);
        return reply.code(201).send(made);
      },
    );

    app.get(
      `/v1/${name}/:id`,
      {
        config: reading,
        schema: {
          tags,
          summary: `A ${kind} of the catalogue`,
          params,
          headers: readHeaders,
          response: { 200: entrySchema, 304: NOT_MODIFIED },
        },
      },
      async (request, reply) => {
        const entry = collectionOf(request).get(request.params.id);
        const tag = tagOf(entry);
        const { ifNoneMatch } = preconditionsOf(request.headers);
        // The caller may keep it, but has to ask each time whether it still holds.
        reply.header("etag", tag).header("cache-control", "private, no-cache");
        if (ifNoneMatch !== undefined && matchesRoughly(ifNoneMatch, tag)) return reply.code(304).send();
        return reply.send(entry);
      },
    );

    app.put(
      `/v1/${name}/:id`,
      {
        ...changing,
        schema: {
          tags,
          summary: `Replace a ${kind}, or make it`,
          params,
          headers: replacementHeaders,
          body: replacement,
          response: { 200: entrySchema, 201: entrySchema },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const collection = collectionOf(request);
        const { entry, created } = await collection.put(id, request.body, demanded(request, collection, id));
        reply.header("etag", tagOf(entry));
        if (!created) return reply.code(200).send(entry);
        return reply.code(201).header("location", `/v1/${name}/${id}`).send(entry);
      },
    );

    const patching: FastifyPluginAsyncZod = async (patches) => {
      acceptMergePatch(patches);
      patches.patch(
        `/v1/${name}/:id`,
        {
          ...changing,
          schema: {
            tags,
            summary: `Change fields of a ${kind}; the rest stays`,
            consumes: [MERGE_PATCH, "application/json"],
            params,
            headers: changeHeaders,
            body: changes,
            response: { 200: entrySchema },
          },
        },
        async (request, reply) => {
          const { id } = request.params;
          const collection = collectionOf(request);
          const entry = await collection.patch(id, request.body, demanded(request, collection, id));
          return reply.header("etag", tagOf(entry)).send(entry);
        },
      );
    };
    await app.register(patching);

    app.delete(
      `/v1/${name}/:id`,
      {
        ...changing,
        schema: {
          tags,
          summary: `Delete a ${kind}; one that was seeded stays deleted`,
          params,
          querystring: deletionQuery,
          headers: removalHeaders,
          response: { 204: z.undefined().register(wire, { description: `The ${kind} is gone` }) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const collection = collectionOf(request);
        const force = request.query.force === "true";
        await collection.delete(id, { ...conditionOf(request, collection, id), force });
        return reply.code(204).send();
      },
    );

    app.post(
      `/v1/${name}/:id/reset`,
      {
        ...changing,
        schema: {
          tags,
          summary: `Take back what was written over a ${kind}, so that the one that was seeded shows again`,
          params,
          querystring: deletionQuery,
          headers: removalHeaders,
          response: {
            200: entrySchema,
            204: z.undefined().register(wire, { description: "There is none underneath: it is gone" }),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const collection = collectionOf(request);
        const force = request.query.force === "true";
        const seed = await collection.reset(id, { ...conditionOf(request, collection, id), force });
        if (seed === undefined) return reply.code(204).send();
        return reply.code(200).header("etag", tagOf(seed)).send(seed);
      },
    );
  };
}

const NOT_MODIFIED = z.undefined().register(wire, { description: "It is what is known already" });

/** What a replacement or a patch must say, so that it does not undo what somebody else has done meanwhile. */
function demanded(request: Pick<FastifyRequest, "headers">, collection: Collection, id: string): Condition {
  const condition = conditionOf(request, collection, id);
  if (condition.ifVersion !== undefined) return condition;
  const message = "Send the ETag that you have read as If-Match; to make a new one, send If-None-Match: *.";
  throw new PersonaError("version_required", message);
}

/** The version that the sender has in mind. */
function conditionOf({ headers }: Pick<FastifyRequest, "headers">, collection: Collection, id: string): Condition {
  const { ifMatch, ifNoneMatch } = preconditionsOf(headers);
  const current = collection.find(id);
  const tag = current && tagOf(current);
  if (ifNoneMatch === "*") return { ifVersion: "none" };
  if (ifNoneMatch !== undefined && matchesRoughly(ifNoneMatch, tag)) return { ifVersion: NO_VERSION };
  if (ifMatch === undefined) return {};
  if (ifMatch === "*") return { ifVersion: "any" };
  return { ifVersion: matchesExactly(ifMatch, tag) ? current?.version : NO_VERSION };
}

/** It is for the catalogue to say what stands against a change first: this, or that there is nothing to change. */
const NO_VERSION = -1;
