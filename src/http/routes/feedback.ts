/** Feedback: under `/v1`, and at the root as it was published. */
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { analyticsSchema } from "../../mapping/analytics.ts";
import { type FeedbackInput, feedbackSchema, feedbackViewSchema } from "../../mapping/feedback.ts";
import { personOf } from "../access.ts";
import { serializedAsMade } from "../serialization.ts";
import type { Services } from "../services.ts";
import { bodiesLater } from "../validation.ts";
import { analyticsQuery } from "../wire/feedback.ts";

const config = { policy: "user" } as const;
const tags = ["mapping"];

export const feedback: FastifyPluginAsyncZod<Services> = async (app, { access }) => {
  app.setValidatorCompiler(bodiesLater);
  app.setSerializerCompiler(serializedAsMade);

  for (const url of ["/v1/feedback", "/feedback"]) {
    app.post(
      url,
      {
        config: { ...config, readsDocuments: true },
        schema: {
          tags,
          // The document of the interface does not repeat it.
          hide: url === "/feedback",
          summary: "Say whether a suggestion was of use; sent again under its id, it is the same feedback",
          body: feedbackSchema,
          response: { 200: feedbackViewSchema, 201: feedbackViewSchema },
        },
      },
      async (request, reply) => {
        const { identity } = request;
        // What is on a type of suggestions is about who says it; a suggestion is somebody's.
        const asked = {
          ...(isOnType(request.body) && { person_id: personOf(identity) }),
          ...(request.body as FeedbackInput),
        };
        const { feedback, repeated } = await access(request).mapping.feedback(asked);
        return reply.code(repeated ? 200 : 201).send(feedback);
      },
    );
  }

  app.get(
    "/v1/feedback/analytics",
    {
      config,
      schema: {
        tags,
        summary: "What was said of suggestions, by rule and by type",
        querystring: analyticsQuery,
        response: { 200: analyticsSchema },
      },
    },
    async (request) => {
      const { person_id: person, mapper_id: mapper, rule_id: rule, days } = request.query;
      return access(request).mapping.feedbackAnalytics({ person, mapper, rule, days });
    },
  );
};

const isOnType = (body: unknown) => typeof body === "object" && body !== null && "mapper_id" in body;
