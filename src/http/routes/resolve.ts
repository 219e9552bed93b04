import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type * as z from "zod";
import { resolvedSessionSchema } from "../../catalogue/resolved-session.ts";
import type { Services } from "../services.ts";
import { resolveBody } from "../wire/resolve.ts";

export const resolve: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.post(
    "/v1/sessions/resolve",
    {
      config: { policy: "user" },
      schema: {
        tags: ["sessions"],
        summary: "What a session would be made of: persona, role and sequence together, and who said what",
        body: resolveBody,
        response: { 200: resolvedSessionSchema },
      },
    },
    // Frozen, which the schema does not say.
    async (request) => access(request).resolve(request.body) as z.output<typeof resolvedSessionSchema>,
  );
};
