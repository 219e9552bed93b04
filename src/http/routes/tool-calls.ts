import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { wire } from "../wire/registry.ts";
import { toolAnswerBody, toolCallOf, toolCallPageQuery, toolCallPageSchema } from "../wire/tool-call.ts";

const tags = ["tool calls"];

export const toolCalls: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.get(
    "/v1/tool-calls",
    {
      config: { policy: "user" },
      schema: {
        tags,
        summary: "Calls of tools that wait for a client's answer",
        querystring: toolCallPageQuery,
        response: { 200: toolCallPageSchema },
      },
    },
    async (request) => {
      const { limit, ...page } = request.query;
      const calls = await access(request).toolCalls({ ...page, limit: limit + 1 });
      return { tool_calls: calls.slice(0, limit).map(toolCallOf), more: calls.length > limit };
    },
  );

  app.post(
    "/v1/tool-calls/:id",
    {
      config: { policy: "user" },
      schema: {
        tags,
        summary: "Answer a call; the first answer counts",
        params: z.strictObject({ id: idInput }),
        body: toolAnswerBody,
        response: { 204: z.undefined().register(wire, { description: "The turn goes on with this answer" }) },
      },
    },
    async (request, reply) => {
      await access(request).answerTool(request.params.id, request.body);
      return reply.code(204).send();
    },
  );
};
