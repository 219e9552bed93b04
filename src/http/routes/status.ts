import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { Services } from "../services.ts";
import { fleetOf, fleetSchema } from "../wire/fleet.ts";

export const status: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.get(
    "/v1/status",
    {
      config: { policy: "user" },
      schema: { tags: ["server"], summary: "The personas of the tenant in numbers", response: { 200: fleetSchema } },
    },
    async (request) => fleetOf(access(request).status()),
  );
};
