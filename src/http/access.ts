/** What a request reaches: the one way from a request to what the runtime has. */
import type { FastifyRequest } from "fastify";
import type { Runtime } from "../types.ts";
import type { Identity } from "./identity.ts";

/**
 * The runtime as the caller may see and use it. Users have the conversations that are theirs, services and admins those
 * of their tenant; everything else is not found. What a role may do at all is the policy of the route.
 */
export type Access = (request: Pick<FastifyRequest, "identity">) => Runtime;

export function accessTo(runtime: Runtime): Access {
  return ({ identity }) =>
    runtime.tenant(identity.tenant, identity.role === "user" ? { owner: personOf(identity) } : {});
}

/** `Sender.id` of the caller as a person, and so the owner of their conversations. */
export function personOf({ user }: Pick<Identity, "user">): string {
  return `user:${user}`;
}
