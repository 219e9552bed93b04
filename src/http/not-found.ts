import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { PersonaError } from "../errors.ts";

/** Tells a path that does not exist (404) from one that does not answer this method (405, with Allow). */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const methods = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });

  const refusal = (request: FastifyRequest, reply: FastifyReply): PersonaError => {
    const path = pathOf(request);
    const allowed = [...methods].filter(([pattern]) => matches(pattern, path)).flatMap(([, known]) => [...known]);
    // A route that answers this method and found nothing, such as a file of /docs, is no wrong method.
    if (allowed.length === 0 || allowed.includes(request.method)) {
      return new PersonaError("route_not_found", `There is nothing at ${path}; /openapi.json lists every route.`);
    }
    const allow = allowed.sort().join(", ");
    reply.header("allow", allow);
    return new PersonaError("method_not_allowed", `${path} answers ${allow}.`);
  };

  // Before the body is read: what is wrong with it does not matter when nobody wants it.
  app.addHook("onRequest", (request, reply, done) => {
    if (request.is404) done(refusal(request, reply));
    else done();
  });
  // Reached from inside a route that found nothing to deliver.
  app.setNotFoundHandler((request, reply) => {
    throw refusal(request, reply);
  });
}

/** The path of a request, without the query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

function matches(pattern: string, path: string): boolean {
  const asked = path.split("/");
  const known = pattern.split("/");
  const rest = known.at(-1) === "*";
  if (rest ? asked.length < known.length : asked.length !== known.length) return false;
  return known.every(
    (segment, at) => segment === "*" || (segment.startsWith(":") && asked[at]) || segment === asked[at],
  );
}
