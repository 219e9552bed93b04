/** The kinds of providers that are built by name, from the AI SDK's packages. */
import { guardedFetch } from "../net/guarded-fetch.ts";
import { type Abilities, anthropicAbilities, googleAbilities, OPENAI_COMPATIBLE } from "./abilities.ts";
import type { CheckedProvider, EmbeddingModel, Model } from "./options.ts";
import { load } from "./packages.ts";
import { boundedFetch, MAX_ANSWER_BYTES } from "./wire.ts";

const LONGEST_SILENCE_MS = 600_000;
/** Where these are when nobody says otherwise. Given always: the packages would look into the environment first. */
const ANTHROPIC_URL = "https://api.anthropic.com/v1";
const GOOGLE_URL = "https://generativelanguage.googleapis.com/v1beta";

/** The models of a provider, by name. */
export interface Models {
  create(model: string): Model;
  abilities(model: string): Abilities;
  /** A model that embeds texts; left out where there is none. */
  embedding?(model: string): EmbeddingModel;
}

/** Throws `package_missing`. */
export async function createModels(name: string, provider: CheckedProvider): Promise<Models> {
  const { kind, baseUrl, apiKey, headers } = provider;
  const { allowPrivate } = provider;
  // A turn has a deadline of its own.
  const guarded = guardedFetch({ allowPrivate, maxBytes: MAX_ANSWER_BYTES, timeoutMs: LONGEST_SILENCE_MS });
  const call = provider.fetch ?? guarded;
  const fetch = boundedFetch(name, call);
  // Vectors come in one piece.
  const fetchJson = boundedFetch(name, call, "application/json");
  const given = { fetch, ...(apiKey !== undefined && { apiKey }), ...(headers !== undefined && { headers }) };
  if (kind === "anthropic") {
    const { createAnthropic } = await load("@ai-sdk/anthropic", 4, () => import("@ai-sdk/anthropic"));
    const known = await import("@ai-sdk/anthropic/internal");
    return {
      create: createAnthropic({ ...given, baseURL: baseUrl?.href ?? ANTHROPIC_URL }),
      abilities: (model) => anthropicAbilities(known, model),
    };
  }
  if (kind === "google") {
    const { createGoogle } = await load("@ai-sdk/google", 4, () => import("@ai-sdk/google"));
    const known = await import("@ai-sdk/google/internal");
    const baseURL = baseUrl?.href ?? GOOGLE_URL;
    return {
      create: createGoogle({ ...given, baseURL }),
      abilities: (model) => googleAbilities(known, model),
      embedding: (model) => createGoogle({ ...given, fetch: fetchJson, baseURL }).embeddingModel(model),
    };
  }
  const { createOpenAICompatible } = await load(
    "@ai-sdk/openai-compatible",
    3,
    () => import("@ai-sdk/openai-compatible"),
  );
  const baseURL = baseUrl?.href ?? "";
  return {
    create: createOpenAICompatible({ ...given, name, baseURL, includeUsage: true }),
    abilities: () => OPENAI_COMPATIBLE,
    embedding: (model) => createOpenAICompatible({ ...given, fetch: fetchJson, name, baseURL }).embeddingModel(model),
  };
}
