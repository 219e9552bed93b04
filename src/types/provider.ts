import type { Embedder } from "../mapping/embedder.ts";
import type { Cognition } from "./cognition.ts";

/** Who answers for models: made by `providers` of `persona-runtime/ai`. Runtimes may share one. */
export interface Providers {
  /**
   * The cognition of a persona with this model, or of one without; undefined if there is no default for it. Throws
   * `provider_unknown`.
   */
  cognition(model: string | undefined): Cognition | undefined;
  /** What embeds texts by this model (`provider:model`). Throws `provider_unknown`, or `invalid_input` if it embeds none. */
  embedder?(model: string): Embedder;
  status(): readonly ProviderStatus[];
}

/** Whether a provider can be called. */
export interface ProviderHealth {
  readonly name: string;
  readonly state: "closed" | "open" | "half_open";
  /** When one call may try, if it is open. */
  readonly halfOpenAt: number | undefined;
  /** It has asked not to be called before. */
  readonly throttledUntil: number | undefined;
}

export interface ProviderStatus extends ProviderHealth {
  /** Closed: calls that failed in a row. Else: tries that failed in a row. */
  readonly failures: number;
  readonly inFlight: number;
  readonly maxConcurrent: number;
  /** Personas and turns that wait for room. */
  readonly waiting: number;
  /** Calls since it was configured; of those, how many failed, and how many it asked to repeat later. */
  readonly calls: number;
  readonly failed: number;
  readonly throttled: number;
}
