/** Providers by name: each has one gate, and its models are resolved from `provider:model`. */
import { randomInt } from "node:crypto";
import { systemClock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { quoteId } from "../ids.ts";
import { random } from "../random.ts";
import { parse } from "../runtime/settings.ts";
import type { Cognition, ProviderStatus, Providers } from "../types.ts";
import { type Line, split } from "./call.ts";
import { cognitionOf } from "./cognition.ts";
import { Gate } from "./gate.ts";
import { createModels } from "./kinds.ts";
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
  create(model: string): Model;
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
      create: provider.create ?? (await createModels(name, provider)),
    });
  }

  const lines = new Map<string, Line>();
  const lineOf = (name: string): Line => {
    const present = lines.get(name);
    if (present !== undefined) return present;
    const [providerName, model] = split(name);
    const provider = byName.get(providerName);
    if (provider === undefined) throw unknown(name, [...byName.keys()]);
    const { gate, options, redact } = provider;
    const line = { name, gate, options, redact, clock, model: provider.create(model) };
    lines.set(name, line);
    return line;
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
  return { cognition, status };
}

function unknown(name: string, known: readonly string[]): PersonaError {
  const [provider] = split(name);
  return new PersonaError(
    "provider_unknown",
    `No provider ${quoteId(provider)} is configured, which the model ${quoteId(name)} is of; there are ${known.join(", ")}`,
  );
}
