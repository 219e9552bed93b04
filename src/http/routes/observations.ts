import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { invalidInput } from "../../faults.ts";
import type { ObservationInput } from "../../mapping/observation.ts";
import { personOf } from "../access.ts";
import { serializedAsMade } from "../serialization.ts";
import type { Services } from "../services.ts";
import { bodiesLater } from "../validation.ts";
import { observationPageQuery, observationPageSchema, observationsBody, recordedSchema } from "../wire/observation.ts";

/** A hundred observations with texts of 64 KiB; what is not text is bounded as everywhere. */
const MAX_BODY_BYTES = 8_388_608;

const tags = ["mapping"];

export const observations: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.setValidatorCompiler(bodiesLater);
  app.setSerializerCompiler(serializedAsMade);

  app.post(
    "/v1/observations",
    {
      config: { policy: "user", readsDocuments: true },
      bodyLimit: Math.max(app.initialConfig.bodyLimit ?? 0, MAX_BODY_BYTES),
      schema: {
        tags,
        summary: "Record what was observed of a person; sent again under its id, it is the same observation",
        body: observationsBody,
        response: { 200: recordedSchema, 201: recordedSchema },
      },
    },
    async (request, reply) => {
      const recorded = await access(request).mapping.observe(ofCaller(request.body, personOf(request.identity)));
      const isNew = recorded.observations.some(({ id }) => !recorded.repeated.includes(id));
      return reply.code(isNew ? 201 : 200).send(recorded);
    },
  );

  app.get(
    "/v1/observations",
    {
      config: { policy: "user" },
      schema: {
        tags,
        summary: "What was observed of a person",
        querystring: observationPageQuery,
        response: { 200: observationPageSchema },
      },
    },
    async (request) => {
      const { person_id: person = personOf(request.identity), limit, ...page } = request.query;
      const found = await access(request).mapping.observations({ ...page, person, limit: limit + 1 });
      return { observations: found.slice(0, limit), more: found.length > limit };
    },
  );
};

/** Who says nothing of whom it is about speaks of themselves. Whatever else it is, is for the library to refuse. */
function ofCaller(body: unknown, person: string): ObservationInput | readonly ObservationInput[] {
  const own = (one: unknown) => (isObject(one) ? { person_id: person, ...one } : one);
  if (!isObject(body))
    throw invalidInput("body", [{ field: "body", message: "must be one observation, or { observations }" }]);
  const { observations, ...rest } = body;
  const isBatch = Array.isArray(observations) && Object.keys(rest).length === 0;
  return (isBatch ? observations.map(own) : own(body)) as ObservationInput;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
