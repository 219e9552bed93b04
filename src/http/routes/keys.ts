import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { PersonaError } from "../../errors.ts";
import { defaultTier } from "../../runtime/api-keys.ts";
import type { RateLimits } from "../limits.ts";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { keyBody, keyOf, keyPageQuery, keyPageSchema, keySchema, newKeySchema } from "../wire/key.ts";

const config = { policy: "admin" } as const;
const tags = ["keys"];

/** Each administrator has the keys of the own tenant. */
export const keys: FastifyPluginAsyncZod<Services> = async (app, { runtime, limits }) => {
  app.get(
    "/v1/keys",
    {
      config,
      schema: {
        tags,
        summary: "The API keys of the tenant, without their secrets",
        querystring: keyPageQuery,
        response: { 200: keyPageSchema },
      },
    },
    async ({ query: { limit, ...page }, identity: { tenant } }) => {
      const found = await runtime.keys.list({ ...page, tenant, limit: limit + 1 });
      return { keys: found.slice(0, limit).map(keyOf), more: found.length > limit };
    },
  );

  app.post(
    "/v1/keys",
    {
      config,
      schema: { tags, summary: "Make an API key", body: keyBody, response: { 201: newKeySchema } },
    },
    async ({ body, identity: { tenant } }, reply) => {
      const { expires_at: expiresAt, tier = defaultTier(body.role), ...given } = body;
      if (limits !== undefined) assertKnown(tier, limits);
      const { secret, ...key } = await runtime.keys.create({
        ...given,
        tenant,
        tier,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
      return reply
        .code(201)
        .header("cache-control", "no-store")
        .send({ ...keyOf(key), secret });
    },
  );

  app.delete(
    "/v1/keys/:id",
    {
      config,
      schema: {
        tags,
        summary: "Revoke an API key, at once and for good",
        params: z.strictObject({ id: idInput }),
        response: { 200: keySchema },
      },
    },
    async ({ params: { id }, identity: { tenant } }) => keyOf(await runtime.keys.revoke(id, tenant)),
  );
};

/** A key of a tier that this server does not know would open nothing. */
function assertKnown(tier: string, limits: RateLimits): void {
  if (limits.knows(tier)) return;
  const message = `must be one of ${limits.tiers.join(", ")}`;
  throw new PersonaError("invalid_input", `tier ${message}`, { fields: [{ field: "tier", message }] });
}
