import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";

const rootSchema = z.object({
  name: z.literal("persona-runtime"),
  version: z.string(),
  docs: z.string(),
  openapi: z.string(),
});

export const root: FastifyPluginAsyncZod<{ version: string }> = async (app, { version }) => {
  app.get(
    "/",
    {
      config: { policy: "user" },
      schema: { tags: ["server"], summary: "What this server is", response: { 200: rootSchema } },
    },
    async () => ({ name: "persona-runtime" as const, version, docs: "/docs", openapi: "/openapi.json" }),
  );
};
