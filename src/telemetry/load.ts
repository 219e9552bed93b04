import type { Tracing } from "../runtime/tracing.ts";
import type { TelemetryOptions } from "../types.ts";

/** Where OpenTelemetry's API keeps what the process registered, whatever copy of the API did so. */
const REGISTERED = Symbol.for("opentelemetry.js.api.1");

/** Undefined when nobody listens; then nothing is loaded, and no turn is traced. */
export async function loadTelemetry(options: TelemetryOptions | undefined): Promise<Tracing | undefined> {
  const registered = (globalThis as { [REGISTERED]?: object })[REGISTERED] ?? {};
  if (options === undefined && !("trace" in registered) && !("metrics" in registered)) return undefined;
  const { TurnTelemetry } = await import("./turn-telemetry.ts");
  return new TurnTelemetry(options ?? {});
}
