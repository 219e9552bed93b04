import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { PersonaError } from "../../errors.ts";
import type { Runtime } from "../../types.ts";
import { sendAndWait } from "../send-and-wait.ts";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { messagePageOf, messagePageSchema, pageQuery } from "../wire/message.ts";
import { acceptedSchema, answeredSchema, messageBody, sendHeaders, sendQuery } from "../wire/send.ts";
import { advanceBody, sessionBody, sessionInput, sessionOf, sessionSchema } from "../wire/session.ts";

const params = z.strictObject({ id: idInput });
const config = { policy: "user" } as const;

export const sessions: FastifyPluginAsyncZod<Services> = async (app, services) => {
  const { access } = services;
  const changed = { params, response: { 200: sessionSchema } };

  app.post(
    "/v1/sessions",
    {
      config,
      schema: {
        tags: ["sessions"],
        summary: "Open a session with a persona, its role and its sequence as they are now",
        body: sessionBody,
        response: { 201: sessionSchema },
      },
    },
    async (request, reply) => {
      const session = await access(request).openSession(sessionInput(request.body, request.identity));
      return reply.code(201).header("location", `/v1/sessions/${session.id}`).send(sessionOf(session));
    },
  );

  app.get(
    "/v1/sessions/:id",
    { config, schema: { tags: ["sessions"], summary: "What a session follows, and how far it has come", ...changed } },
    async (request) => sessionOf(await access(request).session(request.params.id)),
  );

  app.post(
    "/v1/sessions/:id/advance",
    {
      config,
      schema: { tags: ["sessions"], summary: "Leave a step for the next one", ...changed, body: advanceBody },
    },
    async (request) => sessionOf(await access(request).advanceSession(request.params.id, request.body)),
  );

  app.post(
    "/v1/sessions/:id/refresh",
    { config, schema: { tags: ["sessions"], summary: "Take over what the catalogue says now", ...changed } },
    async (request) => sessionOf(await access(request).refreshSession(request.params.id)),
  );

  app.post(
    "/v1/sessions/:id/close",
    { config, schema: { tags: ["sessions"], summary: "End a session, and its sequence with it", ...changed } },
    async (request) => sessionOf(await access(request).closeSession(request.params.id)),
  );

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
      await assertSession(runtime, id);
      return messagePageOf(runtime, id, request.query);
    },
  );
};

/** What was said is whole also where what the session follows is not. Throws `session_not_found`. */
async function assertSession(runtime: Runtime, id: string): Promise<void> {
  try {
    await runtime.session(id);
  } catch (error) {
    if (!(error instanceof PersonaError) || error.code !== "session_damaged") throw error;
  }
}
