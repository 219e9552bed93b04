import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Services } from "../services.ts";
import { decimal, idInput } from "../wire/common.ts";
import {
  changesOf,
  definitionOf,
  enrollmentBody,
  enrollmentChanges,
  enrollmentOf,
  enrollmentPageQuery,
  enrollmentPageSchema,
  enrollmentParams,
  enrollmentSchema,
} from "../wire/enrollment.ts";
import { wire } from "../wire/registry.ts";
import { whyOf, whySchema } from "../wire/why.ts";
import { within } from "../within.ts";

const params = z.strictObject({ id: idInput });
const tags = ["enrollments"];

const removalQuery = z.strictObject({
  mode: z
    .enum(["drain", "return"])
    .default("drain")
    .register(wire, { description: "`drain` answers what waits first, `return` declines it" }),
  wait: decimal(z.int().min(0).max(60))
    .default(60)
    .register(wire, { description: "Seconds to wait until the persona is gone. Default 60" }),
});

export const enrollments: FastifyPluginAsyncZod<Services> = async (app, { access, clock, graceOver }) => {
  app.get(
    "/v1/enrollments",
    {
      config: { policy: "user" },
      schema: {
        tags,
        summary: "The personas in the fleet, by id",
        querystring: enrollmentPageQuery,
        response: { 200: enrollmentPageSchema },
      },
    },
    async (request) => {
      const { limit, ...after } = request.query;
      const personas = access(request).personas({ ...after, limit: limit + 1 });
      const { role } = request.identity;
      return {
        enrollments: personas.slice(0, limit).map((persona) => enrollmentOf(persona, role)),
        more: personas.length > limit,
      };
    },
  );

  app.get(
    "/v1/enrollments/:id",
    {
      config: { policy: "user" },
      schema: { tags, summary: "A persona and what it is doing", params, response: { 200: enrollmentSchema } },
    },
    async (request) => enrollmentOf(access(request).status(request.params.id), request.identity.role),
  );

  app.get(
    "/v1/enrollments/:id/why",
    {
      config: { policy: "user" },
      schema: {
        tags,
        summary: "Why a persona is not answering: which gate, since when, until when",
        params,
        response: { 200: whySchema },
      },
    },
    async (request) => whyOf(await access(request).why(request.params.id)),
  );

  app.put(
    "/v1/enrollments/:id",
    {
      config: { policy: "admin" },
      schema: {
        tags,
        summary: "Enroll a persona, or replace what it is; its inbox stays",
        params: enrollmentParams,
        body: enrollmentBody,
        response: { 200: enrollmentSchema, 201: enrollmentSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const runtime = access(request);
      const known = runtime.has(id);
      const enrolled = enrollmentOf(await runtime.enroll(definitionOf(id, request.body)), request.identity.role);
      if (known) return reply.code(200).send(enrolled);
      return reply.code(201).header("location", `/v1/enrollments/${id}`).send(enrolled);
    },
  );

  app.patch(
    "/v1/enrollments/:id",
    {
      config: { policy: "admin" },
      schema: {
        tags,
        summary: "Change settings, pause, resume, put to sleep, wake; the rest stays",
        params,
        body: enrollmentChanges,
        response: { 200: enrollmentSchema },
      },
    },
    async (request) => {
      const changed = await access(request).configure(request.params.id, changesOf(request.body));
      return enrollmentOf(changed, request.identity.role);
    },
  );

  app.delete(
    "/v1/enrollments/:id",
    {
      config: { policy: "admin" },
      schema: {
        tags,
        summary: "Take a persona out of the fleet",
        params,
        querystring: removalQuery,
        response: {
          202: enrollmentSchema,
          204: z.undefined().register(wire, { description: "The persona is gone" }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { mode, wait } = request.query;
      const runtime = access(request);
      const gone = runtime.unenroll(id, mode).then(() => true);
      const patience = { ms: wait * 1000, clock, response: reply.raw, graceOver };
      if (await within(gone, patience)) return reply.code(204).send();
      return reply.code(202).send(enrollmentOf(runtime.status(id), request.identity.role));
    },
  );
};
