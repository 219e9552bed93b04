/** The `persona-runtime/telemetry` entry: traces and metrics to a collector, for who has no OpenTelemetry SDK yet. */
export { type Collector, type CollectorOptions, openCollector } from "./telemetry/collector.ts";
