import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { PersonaError } from "../../errors.ts";
import { frameParser } from "../json-body.ts";
import { holdStream } from "../limits.ts";
import type { Services } from "../services.ts";
import { VOICE_PATH } from "../upgrade.ts";
import { VoiceSocket } from "../voice-socket.ts";
import { voiceFrame } from "../wire/voice.ts";

/**
 * Of all callers together: each can keep a core busy for a while. How many of them one caller has, its tier says; without
 * authentication there are no tiers, and this is the one bound.
 */
const MOST = 256;

export const voice: FastifyPluginAsyncZod<Services> = async (app, services) => {
  const parserOf = frameParser(app);
  let open = 0;

  app.route({
    method: "GET",
    url: VOICE_PATH,
    config: { policy: "user" },
    exposeHeadRoute: false,
    preHandler: [
      holdStream(services.limits),
      async ({ identity, raw, ws }) => {
        if (open >= MOST) {
          throw new PersonaError("overloaded", `${MOST} voices are heard already; try again later.`, {
            retryAfterMs: 10_000,
          });
        }
        // A request that wants no socket may share its connection with any number of others.
        if (!ws) return;
        const letGo = services.limits?.hold(identity, "voices");
        open += 1;
        raw.socket.once("close", () => {
          open -= 1;
          letGo?.();
        });
      },
    ],
    schema: {
      tags: ["voice"],
      summary: "Who speaks in a sound, while it comes: `VoiceFrame` comes, `VoiceSend` goes",
      description:
        "A WebSocket. Text frames are one JSON document each; binary frames are sound as `start` says, cut " +
        "anywhere, no longer than the body of a request (256 KiB; 1009 closes the socket). A browser offers the subprotocols `persona-runtime` and `bearer.<token>`. It counts as one of the " +
        "caller's streams, and as one of the few voices that its tier has at once (`too_many_streams`); of all callers " +
        `together ${MOST} are heard at most (\`overloaded\`). The server closes with ` +
        "1001 when it ends, 4401 when the key or token expires or is revoked, 4408 when two heartbeats were not answered " +
        "or nothing was sent for 5 minutes.",
      response: {
        101: { description: "A WebSocket", content: { "application/json": { schema: voiceFrame } } },
      },
    },
    handler: (_request, reply) => {
      reply.header("upgrade", "websocket");
      throw new PersonaError("upgrade_required", "Open a WebSocket here.");
    },
    wsHandler: async (opened, request) => {
      await new VoiceSocket(services, opened, request, parserOf(request)).run();
    },
  });
};
