import type { FastifyInstance, RouteOptions } from "fastify";

/** Who may call a route: anybody, whoever has an identity, or administrators. */
export type Policy = "public" | "user" | "admin";

declare module "fastify" {
  interface FastifyContextConfig {
    policy?: Policy;
  }
}

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
