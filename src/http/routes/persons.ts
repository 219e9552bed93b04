import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { erasureSchema } from "../wire/narrative.ts";

export const persons: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.delete(
    "/v1/persons/:id",
    {
      config: { policy: "user" },
      schema: {
        tags: ["mapping"],
        summary: "Erase everything that mapping knows of a person; what was said in conversations stays",
        params: z.strictObject({ id: idInput }),
        response: { 200: erasureSchema },
      },
    },
    async (request) => access(request).mapping.erase(request.params.id),
  );
};
