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
  /** By tenant, and owner if there is one; no tenant's name has a blank. */
  const views = new Map<string, Runtime>();
  return ({ identity }) => {
    const { tenant, user, role } = identity;
    const name = role === "user" ? `${tenant} ${user}` : tenant;
    const known = views.get(name);
    if (known !== undefined) return known;
    const view = runtime.tenant(tenant, role === "user" ? { owner: personOf(identity) } : {});
    // A view is nothing but a name: one that is forgotten is made again.
    if (views.size >= MAX_VIEWS) views.clear();
    views.set(name, view);
    return view;
  };
}

const MAX_VIEWS = 10_000;

/** `Sender.id` of the caller as a person, and so the owner of their conversations. */
export function personOf({ user }: Pick<Identity, "user">): string {
  return `user:${user}`;
}
