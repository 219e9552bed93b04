import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { PersonaError } from "../errors.ts";
import type { Role } from "../types.ts";
import type { Identify, Identity } from "./identity.ts";

/** Who may call a route: anybody, or whoever has at least this role. */
export type Policy = "public" | Role;

declare module "fastify" {
  interface FastifyContextConfig {
    policy?: Policy;
    /** Code with which another role is refused. Default `forbidden`. */
    refusal?: "forbidden" | "admin_required";
    /** The body is a document that the library reads as it was sent: names in it are the sender's own. */
    readsDocuments?: boolean;
  }
}

const RANKS: Readonly<Record<Role, number>> = { user: 1, service: 2, admin: 3 };

/** Refuses to start an app with a route that does not say who may call it. */
export function requirePolicies(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.addHook("onRoute", (route) => {
    routes.push(route);
  });
  app.addHook("onReady", async () => {
    const open = routes.filter((route) => route.config?.policy === undefined);
    if (open.length === 0) return;
    throw new Error(`No policy in the config of ${open.map((route) => `${route.method} ${route.url}`).join(", ")}`);
  });
}

/**
 * Lets nobody past whom the route's policy does not let in: 401 without an identity, 403 with too small a role. For
 * keys that were seen before this takes no turn of the event loop.
 *
 * @param admit Called when it is known who calls; throws to refuse nevertheless.
 */
export function enforcePolicies(
  app: FastifyInstance,
  identify: Identify,
  admit: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  app.decorateRequest("identity");
  app.addHook("onRequest", (request, reply, done) => {
    const { policy, refusal } = request.routeOptions.config;
    // What does not exist is refused to anybody.
    if (policy === "public" || request.is404) return done();
    const enter = (identity: Identity | undefined) => {
      if (identity === undefined) throw nobody();
      request.identity = identity;
      admit(request, reply);
      assertPermitted(identity, policy, refusal);
      done();
    };
    try {
      const identity = identify(request);
      if (identity instanceof Promise) identity.then(enter).catch(done);
      else enter(identity);
    } catch (error) {
      done(error as Error);
    }
  });
}

function nobody(): PersonaError {
  return new PersonaError("unauthenticated", "Send an API key or a token: `authorization: Bearer …`.");
}

function assertPermitted(
  identity: Identity,
  policy: Role | undefined,
  refusal: FastifyContextConfig["refusal"] = "forbidden",
): void {
  if (policy !== undefined && RANKS[identity.role] >= RANKS[policy]) return;
  throw new PersonaError(refusal, `This takes the role ${policy}; yours is ${identity.role}.`);
}
