import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { deadLetterOf, deadLetterPageQuery, deadLetterPageSchema } from "../wire/dead-letter.ts";
import { itemOf, itemSchema } from "../wire/item.ts";
import { wire } from "../wire/registry.ts";

const params = z.strictObject({ item: idInput });
const tags = ["dead-letters"];

export const deadLetters: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.get(
    "/v1/dead-letters",
    {
      config: { policy: "user" },
      schema: {
        tags,
        summary: "Items that were given up, and are kept until they are replayed or discarded",
        querystring: deadLetterPageQuery,
        response: { 200: deadLetterPageSchema },
      },
    },
    async (request) => {
      const { limit, ...page } = request.query;
      const letters = await access(request).deadLetters({ ...page, limit: limit + 1 });
      return { dead_letters: letters.slice(0, limit).map(deadLetterOf), more: letters.length > limit };
    },
  );

  app.post(
    "/v1/dead-letters/:item/replay",
    {
      config: { policy: "admin" },
      schema: {
        tags,
        summary: "Give a dead letter to its persona again, as a new item without expiry",
        params,
        response: { 202: itemSchema },
      },
    },
    async (request, reply) => {
      const fresh = await access(request).replay(request.params.item);
      return reply.code(202).header("location", `/v1/items/${fresh.id}`).send(itemOf(fresh));
    },
  );

  app.delete(
    "/v1/dead-letters/:item",
    {
      config: { policy: "admin" },
      schema: {
        tags,
        summary: "Let a dead letter go; what became of the item stays known",
        params,
        response: { 204: z.undefined().register(wire, { description: "The dead letter is gone" }) },
      },
    },
    async (request, reply) => {
      await access(request).discard(request.params.item);
      return reply.code(204).send();
    },
  );
};
