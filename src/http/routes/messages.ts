import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { problemOfOne } from "../problem.ts";
import { OrderedEntries } from "../send-entry.ts";
import { serializedAsMade } from "../serialization.ts";
import type { Services } from "../services.ts";
import { batchBody, batchSchema } from "../wire/batch.ts";
import { acceptedOf, traceHeaders } from "../wire/send.ts";

export const messages: FastifyPluginAsyncZod<Services> = async (app, { access, limits }) => {
  app.post(
    "/v1/messages",
    {
      config: { policy: "user" },
      schema: {
        tags: ["personas"],
        summary: "Say up to a hundred things, each to a persona or in a conversation, each answered by itself",
        headers: traceHeaders,
        body: batchBody,
        response: { 200: batchSchema },
      },
      serializerCompiler: serializedAsMade,
    },
    async (request) => {
      const { body, identity, log, headers } = request;
      const entries = new OrderedEntries(access(request), identity);
      const { traceparent } = headers;
      const one = async (entry: (typeof body.messages)[number], index: number) => {
        try {
          // The first is counted as the request.
          if (index > 0) limits?.take(identity);
          return { status: 202 as const, accepted: acceptedOf(await entries.send(entry, traceparent)) };
        } catch (error) {
          const problem = problemOfOne(error, log);
          return { status: problem.status, problem };
        }
      };
      // As far as their order allows, all at once: what is handed in together is committed together.
      return { results: await Promise.all(body.messages.map(one)) };
    },
  );
};
