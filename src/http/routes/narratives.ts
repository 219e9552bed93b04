import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { personOf } from "../access.ts";
import type { Identity } from "../identity.ts";
import type { Services } from "../services.ts";
import {
  narrativeBody,
  narrativeHitsSchema,
  narrativePageQuery,
  narrativePageSchema,
  narrativeSearchQuery,
  narrativeView,
} from "../wire/narrative.ts";

const tags = ["mapping"];
const config = { policy: "user" } as const;

export const narratives: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.post(
    "/v1/narratives",
    {
      config,
      schema: {
        tags,
        summary: "Tell something of a person, or of oneself",
        body: narrativeBody,
        response: { 201: narrativeView },
      },
    },
    async (request, reply) => {
      const { body, identity } = request;
      const said = { ...body, person_id: body.person_id ?? personOf(identity) };
      const narrative = await access(request).mapping.narratives.add(said, { by: personOf(identity) });
      return reply.code(201).send(narrative);
    },
  );

  app.get(
    "/v1/narratives",
    {
      config,
      schema: {
        tags,
        summary: "What was told of a person",
        querystring: narrativePageQuery,
        response: { 200: narrativePageSchema },
      },
    },
    async (request) => {
      const { limit, after, ...of } = request.query;
      const page = { ...asked(of, request.identity), ...(after === undefined ? {} : { after }), limit: limit + 1 };
      const found = await access(request).mapping.narratives.list(page);
      return { narratives: found.slice(0, limit), more: found.length > limit };
    },
  );

  app.get(
    "/v1/narratives/search",
    {
      config,
      schema: {
        tags,
        summary: "Find narratives by their words, and by their meaning where a model embeds them",
        querystring: narrativeSearchQuery,
        response: { 200: narrativeHitsSchema },
      },
    },
    async (request) => {
      const { query, limit, ...of } = request.query;
      const search = { ...asked(of, request.identity), query, limit };
      const { narratives, ...how } = await access(request).mapping.narratives.search(search);
      return { narratives: [...narratives], ...how };
    },
  );
};

function asked(
  { person_id, type }: { readonly person_id?: string; readonly type?: ("self_observation" | "curation")[] },
  identity: Identity,
) {
  return { person: person_id ?? personOf(identity), ...(type === undefined ? {} : { types: type }) };
}
