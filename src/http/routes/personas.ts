import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { sendAndWait } from "../send-and-wait.ts";
import { serializedAsMade } from "../serialization.ts";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { acceptedSchema, answeredSchema, messageBody, sendHeaders, sendQuery } from "../wire/send.ts";

export const personas: FastifyPluginAsyncZod<Services> = async (app, services) => {
  app.post(
    "/v1/personas/:id/messages",
    {
      config: { policy: "user" },
      schema: {
        tags: ["personas"],
        summary: "Say something to a persona, in the sender's direct session with it",
        params: z.strictObject({ id: idInput }),
        querystring: sendQuery,
        headers: sendHeaders,
        body: messageBody,
        response: { 200: answeredSchema, 202: acceptedSchema },
      },
      serializerCompiler: serializedAsMade,
    },
    (request, reply) => sendAndWait(services, request, reply, request.params.id),
  );
};
