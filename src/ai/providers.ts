/** Providers by name: each has one gate, and its models are resolved from `provider:model`. */
import { randomInt } from "node:crypto";
import { systemClock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { quoteId } from "../ids.ts";
import type { Embedder } from "../mapping/embedder.ts";
import { random } from "../random.ts";
import type { Cognition, ProviderStatus, Providers } from "../types.ts";
import { UNKNOWN } from "./abilities.ts";
import { type Line, split } from "./call.ts";
import { cognitionOf } from "./cognition.ts";
import { embedderOf } from "./embedding.ts";
import { Gate } from "./gate.ts";
import { createModels, type Models } from "./kinds.ts";
import {
  type CheckedProvider,
  type Model,
  type ModelsOptions,
  modelsSchema,
  type ProviderOptions,
  providersSchema,
} from "./options.ts";
import { loadSdk } from "./packages.ts";
import { type Redact, redactor } from "./redact.ts";

interface Provider {
  readonly gate: Gate;
  readonly options: CheckedProvider;
  readonly redact: Redact;
  readonly models: Models;
}

/**
 * Checks everything and loads the packages that are needed, so that what is wrong is found here. Throws
 * `invalid_input`, `package_missing`, or `provider_unknown` for a default or fallback of another provider.
 */
export async function providers(
  configured: Readonly<Record<string, ProviderOptions>>,
  options?: ModelsOptions,
): Promise<Providers> {
  const checked = parse(providersSchema, configured, "providers");
  const { clock = systemClock(), seed = randomInt(2 ** 31), ...models } = parse(modelsSchema, options, "models");
  await loadSdk();
  const byName = new Map<string, Provider>();
  const jitter = random(seed);
  for (const [name, provider] of Object.entries(checked)) {
    const { apiKey = "", headers = {}, maxConcurrent } = provider;
    byName.set(name, {
      gate: new Gate({ name, maxConcurrent, clock, random: jitter }),
      options: provider,
      redact: redactor([apiKey, ...Object.values(headers)]),
      models: provider.create === undefined ? await createModels(name, provider) : ofHost(provider.create),
    });
  }

  const lines = new Map<string, Line>();
  const lineOf = (name: string): Line => {
    const present = lines.get(name);
    if (present !== undefined) return present;
    const [providerName, model] = split(name);
    const provider = byName.get(providerName);
    if (provider === undefined) throw unknown(name, [...byName.keys()]);
    const { gate, redact, models } = provider;
    const options = { ...provider.options, abilities: models.abilities(model) };
    const line = { name, gate, options, redact, clock, model: models.create(model) };
    lines.set(name, line);
    return line;
  };

  const embedder = (name: string): Embedder => {
    const [providerName, model] = split(name);
    const provider = byName.get(providerName);
    if (provider === undefined) throw unknown(name, [...byName.keys()]);
    const { gate, redact, models } = provider;
    if (models.embedding === undefined) {
      const message = "must be of a provider of the kind openai-compatible or google, which embed texts";
      throw new PersonaError("invalid_input", `model ${message}`, { fields: [{ field: "model", message }] });
    }
    return embedderOf({ name, gate, redact, clock, model: models.embedding(model) });
  };

  const fallback = models.fallback.map(lineOf);
  const cognitions = new Map<string, Cognition>();
  const cognition = (name = models.default): Cognition | undefined => {
    if (name === undefined) return undefined;
    const present = cognitions.get(name);
    if (present !== undefined) return present;
    const line = lineOf(name);
    const made = cognitionOf([line, ...fallback.filter((other) => other !== line)]);
    cognitions.set(name, made);
    return made;
  };
  cognition();
  const status = (): readonly ProviderStatus[] => [...byName.values()].map(({ gate }) => gate.status());
  return { cognition, embedder, status };
}

const ofHost = (create: (model: string) => Model): Models => ({ create, abilities: () => UNKNOWN });

function unknown(name: string, known: readonly string[]): PersonaError {
  const [provider] = split(name);
  return new PersonaError(
    "provider_unknown",
    `No provider ${quoteId(provider)} is configured, which the model ${quoteId(name)} is of; there are ${known.join(", ")}`,
  );
}
