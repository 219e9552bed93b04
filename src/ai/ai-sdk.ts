/** One model of the AI SDK as a cognition. */
import { randomInt } from "node:crypto";
import { systemClock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { random } from "../random.ts";
import type { Cognition, ProviderStatus } from "../types.ts";
import { UNKNOWN } from "./abilities.ts";
import { cognitionOf } from "./cognition.ts";
import { Gate } from "./gate.ts";
import { type Model, type ModelOptions, modelSchema } from "./options.ts";
import { redactor } from "./redact.ts";

/**
 * Answers turns with a model object of the AI SDK. Make it once and give it to everybody: the breaker and the bound are
 * those of this cognition. Throws `invalid_input`; a turn throws `package_missing` when `ai` is not installed.
 */
export function aiSdk(model: Model, settings?: ModelOptions): Cognition & { status(): ProviderStatus } {
  const { provider, modelId, doStream } = (model ?? {}) as Partial<Model>;
  if (typeof provider !== "string" || typeof modelId !== "string" || typeof doStream !== "function") {
    const fault = { field: "model", message: "must be a model object of the AI SDK, such as openai.chatModel(name)" };
    // A string is one to the AI SDK too: that of a gateway which nobody here has chosen.
    throw new PersonaError("invalid_input", `${fault.field} ${fault.message}`, { fields: [fault] });
  }
  const { clock = systemClock(), seed = randomInt(2 ** 31), ...call } = parse(modelSchema, settings, "options");
  const gate = new Gate({ name: provider, maxConcurrent: call.maxConcurrent, clock, random: random(seed) });
  const options = { ...call, abilities: UNKNOWN };
  const line = { name: `${provider}:${modelId}`, gate, model, options, redact: redactor([]), clock };
  return Object.assign(cognitionOf([line]), { status: () => gate.status() });
}
