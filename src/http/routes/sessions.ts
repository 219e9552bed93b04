import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { sendAndWait } from "../send-and-wait.ts";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { messagePageOf, messagePageSchema, pageQuery } from "../wire/message.ts";
import { acceptedSchema, answeredSchema, messageBody, sendHeaders, sendQuery } from "../wire/send.ts";

const params = z.strictObject({ id: idInput });
const config = { policy: "user" } as const;

export const sessions: FastifyPluginAsyncZod<Services> = async (app, services) => {
  const { access } = services;

  app.post(
    "/v1/sessions/:id/messages",
    {
      config,
      schema: {
        tags: ["sessions"],
        summary: "Go on with a session",
        params,
        querystring: sendQuery,
        headers: sendHeaders,
        body: messageBody,
        response: { 200: answeredSchema, 202: acceptedSchema },
      },
    },
    async (request, reply) => {
      const { id, persona } = await access(request).session(request.params.id);
      return sendAndWait(services, request, reply, persona, { conversation: id });
    },
  );

  app.get(
    "/v1/sessions/:id/messages",
    {
      config,
      schema: {
        tags: ["sessions"],
        summary: "What was said in a session",
        params,
        querystring: pageQuery,
        response: { 200: messagePageSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const runtime = access(request);
      await runtime.session(id);
      return messagePageOf(runtime, id, request.query);
    },
  );
};
