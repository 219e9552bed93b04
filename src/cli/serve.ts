/** `persona-runtime serve`: a runtime, its catalogue and the HTTP server, from the start to a signal. */
import { constants } from "node:os";
import type { LibraryOptions } from "../config/library.ts";
import { counted } from "../counted.ts";
import type { AuthOptions } from "../http/auth-options.ts";
import { inLibraryNames } from "../http/wire/names.ts";
import { createRuntime } from "../index.ts";
import { manifest } from "../manifest.ts";
import type { MappingOptions } from "../mapping/mapping.ts";
import { serve } from "../server.ts";
import { shownStore } from "../store/postgres/target.ts";
import type { Collector } from "../telemetry/collector.ts";
import type { PersonaWarning, Runtime, RuntimeOptions } from "../types.ts";
import { type ConfigOptions, configurationOf } from "./config-options.ts";
import { storeOf } from "./store-of.ts";

/** A terminal sends Ctrl+C to every process, and npm passes it on once more: within this time it is one signal. */
const SAME_SIGNAL_MS = 500;

/** Serves until SIGINT or SIGTERM, then lets running turns finish and closes the store. */
export async function serveCommand(options: ConfigOptions): Promise<void> {
  const signalled = firstSignal();
  const { config, options: library, file } = await configurationOf(options);
  const { server, log } = config;
  const graceMs = server.grace_ms;
  const store = storeOf(server);
  const { judge, ...catalogue } = config.catalogue;
  const { summary, embedder, ...mapping } = config.mapping;
  const { ofMapping, ...models } = await modelsOf(library, { judge, summary, embedder });
  const collector = await collectorOf(library.telemetry);
  const runtime = await createRuntime({
    store,
    ...inLibraryNames(config.runtime),
    catalogue: inLibraryNames(catalogue),
    mapping: { ...inLibraryNames(mapping), ...ofMapping },
    ...models,
    prices: library.prices,
    budgets: library.budgets,
    ...(config.record.file !== undefined && { record: config.record.file }),
    ...(collector && {
      telemetry: {
        tracerProvider: collector.tracerProvider,
        meterProvider: collector.meterProvider,
        captureContent: library.telemetry?.captureContent,
      },
    }),
    onWarning: warn,
  });
  try {
    const listening = await serve({
      runtime,
      host: server.host,
      port: server.port,
      graceMs,
      maxConnections: server.max_connections,
      trustProxy: server.trust_proxy,
      auth: library.auth,
      limits: library.limits,
      metrics: config.metrics.enabled,
      logger: { level: log.level, stream: process.stderr },
    });
    console.log(greeting(listening.url, { store, file, auth: library.auth.mode }, runtime));
    const signal = await signalled;
    console.log(`${signal}: running turns have ${graceMs} ms to finish. A second signal ends at once.`);
    // Both at once: requests that wait for a reply end when the runtime has settled it, or has given it up.
    await Promise.all([listening.close(), runtime.close({ graceMs })]);
    console.log("Stopped.");
  } finally {
    await runtime.close({ graceMs: 0 });
    await collector?.close();
  }
}

const warn = ({ code, message }: PersonaWarning) => console.error(`persona-runtime: ${code}: ${message}`);

/** Those who answer, who judges, and who works for mapping; what they stand on is loaded where there are any. */
async function modelsOf(
  { providers, models }: LibraryOptions,
  { judge, summary, embedder }: Readonly<Partial<Record<"judge" | "summary" | "embedder", string | undefined>>>,
): Promise<Pick<RuntimeOptions, "providers" | "judge"> & { readonly ofMapping?: MappingOptions }> {
  if (providers === undefined) return {};
  const ai = await import("../ai.ts");
  const made = await ai.providers(providers, models);
  return {
    providers: made,
    ...(judge !== undefined && { judge: ai.modelJudge(made, judge) }),
    ofMapping: {
      ...(summary !== undefined && { summarize: ai.modelSummary(made, summary) }),
      ...(embedder !== undefined && { embedder: made.embedder?.(embedder) }),
    },
  };
}

async function collectorOf(telemetry: LibraryOptions["telemetry"]): Promise<Collector | undefined> {
  if (telemetry === undefined) return undefined;
  const { captureContent: _, ...options } = telemetry;
  const { openCollector } = await import("../telemetry/collector.ts");
  return openCollector({ ...options, onWarning: warn });
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process. */
function firstSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let first: number | undefined;
  const heard = (signal: NodeJS.Signals) => {
    first ??= performance.now();
    if (performance.now() - first > SAME_SIGNAL_MS) process.exit(128 + constants.signals[signal]);
    resolve(signal);
  };
  process.on("SIGINT", heard).on("SIGTERM", heard);
  return promise;
}

function greeting(
  url: string,
  {
    store,
    file,
    auth,
  }: { readonly store: string; readonly file: string | undefined; readonly auth?: AuthOptions["mode"] },
  runtime: Runtime,
): string {
  const { personas, roles, sequences } = runtime.catalogue;
  const entries = [counted(personas.size, "persona"), counted(roles.size, "role"), counted(sequences.size, "sequence")];
  const names = new Map([
    ...personas.list({ limit: SHOWN + 1 }).map(({ id, display_name: name }) => [id, name] as const),
    // One that was enrolled under the same id hides that of the catalogue.
    ...runtime.personas({ limit: SHOWN + 1 }).map(({ id, name }) => [id, name] as const),
  ]);
  const ids = [...names.keys()].sort();
  const shown = ids.length > SHOWN ? [...ids.slice(0, SHOWN), "…"] : ids;
  const lines = [
    `persona-runtime ${manifest.version} serves at ${url}`,
    "",
    `  docs       ${url}/docs`,
    ...(file === undefined ? [] : [`  config     ${file}`]),
    `  store      ${shownStore(store)}`,
    `  catalogue  ${entries.join(", ")}`,
    ...(shown.length === 0 ? [] : [`  personas   ${shown.join(" · ")}`]),
    "",
  ];
  const [first] = ids;
  const withKey = auth === "required" ? ", with a key in PERSONA_RUNTIME_KEY" : "";
  if (first !== undefined)
    lines.push(`Talk to ${names.get(first)}${withKey}:`, "", `  ${curl(url, first, withKey !== "")}`);
  else lines.push(`There is no persona yet; POST ${url}/v1/personas makes one.`);
  return [...lines, "", "Ctrl+C stops."].join("\n");
}

/** Ids of the first personas, on one line. */
const SHOWN = 8;

/** Prints the text of the reply; what is not a reply (a problem) is printed as it came. */
function curl(url: string, persona: string, withKey: boolean): string {
  const text = String.raw`sed -E 's/.*"text":"(([^"\\]|\\.)*)".*/\1/'`;
  const key = withKey ? ' -H "authorization: Bearer $PERSONA_RUNTIME_KEY"' : "";
  return `curl -s '${url}/v1/personas/${persona}/messages?wait=30' -H 'content-type: application/json'${key} -d '{"text":"Hello! What can you do for me?"}' | ${text}; echo`;
}
