import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Metrics } from "../metrics/metrics.ts";

export const metricsRoute: FastifyPluginAsyncZod<{ metrics: Metrics }> = async (app, { metrics }) => {
  app.get(
    "/metrics",
    {
      // It counts the whole process, all tenants together, and names nobody.
      config: { policy: "service" },
      schema: {
        tags: ["server"],
        summary: "What is counted and timed, for Prometheus",
        response: {
          200: { description: "The text format", content: { "text/plain": { schema: z.string() } } },
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
};
