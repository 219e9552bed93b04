import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { explanationOf, explanationSchema } from "../wire/explanation.ts";

export const explanations: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.get(
    "/v1/explanations/:id",
    {
      config: { policy: "user" },
      schema: {
        tags: ["items"],
        summary: "Why a turn was taken, and what it cost; by the id of the turn, its reply, an item or a message",
        params: z.strictObject({ id: idInput }),
        response: { 200: explanationSchema },
      },
    },
    async (request) => explanationOf(await access(request).explain(request.params.id)),
  );
};
