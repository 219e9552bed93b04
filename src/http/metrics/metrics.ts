/**
 * What `/metrics` shows, in a registry of its own: several apps in one process do not meet. No label
 * names a persona, a user or a tenant, so that there are as many series with a million as with one.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Counter, Gauge, Registry } from "prom-client";
import type { Clock } from "../../clock.ts";
import type { EndedTurn, FleetStatus, ProviderStatus, Runtime } from "../../types.ts";
import { wireName } from "../wire/names.ts";
import { type Duration, Durations } from "./durations.ts";
import { ProcessMetrics } from "./process-metrics.ts";

const STAGES = ["waited", "begin", "firstToken", "cognition", "settle"] as const;

type Stage = (typeof STAGES)[number];

/** Others can only be sent to routes that do not exist. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const NO_ROUTE = {};

export class Metrics {
  readonly #runtime: Runtime;
  readonly #registry = new Registry();
  readonly #process: ProcessMetrics;
  readonly #leave: () => void;
  readonly #turns = new Durations(
    "persona_turn_stage_seconds",
    "What a turn took: from the oldest item's arrival to the turn, to begin on disk, to the answer, to the reply on disk; " +
      "first_token is a part of cognition",
  );
  readonly #requests = new Durations("persona_http_request_seconds", "From a request to its answer");
  /** By lane and outcome: one for each stage. */
  readonly #byTurn = new Map<string, readonly Duration[]>();
  /** By the config of the route, and in it by method and status as one number: their names need not be put together. */
  readonly #byRoute = new WeakMap<object, Map<number, Duration>>();
  readonly #tokens: Counter<"provider" | "type">;
  readonly #spent: Counter;
  /** A function can note any name; those that were configured are labels, and the rest is one. */
  readonly #providers: ReadonlySet<string>;
  readonly #shown: readonly ((status: FleetStatus) => void)[];

  constructor(app: FastifyInstance, runtime: Runtime, clock: Clock) {
    this.#runtime = runtime;
    this.#shown = fleetMetrics(this.#registry);
    const registers = [this.#registry];
    this.#tokens = new Counter({
      name: "persona_provider_tokens_total",
      help: "Tokens that providers reported",
      labelNames: ["provider", "type"],
      registers,
    });
    this.#spent = new Counter({
      name: "persona_spent_usd_total",
      help: "What turns cost, where a price is known",
      registers,
    });
    this.#providers = new Set(runtime.fleet().providers.map(({ name }) => name));
    this.#registry.registerMetric(this.#turns.metric);
    this.#registry.registerMetric(this.#requests.metric);
    this.#process = new ProcessMetrics(this.#registry, clock);
    this.#leave = runtime.observe((turn) => this.#ended(turn));
    app.addHook("onResponse", (request, reply, done) => {
      this.#answered(request, reply);
      done();
    });
    app.addHook("onClose", async () => this.#close());
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** All of it, in the text format. */
  text(): Promise<string> {
    const status = this.#runtime.fleet();
    for (const show of this.#shown) show(status);
    this.#process.show();
    return this.#registry.metrics();
  }

  #ended({ lane, outcome, latencyMs, calls, costUsd }: EndedTurn): void {
    const key = `${lane} ${outcome}`;
    let stages = this.#byTurn.get(key);
    if (stages === undefined) {
      stages = STAGES.map((stage) => this.#turns.of({ stage: wireName(stage), lane, outcome }));
      this.#byTurn.set(key, stages);
    }
    for (let n = 0; n < STAGES.length; n += 1) {
      const ms = latencyMs[STAGES[n] as Stage];
      if (ms !== undefined) stages[n]?.add(ms / 1000);
    }
    for (const { provider: name, usage } of calls) {
      if (usage === undefined) continue;
      const provider = this.#providers.has(name) ? name : "other";
      this.#tokens.inc({ provider, type: "input" }, usage.inputTokens);
      this.#tokens.inc({ provider, type: "output" }, usage.outputTokens);
    }
    if (costUsd !== undefined) this.#spent.inc(costUsd);
  }

  #answered(request: FastifyRequest, reply: FastifyReply): void {
    // The pattern, never the path, which anybody can invent.
    const { config, url } = request.routeOptions;
    const owner = url === undefined ? NO_ROUTE : config;
    let ofRoute = this.#byRoute.get(owner);
    if (ofRoute === undefined) {
      ofRoute = new Map();
      this.#byRoute.set(owner, ofRoute);
    }
    const place = METHODS.indexOf(request.method);
    const key = place * 1_000 + reply.statusCode;
    let requests = ofRoute.get(key);
    if (requests === undefined) {
      const labels = { method: METHODS[place] ?? "other", route: url ?? "none", status: String(reply.statusCode) };
      requests = this.#requests.of(labels);
      ofRoute.set(key, requests);
    }
    requests.add(reply.elapsedTime / 1000);
  }

  #close(): void {
    this.#leave();
    this.#process.close();
  }
}

