/** The OpenAPI document, made from the schemas that also validate, and the page that shows it. */
import { STATUS_CODES } from "node:http";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import * as z from "zod";
import { protectPages } from "./answer-headers.ts";
import type { RateLimits } from "./limits.ts";
import { PROBLEM_TYPE, problemSchema } from "./problem.ts";
import { wire } from "./wire/registry.ts";

/** Register before the routes, and `describeRoutes` after them. */
export async function collectRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "persona-runtime",
        version,
        description: "A whole cast of AI personas in one process. Times are milliseconds since 1970.",
        license: { name: "MIT", identifier: "MIT" },
      },
      components: {
        securitySchemes: {
          bearer: {
            type: "http",
            scheme: "bearer",
            description:
              "An API key (`pr_…`) or a JSON Web Token. A server that listens on loopback only may want none",
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry: wire }),
    transformObject: (source) => tidy(addSchemas(source)),
  });
  // What holds for every route is said once, here.
  app.addHook("onRoute", (route) => {
    if (route.schema?.hide === true) return;
    const { response, ...schema } = route.schema ?? {};
    const open = route.config?.policy === "public" ? { security: [] } : {};
    route.schema = {
      querystring: NO_QUERY,
      ...open,
      ...schema,
      response: { default: PROBLEM, ...(response as object) },
    };
  });
}

/**
 * Anybody may read how the server is called, since a browser cannot send a key for a page: it is the same for everybody,
 * and what it describes takes a key. How often is counted by address, for the files are large.
 *
 * @param limits None where nobody is asked for a key.
 */
export async function describeRoutes(app: FastifyInstance, limits: RateLimits | undefined): Promise<void> {
  const count = async ({ ip }: FastifyRequest) => limits?.takeNobody(ip);
  let text: string | undefined;
  app.get(
    "/openapi.json",
    {
      config: { policy: "public" },
      onRequest: count,
      schema: { tags: ["server"], summary: "This document", response: { 200: z.looseObject({ openapi: z.string() }) } },
    },
    async (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.type("application/json").send(text);
    },
  );
  await app.register(async (docs) => {
    docs.addHook("onRoute", (route) => {
      route.config = { ...route.config, policy: "public" };
    });
    docs.addHook("onRequest", count);
    await protectPages(docs);
    await docs.register(swaggerUi, {
      routePrefix: "/docs",
      theme: { title: "persona-runtime" },
      uiConfig: { url: "/openapi.json", validatorUrl: null },
      staticCSP: {
        "default-src": "'none'",
        "connect-src": "'self'",
        "img-src": ["'self'", "data:"],
        "script-src": "'self'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
      },
    });
  });
}

const NO_QUERY = z.strictObject({});

const PROBLEM = { description: "A problem", content: { [PROBLEM_TYPE]: { schema: problemSchema } } };

const addSchemas = createJsonSchemaTransformObject({ schemaRegistry: wire });

/** Names the answers by their status, and drops the input variants of schemas that are never an input. */
function tidy<Document extends object>(document: Document): Document {
  const { paths = {}, components: { schemas = {} } = {} } = document as Described;
  for (const { responses } of Object.values(paths).flatMap(Object.values<Operation>)) {
    for (const [status, response] of Object.entries(responses)) {
      if (response.description === "Default Response") response.description = STATUS_CODES[status] ?? status;
    }
  }
  const unused = () => {
    const text = JSON.stringify(document);
    return Object.keys(schemas).filter((name) => name.endsWith("Input") && !text.includes(`schemas/${name}"`));
  };
  // One dropped schema can have been the last that named another one.
  for (let names = unused(); names.length > 0; names = unused()) for (const name of names) delete schemas[name];
  return document;
}

interface Operation {
  readonly responses: Readonly<Record<string, { description: string }>>;
}

interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Record<string, unknown> };
}
