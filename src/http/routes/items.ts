import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { itemOf, itemSchema } from "../wire/item.ts";

export const items: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.get(
    "/v1/items/:id",
    {
      config: { policy: "user" },
      schema: {
        tags: ["items"],
        summary: "What became of an item",
        params: z.strictObject({ id: idInput }),
        response: { 200: itemSchema },
      },
    },
    async (request) => itemOf(await access(request).item(request.params.id)),
  );
};
