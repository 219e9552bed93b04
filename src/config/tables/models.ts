/** The keys of models: who provides them, and which answer. */
import * as z from "zod";
import { callShape, KINDS, providerNameSchema } from "../../ai/options.ts";
import { modelNameSchema } from "../../inputs.ts";
import { about } from "../about.ts";
import { headerName, notBlank } from "./texts.ts";

const { maxConcurrent, maxOutputTokens, temperature } = callShape;

export const providersTable = z
  .record(
    providerNameSchema,
    z.strictObject({
      kind: z.enum(KINDS).register(about, { description: "What it speaks", example: "openai-compatible" }),
      base_url: notBlank().exactOptional().register(about, {
        description: "Where it is; needed for openai-compatible",
        example: "https://api.example.com/v1",
      }),
      api_key: z
        .string()
        .exactOptional()
        .register(about, {
          description: "What it is called with",
          secret: true,
          example: { env: "EXAMPLE_API_KEY" },
        }),
      max_concurrent: maxConcurrent.unwrap().exactOptional().register(about, {
        description: "Calls at once over all personas",
        example: 16,
      }),
      max_output_tokens: maxOutputTokens.unwrap().exactOptional().register(about, {
        description: "Most tokens of one answer",
        example: 4_096,
      }),
      temperature: temperature.unwrap().exactOptional().register(about, {
        description: "How much chance there is in its answers",
        example: 0.7,
      }),
      allow_private: z.boolean().exactOptional().register(about, {
        description: "Whether base_url may be http and lead to an address that is not public",
        example: false,
      }),
      headers: z
        .record(
          headerName(),
          z.string().register(about, {
            description: "Sent with each call",
            secret: true,
            example: { env: "ORGANISATION" },
          }),
        )
        .exactOptional()
        .register(about, { description: "Headers by name", example: "x-organisation" }),
    }),
  )
  .default({})
  .register(about, { description: "Providers of models by name", example: "example" });

export const modelsTable = z
  .strictObject({
    default: modelNameSchema.clone().exactOptional().register(about, {
      description: "Answers for personas that name no model, as provider:model",
      example: "example:small",
    }),
    fallback: z
      .array(modelNameSchema.clone())
      .max(16, "must have 16 at most")
      .default([])
      .register(about, {
        description: "Tried in this order when a persona's model cannot answer",
        example: ["example:large"],
      }),
  })
  .prefault({});
