import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { problemOfOne } from "../problem.ts";
import { sendEntry } from "../send-entry.ts";
import type { Services } from "../services.ts";
import { batchBody, batchSchema } from "../wire/batch.ts";
import { acceptedOf } from "../wire/send.ts";

export const messages: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.post(
    "/v1/messages",
    {
      config: { policy: "user" },
      schema: {
        tags: ["personas"],
        summary: "Say up to a hundred things, each to a persona or in a conversation, each answered by itself",
        body: batchBody,
        response: { 200: batchSchema },
      },
    },
    async (request) => {
      const { body, identity, log } = request;
      const runtime = access(request);
      const one = (entry: (typeof body.messages)[number]) =>
        sendEntry(runtime, identity, entry).then(
          (accepted) => ({ status: 202 as const, accepted: acceptedOf(accepted) }),
          (error: unknown) => {
            const problem = problemOfOne(error, log);
            return { status: problem.status, problem };
          },
        );
      // All at once: what is handed in together is committed together.
      return { results: await Promise.all(body.messages.map(one)) };
    },
  );
};
