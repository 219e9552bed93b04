import type { FastifyInstance } from "fastify";

/** Who makes a request. */
export interface Identity {
  readonly tenant: string;
  readonly user: string;
  readonly role: "admin" | "user" | "service";
}

declare module "fastify" {
  interface FastifyRequest {
    identity: Identity;
  }
}

/** The server listens on loopback only, so whoever reaches it is the person at this machine. */
const LOCAL: Identity = Object.freeze({ tenant: "default", user: "local", role: "admin" });

export function identify(app: FastifyInstance): void {
  app.decorateRequest("identity");
  app.addHook("onRequest", async (request) => {
    request.identity = LOCAL;
  });
}
