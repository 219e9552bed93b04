import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { Services } from "../services.ts";
import { busiestOf, busiestQuery, busiestSchema, pageOf } from "../wire/busiest.ts";

export const busiest: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.get(
    "/v1/busiest",
    {
      config: { policy: "user" },
      schema: {
        tags: ["enrollments"],
        summary: "Who has most to do",
        querystring: busiestQuery,
        response: { 200: busiestSchema },
      },
    },
    async (request) => busiestOf(access(request).busiest(pageOf(request.query))),
  );
};
