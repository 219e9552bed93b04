import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Services } from "../services.ts";
import { readinessSchema } from "../wire/readiness.ts";

const config = { policy: "public" } as const;
const tags = ["server"];

export const health: FastifyPluginAsyncZod<Services> = async (app, { runtime }) => {
  app.get(
    "/livez",
    {
      config,
      schema: {
        tags,
        summary: "Whether the process answers at all",
        response: { 200: z.object({ alive: z.literal(true) }) },
      },
    },
    async () => ({ alive: true as const }),
  );

  app.get(
    "/readyz",
    {
      config,
      schema: {
        tags,
        summary: "Whether messages are taken, and what stands against it",
        response: { 200: readinessSchema, 503: readinessSchema },
      },
    },
    async (_request, reply) => {
      const { ready, checks } = await runtime.readiness();
      return reply.code(ready ? 200 : 503).send({ ready, checks });
    },
  );
};
