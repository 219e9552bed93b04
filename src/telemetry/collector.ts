/**
 * An OpenTelemetry SDK of our own that sends to a collector by OTLP over HTTP, in JSON. Its packages are the caller's to
 * install. What cannot be sent is dropped: a collector that hangs or is gone costs a bounded queue and one warning.
 */
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import * as z from "zod";
import { after, type Clock, systemClock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { functionSchema } from "../inputs.ts";
import { manifest } from "../manifest.ts";
import { type GuardOptions, guardedFetch } from "../net/guarded-fetch.ts";
import type { PersonaWarning } from "../types.ts";

export const collectorOptionsSchema = z.strictObject({
  /** The collector's base, such as `http://127.0.0.1:4318`; `/v1/traces` and `/v1/metrics` are called there. */
  url: z.url({ protocol: /^https?$/, error: "must be an http or https URL, such as http://127.0.0.1:4318" }),
  headers: z.record(z.string(), z.string()).default({}),
  /** As for every configured URL; without it, plain http and private addresses are for loopback only. */
  allowPrivate: z.union([z.boolean(), z.array(z.string()).readonly()]).optional(),
  serviceName: z.string().min(1).default(manifest.name),
  /** How long one request may take. */
  timeoutMs: z.int().min(1).max(60_000).default(10_000),
  /** How often metrics are sent. */
  everyMs: z.int().min(1_000).max(3_600_000).default(60_000),
  /** How long `close` may take to send the rest. */
  graceMs: z.int().min(0).max(60_000).default(3_000),
  clock: z.custom<Clock>().default(systemClock),
  /** Told when the collector cannot be reached, and not again until it could. */
  onWarning: functionSchema<(warning: PersonaWarning) => void>().optional(),
});

export type CollectorOptions = z.input<typeof collectorOptionsSchema>;

/** What `createRuntime({ telemetry })` takes. */
export interface Collector {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  /** Sends what is left, as long as the grace lasts; after the runtime, whose last turns are then told. Never rejects. */
  close(): Promise<void>;
}

/** Throws `invalid_input`, or `package_missing` naming what to install. */
export async function openCollector(options: CollectorOptions): Promise<Collector> {
  const { url, serviceName, everyMs, timeoutMs, graceMs, clock, ...sending } = parse(
    collectorOptionsSchema,
    options,
    "telemetry",
  );
  const { traces, metrics, resources, transformer } = await loadPackages();
  const sender = new Sender({ ...sending, base: url, timeoutMs });
  const resource = resources.resourceFromAttributes({
    "service.name": serviceName,
    "service.version": manifest.version,
  });
  const tracerProvider = new traces.TracerProvider({
    resource,
    spanProcessors: [
      new traces.BatchSpanProcessor({
        exporter: sender.exporter("v1/traces", transformer.JsonTraceSerializer),
        exportTimeoutMillis: timeoutMs,
      }),
    ],
  });
  const meterProvider = new metrics.MeterProvider({
    resource,
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exporter: sender.exporter("v1/metrics", transformer.JsonMetricsSerializer),
        exportIntervalMillis: everyMs,
        exportTimeoutMillis: Math.min(timeoutMs, everyMs),
      }),
    ],
  });
  const close = async () => {
    const cancel = after(clock, graceMs, () => sender.giveUp());
    await Promise.allSettled([tracerProvider.shutdown(), meterProvider.shutdown()]);
    cancel();
  };
  let closed: Promise<void> | undefined;
  return { tracerProvider, meterProvider, close: () => (closed ??= close()) };
}

interface SenderOptions extends Pick<GuardOptions, "timeoutMs"> {
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowPrivate?: GuardOptions["allowPrivate"] | undefined;
  readonly timeoutMs: number;
  readonly onWarning?: ((warning: PersonaWarning) => void) | undefined;
}

class Sender {
  readonly #options: SenderOptions;
  readonly #fetch: typeof fetch;
  readonly #givenUp = new AbortController();
  #failing = false;

  constructor(options: SenderOptions) {
    const { base, timeoutMs, allowPrivate = onLoopback(base) } = options;
    this.#options = options;
    this.#fetch = guardedFetch({ allowPrivate, timeoutMs, maxBytes: 1_048_576 });
  }

  /** What the SDK's processors and readers want. */
  exporter<Data>(path: string, serializer: { serializeRequest(data: Data): Uint8Array | undefined }) {
    const { base } = this.#options;
    const url = new URL(path, base.endsWith("/") ? base : `${base}/`);
    return {
      export: (data: Data, done: (result: { code: number; error?: Error }) => void) => {
        this.#send(url, serializer.serializeRequest(data)).then(
          () => done({ code: SUCCESS }),
          (error: Error) => done({ code: FAILED, error }),
        );
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    };
  }

  /** Ends what is on its way, and refuses the rest. */
  giveUp(): void {
    this.#givenUp.abort();
  }

  async #send(url: URL, body: Uint8Array | undefined): Promise<void> {
    if (body === undefined) return;
    const { headers, timeoutMs } = this.#options;
    try {
      const answer = await this.#fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: body as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.any([this.#givenUp.signal, AbortSignal.timeout(timeoutMs)]),
      });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`The collector answered ${answer.status}`);
      this.#failing = false;
    } catch (cause) {
      if (!this.#failing) {
        const message = `Traces or metrics could not be sent to ${url.host} and are dropped until they can`;
        this.#options.onWarning?.({ code: "telemetry_failed", message, cause });
      }
      this.#failing = true;
      throw cause;
    }
  }
}

/** `ExportResultCode` of the SDK. */
const SUCCESS = 0;
const FAILED = 1;

/** A collector beside us is the usual one, and whoever named it as such means it. */
function onLoopback(base: string): readonly string[] {
  const { hostname, origin } = new URL(base);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.") ? [origin] : [];
}

const PACKAGES = [
  "@opentelemetry/sdk-trace",
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/resources",
  "@opentelemetry/otlp-transformer",
];

async function loadPackages() {
  try {
    return {
      traces: await import("@opentelemetry/sdk-trace"),
      metrics: await import("@opentelemetry/sdk-metrics"),
      resources: await import("@opentelemetry/resources"),
      transformer: await import("@opentelemetry/otlp-transformer"),
    };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = `Sending to a collector takes packages that are not installed: npm install ${PACKAGES.join(" ")}`;
    throw new PersonaError("package_missing", message, { cause });
  }
}