/** What is counted elsewhere already is only read when somebody asks. */
function fleetMetrics(registry: Registry): ((status: FleetStatus) => void)[] {
  const registers = [registry];
  const counter = (name: string, help: string, read: (status: FleetStatus) => number) => {
    const metric = new Counter({ name, help, registers });
    return (status: FleetStatus) => {
      metric.reset();
      metric.inc(read(status));
    };
  };
  const gauge = (name: string, help: string, read: (status: FleetStatus) => number) => {
    const metric = new Gauge({ name, help, registers });
    return (status: FleetStatus) => metric.set(read(status));
  };
  const labelled = (
    kind: "counter" | "gauge",
    [name, label]: readonly [name: string, label: string],
    help: string,
    read: (status: FleetStatus) => Readonly<Record<string, number | undefined>>,
  ) => {
    const options = { name, help, labelNames: [label], registers };
    const metric = kind === "counter" ? new Counter(options) : new Gauge(options);
    return (status: FleetStatus) => {
      metric.reset();
      for (const [value, count = 0] of Object.entries(read(status))) metric.inc({ [label]: value }, count);
    };
  };
  return [
    ...providerMetrics(registry),
    gauge("persona_enrollments", "Personas in the fleet", ({ personas }) => personas),
    counter("persona_items_accepted_total", "Items of accepted messages", ({ accepted }) => accepted),
    labelled(
      "counter",
      ["persona_items_decided_total", "outcome"],
      "What became of items",
      ({ answered, declined, dead }) => ({ answered, declined, dead }),
    ),
    counter("persona_items_retried_total", "Items that wait again after a turn", ({ retried }) => retried),
    labelled(
      "counter",
      ["persona_items_refused_total", "code"],
      "Items that were not accepted",
      ({ refusals }) => refusals,
    ),
    labelled("gauge", ["persona_items_waiting", "lane"], "Items that wait for a turn", ({ lanes }) => lanes),
    gauge("persona_items_in_store", "Of those, how many wait in the database only", ({ inStore }) => inStore),
    gauge("persona_turns_in_flight", "Turns that run", ({ inFlight }) => inFlight),
    gauge("persona_native_bytes", "Memory of the native fleet", ({ nativeBytes }) => nativeBytes),
    gauge("persona_driver_up", "0 once the native cycle has failed", ({ driver }) => Number(driver)),
    gauge("persona_event_readers", "Event streams and sockets that are open", ({ readers }) => readers),
    counter("persona_store_commits_total", "Transactions of the store", ({ commits }) => commits?.count ?? 0),
    counter(
      "persona_store_commands_total",
      "Commands in the transactions of the store",
      ({ commits }) => commits?.commands ?? 0,
    ),
    counter(
      "persona_store_commit_seconds_total",
      "What the transactions of the store took together",
      ({ commits }) => (commits?.ms ?? 0) / 1000,
    ),
  ];
}

/** Their names come from the configuration. */
function providerMetrics(registry: Registry): ((status: FleetStatus) => void)[] {
  const registers = [registry];
  const of = (
    [name, help]: readonly [name: string, help: string],
    read: (provider: ProviderStatus) => number,
    kind = name.endsWith("_total") ? Counter : Gauge,
  ) => {
    const metric = new kind({ name, help, labelNames: ["provider"], registers });
    return ({ providers }: FleetStatus) => {
      metric.reset();
      for (const provider of providers) metric.inc({ provider: provider.name }, read(provider));
    };
  };
  const state = new Gauge({
    name: "persona_provider_state",
    help: "1 for the state that the breaker of a provider is in",
    labelNames: ["provider", "state"],
    registers,
  });
  return [
    ({ providers }) => {
      for (const provider of providers)
        for (const one of STATES) state.set({ provider: provider.name, state: one }, Number(provider.state === one));
    },
    of(["persona_provider_calls_total", "Calls of a provider"], ({ calls }) => calls),
    of(["persona_provider_failed_total", "Calls of a provider that failed"], ({ failed }) => failed),
    of(
      ["persona_provider_throttled_total", "Calls that a provider asked to repeat later"],
      ({ throttled }) => throttled,
    ),
    of(["persona_provider_in_flight", "Calls of a provider that run"], ({ inFlight }) => inFlight),
    of(["persona_provider_waiting", "Personas and turns that wait for room with a provider"], ({ waiting }) => waiting),
  ];
}

const STATES = ["closed", "open", "half_open"] as const;
