import type { Clock } from "../clock.ts";
import type { Runtime } from "../types.ts";

/** What every route is registered with. */
export interface Services {
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** Aborts when the server begins to close. */
  readonly closing: AbortSignal;
  /** Aborts when requests that still wait for something must be answered without it. */
  readonly graceOver: AbortSignal;
  readonly heartbeatMs: number;
}
