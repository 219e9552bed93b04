/** Mappers, and what they make of persons: under `/v1`, and at the root as they were published. */
import type { FastifyReply, FastifyRequest, FastifySchemaCompiler } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { PersonaError } from "../../errors.ts";
import { describeFaults } from "../../faults.ts";
import { type Mapper, mapperSchema } from "../../mapping/mapper.ts";
import { mappedPersonaSchema } from "../../mapping/persona-core.ts";
import type { MapperCollection } from "../../mapping/serving.ts";
import { simulationSchema } from "../../mapping/simulate.ts";
import { weightReportSchema } from "../../mapping/weight-report.ts";
import { personOf } from "../access.ts";
import { acceptDocumentTexts, YAML } from "../json-body.ts";
import { matchesExactly, matchesRoughly, preconditionsOf } from "../preconditions.ts";
import { serializedAsMade } from "../serialization.ts";
import type { Services } from "../services.ts";
import { validatorCompiler } from "../validation.ts";
import { cursorOf, readHeaders, replacementHeaders } from "../wire/catalogue.ts";
import { idInput } from "../wire/common.ts";
import {
  documentBody,
  mapPersonaQuery,
  mapperPageQuery,
  mapperPageSchema,
  mapperQuery,
  simulationBody,
  versionPageQuery,
  versionPageSchema,
  versionParams,
  weightLogQuery,
  weightLogSchema,
  writeQuery,
} from "../wire/mapper.ts";
import { inLibraryNames } from "../wire/names.ts";
import { wire } from "../wire/registry.ts";

/** The bound of documents is the mapping's; this only keeps what is far beyond from being read. */
const MAX_BODY_BYTES = 4_194_304;

const tags = ["mapping"];
const params = z.strictObject({ id: idInput });
const reading = { policy: "user" } as const;
const serving = { policy: "service" } as const;
const writing = { policy: "admin" } as const;
const NOT_MODIFIED = z.undefined().register(wire, { description: "It is what is known already" });

export const mappers: FastifyPluginAsyncZod<Services> = async (app, services) => {
  await app.register(under("/v1"), services);
  // The same once more, which the document of the interface does not repeat.
  await app.register(under(""), services);
};

function under(prefix: "/v1" | ""): FastifyPluginAsyncZod<Services> {
  return async (app, services) => {
    app.addHook("onRoute", (route) => {
      route.schema = { ...route.schema, hide: prefix === "" };
    });
    await app.register(reads(prefix), services);
    await app.register(writes(prefix), services);
  };
}

