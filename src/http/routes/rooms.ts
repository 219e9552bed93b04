import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { personOf } from "../access.ts";
import type { Services } from "../services.ts";
import { idInput } from "../wire/common.ts";
import { messagePageOf, messagePageSchema, pageQuery } from "../wire/message.ts";
import { roomBody, roomOf, roomSchema } from "../wire/room.ts";
import { acceptedOf, acceptedSchema, roomMessageBody, sendHeaders, sendOptionsOf } from "../wire/send.ts";

const params = z.strictObject({ id: idInput });
const memberParams = z.strictObject({ id: idInput, persona: idInput });
const config = { policy: "user" } as const;

export const rooms: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.post(
    "/v1/rooms",
    { config, schema: { tags: ["rooms"], summary: "Open a room", body: roomBody, response: { 201: roomSchema } } },
    async (request, reply) => {
      const room = await access(request).createRoom({ owner: personOf(request.identity), ...request.body });
      return reply.code(201).header("location", `/v1/rooms/${room.id}`).send(roomOf(room));
    },
  );

  app.get(
    "/v1/rooms/:id",
    { config, schema: { tags: ["rooms"], summary: "A room and its members", params, response: { 200: roomSchema } } },
    async (request) => roomOf(await access(request).room(request.params.id)),
  );

  app.put(
    "/v1/rooms/:id/members/:persona",
    {
      config,
      schema: {
        tags: ["rooms"],
        summary: "Let a persona join a room",
        params: memberParams,
        response: { 200: roomSchema },
      },
    },
    async (request) => {
      const { id, persona } = request.params;
      return roomOf(await access(request).addMember(id, persona));
    },
  );

  app.delete(
    "/v1/rooms/:id/members/:persona",
    {
      config,
      schema: {
        tags: ["rooms"],
        summary: "Let a persona leave a room",
        params: memberParams,
        response: { 200: roomSchema },
      },
    },
    async (request) => {
      const { id, persona } = request.params;
      return roomOf(await access(request).removeMember(id, persona));
    },
  );

  app.post(
    "/v1/rooms/:id/messages",
    {
      config,
      schema: {
        tags: ["rooms"],
        summary: "Say something in a room, to each of its members",
        params,
        headers: sendHeaders,
        body: roomMessageBody,
        response: { 202: acceptedSchema },
      },
    },
    async (request, reply) => {
      const { body, headers, identity } = request;
      const { reply_to: replyTo } = body;
      const options = sendOptionsOf(body, headers, identity, { replyTo });
      const accepted = await access(request).post(request.params.id, body.text, options);
      return reply.code(202).send(acceptedOf(accepted));
    },
  );

  app.get(
    "/v1/rooms/:id/messages",
    {
      config,
      schema: {
        tags: ["rooms"],
        summary: "What was said in a room",
        params,
        querystring: pageQuery,
        response: { 200: messagePageSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const runtime = access(request);
      await runtime.room(id);
      return messagePageOf(runtime, id, request.query);
    },
  );
};
