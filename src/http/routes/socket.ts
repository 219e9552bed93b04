import websocket from "@fastify/websocket";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { PersonaError } from "../../errors.ts";
import { EventSocket } from "../event-socket.ts";
import { holdStream } from "../limits.ts";
import type { Services } from "../services.ts";
import { SOCKET_PATH } from "../upgrade.ts";
import { socketFrame } from "../wire/socket.ts";
import { eventQuery } from "./events.ts";

/** What a client may offer besides its token, so that the answer need not repeat the token. */
const SUBPROTOCOL = "persona-runtime";

export const socket: FastifyPluginAsyncZod<Services> = async (app, services) => {
  const { bodyLimit: maxBytes = 0 } = app.initialConfig;
  await app.register(websocket, {
    options: {
      maxPayload: maxBytes,
      handleProtocols: (offered: ReadonlySet<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    },
    // Each socket ends by itself, when it has answered what it took.
    preClose(done) {
      this.websocketServer.close();
      done();
    },
  });
  const parseJson = app.getDefaultJsonParser("error", "error");

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
      const parse = (text: string) => {
        let parsed: unknown;
        void parseJson(request, text, (error, document) => {
          if (error) throw new PersonaError("unparsable_body", "Send one JSON document.");
          parsed = document;
        });
        return parsed;
      };
      await new EventSocket(services, opened, request, { runtime, after, filter, parse }).run();
    },
  });
};
