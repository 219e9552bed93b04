import type { Clock } from "../clock.ts";
import type { Runtime } from "../types.ts";
import type { Access } from "./access.ts";
import type { RateLimits } from "./limits.ts";

/** What every route is registered with. */
export interface Services {
  /** For what concerns no tenant alone, such as readiness; routes about anything else use `access`. */
  readonly runtime: Runtime;
  readonly access: Access;
  readonly clock: Clock;
  /** Aborts when the server begins to close. */
  readonly closing: AbortSignal;
  /** Aborts when requests that still wait for something must be answered without it. */
  readonly graceOver: AbortSignal;
  readonly heartbeatMs: number;
  /** For what comes without being a request, such as frames of a socket; undefined when nobody is limited. */
  readonly limits: RateLimits | undefined;
}
