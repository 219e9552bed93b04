import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { streamEvents } from "../event-stream.ts";
import { holdStream } from "../limits.ts";
import type { Services } from "../services.ts";
import { decimal, idInput } from "../wire/common.ts";
import { wire } from "../wire/registry.ts";

const rev = () => decimal(z.int().min(0)).optional();

export const eventQuery = z.strictObject({
  after: rev().register(wire, { description: "Only events after this id. Default: from now on" }),
  conversation: idInput.optional(),
  persona: idInput.optional().register(wire, {
    description: "What this persona says and does, and the rooms that it is in",
  }),
});

const headers = z.looseObject({
  "last-event-id": rev().register(wire, { description: "Sent by browsers that connect again; stronger than `after`" }),
});

export const events: FastifyPluginAsyncZod<Services> = async (app, services) => {
  app.get(
    "/v1/events",
    {
      config: { policy: "user" },
      // A HEAD request would open a stream and never end.
      exposeHeadRoute: false,
      preHandler: holdStream(services.limits),
      schema: {
        tags: ["events"],
        summary: "Everything that happens, as Server-Sent Events; `data` is an `Event`",
        querystring: eventQuery,
        headers,
        response: {
          200: {
            description: "A stream. Durable events have an id to resume from; `gap` says that some are gone",
            content: { "text/event-stream": { schema: z.string() } },
          },
        },
      },
    },
    async (request, reply) => {
      const { after, ...filter } = request.query;
      const runtime = services.access(request);
      return streamEvents(runtime, services, reply, request.headers["last-event-id"] ?? after ?? runtime.rev, filter);
    },
  );
};
