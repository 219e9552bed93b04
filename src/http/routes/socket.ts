import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { PersonaError } from "../../errors.ts";
import { EventSocket } from "../event-socket.ts";
import { frameParser } from "../json-body.ts";
import { holdStream } from "../limits.ts";
import type { Services } from "../services.ts";
import { SOCKET_PATH } from "../upgrade.ts";
import { socketFrame } from "../wire/socket.ts";
import { eventQuery } from "./events.ts";

export const socket: FastifyPluginAsyncZod<Services> = async (app, services) => {
  const { bodyLimit: maxBytes = 0 } = app.initialConfig;
  const parserOf = frameParser(app);

  app.route({
    method: "GET",
    url: SOCKET_PATH,
    config: { policy: "user" },
    exposeHeadRoute: false,
    preHandler: holdStream(services.limits),
    schema: {
      tags: ["events"],
      summary: "The same events over a WebSocket, and messages the other way: `SocketFrame` comes, `SocketSend` goes",
      description:
        "Each frame is a text with one JSON document. A browser, which cannot set headers here, offers the subprotocols " +
        "`persona-runtime` and `bearer.<token>`. The server closes with 1001 when it ends, 1009 after a frame of more than " +
        `${maxBytes} bytes, 4401 when the key or token expires or is revoked, 4408 when two heartbeats (WebSocket pings) were not answered.`,
      querystring: eventQuery,
      response: {
        101: {
          description:
            "A WebSocket. Durable events have a `rev` to resume from (`after`); `gap` says that some are gone",
          content: { "application/json": { schema: socketFrame } },
        },
      },
    },
    handler: (_request, reply) => {
      reply.header("upgrade", "websocket");
      throw new PersonaError("upgrade_required", "Open a WebSocket here, or read the same events at /v1/events.");
    },
    wsHandler: async (opened, request) => {
      const runtime = services.access(request);
      const { after = runtime.rev, ...filter } = request.query;
      await new EventSocket(services, opened, request, { runtime, after, filter, parse: parserOf(request) }).run();
    },
  });
};
