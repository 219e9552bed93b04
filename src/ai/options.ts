/** What providers are configured with: the check, and the defaults. */
import type { EmbeddingModel as AnyEmbeddingModel, LanguageModel } from "ai";
import * as z from "zod";
import { clockSchema, functionSchema, modelNameSchema } from "../inputs.ts";

/** What the AI SDK knows how to speak by itself. */
export const KINDS = ["openai-compatible", "anthropic", "google"] as const;
export type Kind = (typeof KINDS)[number];

/** A name of a model in the AI SDK would be that of a hosted gateway. */
export type Model = Exclude<LanguageModel, string>;

export type EmbeddingModel = Extract<AnyEmbeddingModel, { specificationVersion: "v4" }>;

type CurrentModel = Extract<Model, { specificationVersion: "v4" }>;
/** What is asked of a model, and what it streams, in the words of the specification that models of the AI SDK follow. */
export type ModelCall = Parameters<CurrentModel["doStream"]>[0];
export type ModelMessage = ModelCall["prompt"][number];
export type ModelTool = Extract<NonNullable<ModelCall["tools"]>[number], { type: "function" }>;
export type ModelPart =
  Awaited<ReturnType<CurrentModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const headerValue = z
  .string()
  .min(1, "must not be empty")
  .max(8_192)
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, "must be visible ASCII characters");

const baseUrl = z
  .string()
  .refine(URL.canParse, "must be a URL, such as https://api.example.com/v1")
  .transform((text) => new URL(text))
  .refine(({ protocol }) => protocol === "https:" || protocol === "http:", "must be an https URL")
  .refine(({ username, password }) => username + password === "", "must hold no user name and no password")
  .refine(({ search, hash }) => search + hash === "", "must end with its path");

/** How the calls of a model are made. */
export const callShape = {
  /** Calls at once over all personas, 1..65 536. */
  maxConcurrent: z.int().min(1).max(65_536).default(16),
  /** Most tokens of one answer. */
  maxOutputTokens: z.int().min(1).max(1_000_000).default(4_096),
  temperature: z.number().min(0).max(2).optional(),
  /** Handed to the AI SDK as they are. */
  providerOptions: z.record(z.string(), z.record(z.string(), z.json())).optional(),
};

export const providerSchema = z
  .strictObject({
    kind: z.enum(KINDS).optional(),
    /** Instead of a kind: gives the model with this name. */
    create: functionSchema<(model: string) => Model>().optional(),
    baseUrl: baseUrl.optional(),
    apiKey: headerValue.optional(),
    headers: z
      .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be the name of a header"), headerValue)
      .optional(),
    /** Whether `baseUrl` may be http and lead to an address that is not public. */
    allowPrivate: z.boolean().default(false),
    fetch: functionSchema<typeof fetch>().optional(),
    ...callShape,
  })
  .check(({ value, issues }) => {
    const fault = (field: string, message: string) =>
      issues.push({ code: "custom", input: value, path: [field], message });
    const { kind, create } = value;
    if ((kind === undefined) === (create === undefined)) fault("kind", "must be given, or else `create`");
    if (kind === undefined) {
      for (const field of ["baseUrl", "apiKey", "headers", "fetch"] as const)
        if (value[field] !== undefined)
          fault(field, "must be left out with `create`, which decides itself whom it calls");
      return;
    }
    if (kind === "openai-compatible" && value.baseUrl === undefined)
      fault("baseUrl", "must be given with this kind, such as https://api.example.com/v1");
    if (kind !== "openai-compatible" && value.apiKey === undefined) fault("apiKey", "must be given with this kind");
    if (value.baseUrl?.protocol === "http:" && !value.allowPrivate)
      fault("baseUrl", "must be an https URL, unless `allowPrivate` is true");
  });

export const providerNameSchema = z
  .string()
  .regex(NAME, "must be 1 to 64 characters: lower-case letters, digits, '_' or '-', starting with a letter or digit");

export const providersSchema = z
  .record(providerNameSchema, providerSchema)
  .refine((entries) => Object.keys(entries).length > 0, "must name at least one provider");

export const modelsSchema = z
  .strictObject({
    /** Answers for personas without a model. */
    default: modelNameSchema.optional(),
    /** Tried in this order when a persona's model cannot answer. */
    fallback: z.array(modelNameSchema).max(16).default([]),
    clock: clockSchema.optional(),
    seed: z.int().min(0).optional(),
  })
  .prefault({});

export type CheckedModel = z.output<z.ZodObject<typeof callShape>>;

/** Of `aiSdk`. */
export const modelSchema = z
  .strictObject({
    ...callShape,
    clock: clockSchema.optional(),
    seed: z.int().min(0).optional(),
  })
  .prefault({});

export type ProviderOptions = z.input<typeof providerSchema>;
export type CheckedProvider = z.output<typeof providerSchema>;
export type ModelsOptions = z.input<typeof modelsSchema>;
export type ModelOptions = z.input<typeof modelSchema>;