function reads(prefix: string): FastifyPluginAsyncZod<Services> {
  return async (app, { access }) => {
    app.setSerializerCompiler(serializedAsMade);

    app.get(
      `${prefix}/map-persona`,
      {
        config: reading,
        schema: {
          tags,
          summary: "A person as a persona is to see them: what lasts, what holds now, and what to suggest",
          querystring: mapPersonaQuery,
          response: { 200: mappedPersonaSchema },
        },
      },
      async (request) => {
        const { query, identity } = request;
        const { context, limit } = query;
        const asked = {
          persona: query.personaId ?? query.persona_id ?? missing("personaId"),
          person: query.personId ?? query.person_id ?? personOf(identity),
          mapper: query.mapperId ?? query.mapper_id,
          detailLevel: query.detailLevel ?? query.detail_level,
          whenStale: query.whenStale ?? query.when_stale,
          ...{ context, limit, explain: query.explain === "true" },
        };
        return access(request).mapping.mapPersona(asked).catch(inQueryNames);
      },
    );

    app.get(
      `${prefix}/mappers`,
      {
        config: reading,
        schema: {
          tags,
          summary: "The mappers of the tenant: of each the active version, or else the newest",
          querystring: mapperPageQuery,
          response: { 200: mapperPageSchema },
        },
      },
      async (request) => {
        const { cursor: after, limit, trait, active } = request.query;
        const only = active === "true" ? { active: true } : {};
        const found = await access(request).mapping.mappers.list({ after, trait, ...only, limit: limit + 1 });
        const last = found.length > limit ? found[limit - 1] : undefined;
        return { mappers: [...found.slice(0, limit)], next_cursor: last && cursorOf(last.id) };
      },
    );

    app.get(
      `${prefix}/mappers/:id`,
      {
        config: reading,
        schema: {
          tags,
          summary: "A version of a mapper, with its document",
          params,
          querystring: mapperQuery,
          headers: readHeaders,
          response: { 200: mapperSchema, 304: NOT_MODIFIED },
        },
      },
      async (request, reply) => {
        const mapper = await access(request).mapping.mappers.get(request.params.id, request.query.version);
        const { ifNoneMatch } = preconditionsOf(request.headers);
        reply.header("etag", tagOf(mapper)).header("cache-control", "private, no-cache");
        if (ifNoneMatch !== undefined && matchesRoughly(ifNoneMatch, tagOf(mapper))) return reply.code(304).send();
        return reply.send(mapper);
      },
    );

    app.get(
      `${prefix}/mappers/:id/versions`,
      {
        config: reading,
        schema: {
          tags,
          summary: "The versions of a mapper",
          params,
          querystring: versionPageQuery,
          response: { 200: versionPageSchema },
        },
      },
      async (request) => {
        const { before, limit } = request.query;
        const found = await access(request).mapping.mappers.versions(request.params.id, { before, limit: limit + 1 });
        return { versions: [...found.slice(0, limit)], more: found.length > limit };
      },
    );

    app.post(
      `${prefix}/mappers/:id/versions/:version/activate`,
      {
        config: writing,
        schema: {
          tags,
          summary: "Make a version the active one; the one that was is deprecated",
          params: versionParams,
          response: { 200: mapperSchema },
        },
      },
      async (request, reply) => {
        const { id, version } = request.params;
        const mapper = await access(request).mapping.mappers.activate(id, version);
        return reply.header("etag", tagOf(mapper)).send(mapper);
      },
    );

    app.post(
      `${prefix}/mappers/:id/publish`,
      {
        config: writing,
        schema: {
          tags,
          summary: "Make a version of what was learned of the rules: their weights as they are by now",
          params,
          querystring: writeQuery,
          response: { 200: mapperSchema, 201: mapperSchema },
        },
      },
      async (request, reply) => {
        const activate = request.query.activate === "true";
        const by = personOf(request.identity);
        const { mapper, created } = await access(request).mapping.mappers.publish(request.params.id, { activate, by });
        return reply
          .code(created ? 201 : 200)
          .header("etag", tagOf(mapper))
          .send(mapper);
      },
    );

    app.get(
      `${prefix}/mappers/:id/weights`,
      {
        config: serving,
        schema: {
          tags,
          summary: "What the rules of a mapper weigh, and why: what its author says, and what was learned",
          params,
          response: { 200: weightReportSchema },
        },
      },
      async (request) => access(request).mapping.mappers.weights(request.params.id),
    );

    app.get(
      `${prefix}/mappers/:id/weights/log`,
      {
        config: serving,
        schema: {
          tags,
          summary: "Every change of a learned weight, with its reason",
          params,
          querystring: weightLogQuery,
          response: { 200: weightLogSchema },
        },
      },
      async (request) => {
        const { rule_id: rule, before, limit } = request.query;
        const page = { rule, before, limit: limit + 1 };
        const lines = await access(request).mapping.weightLog(request.params.id, page);
        const changes = lines.slice(0, limit).map(({ rule, ...line }) => ({ rule_id: rule, ...line }));
        return { changes, more: lines.length > limit };
      },
    );

    app.post(
      `${prefix}/mappers/:id/simulate`,
      {
        config: serving,
        schema: {
          tags,
          summary: "What a mapper would suggest, and why; nothing is stored",
          params,
          body: simulationBody,
          response: { 200: simulationSchema },
        },
      },
      async (request) => {
        const { person_id, ...given } = request.body;
        return access(request).mapping.mappers.simulate(request.params.id, {
          ...inLibraryNames(given),
          person: person_id,
        });
      },
    );
  };
}

