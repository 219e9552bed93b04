import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { Services } from "../services.ts";
import { spendingOf, spendingQuery, spendingSchema } from "../wire/spending.ts";

export const spending: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.get(
    "/v1/spending",
    {
      config: { policy: "user" },
      schema: {
        tags: ["server"],
        summary: "Who in the tenant spent what on models; users see what was spent for them",
        querystring: spendingQuery,
        response: { 200: spendingSchema },
      },
    },
    async (request) => {
      const { limit, ...asked } = request.query;
      const spent = await access(request).spending({ ...asked, limit: limit + 1 });
      return { spending: spent.slice(0, limit).map(spendingOf), more: spent.length > limit };
    },
  );
};
