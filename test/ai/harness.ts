/** A runtime whose personas are answered by a provider on this machine, on a clock that stands still. */
import { onTestFinished } from "vitest";
import { type ModelsOptions, type ProviderOptions, providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import type { Providers, RuntimeEvent, RuntimeOptions } from "../../src/types.ts";
import { type House, openHouse } from "../runtime/harness.ts";
import { type ModelServer, modelServer, type Protocol, type Responder } from "../support/model-server.ts";

export const KEY = "sk-canary-0123456789abcdefghij";
export const PROTOCOLS = ["openai-compatible", "anthropic", "google"] as const satisfies Protocol[];

export async function openServer(respond?: Responder): Promise<ModelServer> {
  const server = await modelServer(respond);
  onTestFinished(() => server.close());
  return server;
}

/** The options of a provider that this server plays. */
export function at(server: ModelServer, kind: Protocol = "openai-compatible"): ProviderOptions {
  return { kind, baseUrl: server.url(kind), apiKey: KEY, allowPrivate: true };
}

export interface ModelHouse extends House {
  readonly providers: Providers;
}

/** Ada has the model `local:m` or the first provider's. */
export async function openModels(
  configured: Record<string, ProviderOptions>,
  models: ModelsOptions = {},
  options: Partial<RuntimeOptions> = {},
): Promise<ModelHouse> {
  const clock = new ManualClock();
  const made = await providers(configured, { clock, seed: 1, ...models });
  const house = await openHouse({ clock, providers: made, ...options });
  await house.runtime.enroll({ id: "ada", name: "Ada", model: `${Object.keys(configured)[0]}:m` });
  return { ...house, clock, providers: made };
}

/** Id of the next turn that ends. */
export async function endedTurn(events: AsyncIterable<RuntimeEvent>): Promise<string> {
  for await (const event of events) if (event.type === "turn") return event.turn;
  return "";
}