function writes(prefix: string): FastifyPluginAsyncZod<Services> {
  return async (app, { access }) => {
    acceptDocumentTexts(app);
    app.setValidatorCompiler(bodiesLater);
    app.setSerializerCompiler(serializedAsMade);
    const bodyLimit = Math.max(app.initialConfig.bodyLimit ?? 0, MAX_BODY_BYTES);
    const changing = { config: writing, bodyLimit };
    const consumes = ["application/json", YAML];
    const collection = (request: FastifyRequest): MapperCollection => access(request).mapping.mappers;
    const made = (reply: FastifyReply, mapper: Mapper) =>
      reply
        .code(201)
        .header("etag", tagOf(mapper))
        .header("location", `${prefix}/mappers/${encodeURIComponent(mapper.id)}`)
        .send(mapper);

    app.post(
      `${prefix}/mappers`,
      {
        ...changing,
        schema: {
          tags,
          summary: "Make a mapper from its document",
          consumes,
          querystring: writeQuery,
          body: documentBody,
          response: { 201: mapperSchema },
        },
      },
      async (request, reply) => {
        const activate = request.query.activate === "true";
        const by = personOf(request.identity);
        return made(reply, await collection(request).create(request.body, { activate, by }));
      },
    );

    app.put(
      `${prefix}/mappers/:id`,
      {
        ...changing,
        schema: {
          tags,
          summary: "Make the next version of a mapper, or the first; the same document again makes none",
          consumes,
          params,
          querystring: writeQuery,
          headers: replacementHeaders,
          body: documentBody,
          response: { 200: mapperSchema, 201: mapperSchema },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const ifNewest = await demanded(request, collection(request), id);
        const activate = request.query.activate === "true";
        const by = personOf(request.identity);
        const { mapper, created } = await collection(request).put(id, request.body, { activate, by, ifNewest });
        if (created) return made(reply, mapper);
        return reply.code(200).header("etag", tagOf(mapper)).send(mapper);
      },
    );
  };
}

/** What the library calls otherwise than the query. */
const QUERY_NAMES: Readonly<Record<string, string>> = { persona: "personaId", person: "personId", mapper: "mapperId" };

function inQueryNames(error: unknown): never {
  if (!(error instanceof PersonaError) || error.code !== "invalid_input") throw error;
  const fields = error.fields.map((fault) => ({ ...fault, field: QUERY_NAMES[fault.field] ?? fault.field }));
  throw new PersonaError("invalid_input", describeFaults(fields), { fields });
}

function missing(field: string): never {
  const fault = { field, message: "must be given" };
  throw new PersonaError("invalid_input", `${field} must be given`, { fields: [fault] });
}

/** Bodies are texts here, and for the reader of documents to check. */
const bodiesLater: FastifySchemaCompiler<z.ZodType> = (route) =>
  route.httpPart === "body" ? (value: unknown) => ({ value }) : validatorCompiler(route);

/** A version never changes, but its status does, and what is newest; the time tells it from that of another database. */
function tagOf({ version, status, newest_version, created_at }: Mapper): string {
  return `"${version}-${status}-${newest_version}-${created_at.toString(36)}"`;
}

/** The newest version that the sender has seen, so that a new one undoes nothing that somebody else has done. */
async function demanded(
  { headers }: Pick<FastifyRequest, "headers">,
  mappers: MapperCollection,
  id: string,
): Promise<number | "none" | undefined> {
  const { ifMatch, ifNoneMatch } = preconditionsOf(headers);
  if (ifNoneMatch === "*") return "none";
  const current = await mappers.get(id).catch((error: unknown) => {
    if (error instanceof PersonaError && error.code === "mapper_not_found") return undefined;
    throw error;
  });
  if (ifMatch === "*" && current !== undefined) return current.newest_version;
  if (ifMatch !== undefined && matchesExactly(ifMatch, current && tagOf(current))) return current?.newest_version;
  if (ifMatch !== undefined) return NO_VERSION;
  const message = "Send the ETag that you have read as If-Match; to make a new one, send If-None-Match: *.";
  throw new PersonaError("version_required", message);
}

/** Newer versions begin with 1. */
const NO_VERSION = 0;
