/** Requests that would become WebSockets. */
import { IncomingMessage } from "node:http";
import websocket from "@fastify/websocket";
import type { FastifyInstance } from "fastify";

/** Where a WebSocket may be opened: events and messages; sound, and the turns in it. */
export const SOCKET_PATH = "/v1/socket";
export const VOICE_PATH = "/v1/voice/turns";
const PATHS: ReadonlySet<string> = new Set([SOCKET_PATH, VOICE_PATH]);

/**
 * Once anybody listens for upgrades, Node.js takes each request that offers one for an upgrade, and does not read its
 * body any more. But many clients offer HTTP/2 (`upgrade: h2c`) with their first request, whatever it is; a server
 * that wants none is to answer as if nothing had been offered (RFC 9110, section 7.8).
 */
export class RequestMessage extends IncomingMessage {
  // No private field: the constructor above sets `upgrade` before there would be one.
  declare private offered: boolean | null;

  /** Set by the parser, which has read the head then. */
  set upgrade(offered: boolean | null) {
    this.offered = offered;
  }

  get upgrade(): boolean {
    if (!this.offered) return false;
    return this.headers.upgrade?.toLowerCase() === "websocket" && PATHS.has(this.url?.split("?", 1)[0] ?? "");
  }
}

/** What a client may offer besides its token, so that the answer need not repeat the token. */
const SUBPROTOCOL = "persona-runtime";

/** Register before the routes whose `wsHandler` takes a socket. A frame may be as large as the body of a request. */
export async function acceptSockets(app: FastifyInstance): Promise<void> {
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
}

/** Node.js lets go of a connection that is upgraded, so that no timeout of its server would ever end one that was refused. */
export function endRefusedUpgrades(app: FastifyInstance): void {
  app.addHook("onResponse", ({ raw }, _reply, done) => {
    if (raw instanceof RequestMessage && raw.upgrade) raw.socket.destroySoon();
    done();
  });
}
