import fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import * as z from "zod";
import { after, type Clock, systemClock } from "../clock.ts";
import { parse } from "../faults.ts";
import { manifest } from "../manifest.ts";
import type { Runtime } from "../types.ts";
import { accessTo } from "./access.ts";
import { finishAnswers } from "./answer-headers.ts";
import { type AuthOptions, authOptionsSchema } from "./auth-options.ts";
import { authenticate } from "./authenticate.ts";
import { guardAgainstForeignPages } from "./guard.ts";
import type { Identify } from "./identity.ts";
import { acceptJsonOnly } from "./json-body.ts";
import { type LimitOptions, limitOptionsSchema, limitRequests, RateLimits, refuseUnderPressure } from "./limits.ts";
import { type LogOptions, loggerOf } from "./log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { answerUnknownRoutes } from "./not-found.ts";
import { collectRoutes, describeRoutes } from "./openapi.ts";
import { enforcePolicies, requirePolicies } from "./policy.ts";
import { answerMalformed, answerProblem } from "./problem.ts";
import { proxiesSchema } from "./proxies.ts";
import { RequestLog } from "./request-log.ts";
import { busiest } from "./routes/busiest.ts";
import { catalogue } from "./routes/catalogue.ts";
import { deadLetters } from "./routes/dead-letters.ts";
import { enrollments } from "./routes/enrollments.ts";
import { events } from "./routes/events.ts";
import { explanations } from "./routes/explanations.ts";
import { feedback } from "./routes/feedback.ts";
import { health } from "./routes/health.ts";
import { items } from "./routes/items.ts";
import { keys } from "./routes/keys.ts";
import { mappers } from "./routes/mappers.ts";
import { messages } from "./routes/messages.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { mindscapes } from "./routes/mindscapes.ts";
import { narratives } from "./routes/narratives.ts";
import { observations } from "./routes/observations.ts";
import { personas } from "./routes/personas.ts";
import { persons } from "./routes/persons.ts";
import { resolve } from "./routes/resolve.ts";
import { rooms } from "./routes/rooms.ts";
import { root } from "./routes/root.ts";
import { sessions } from "./routes/sessions.ts";
import { socket } from "./routes/socket.ts";
import { spending } from "./routes/spending.ts";
import { status } from "./routes/status.ts";
import { toolCalls } from "./routes/tool-calls.ts";
import { voice } from "./routes/voice.ts";
import { voicePage } from "./routes/voice-page.ts";
import type { Services } from "./services.ts";
import { acceptSockets, endRefusedUpgrades, RequestMessage } from "./upgrade.ts";
import { validatorCompiler } from "./validation.ts";

export interface AppOptions {
  /** For waits and heartbeats. Default: the system's. */
  readonly clock?: Clock;
  /** Milliseconds between two signs of life on an event stream. Default 15 000. */
  readonly heartbeatMs?: number;
  /** How long requests that wait for a reply may still do so once the app closes. Default 10 000 ms. */
  readonly graceMs?: number;
  /** Who may call. Default: everybody is the administrator, which `serve` does on loopback only. */
  readonly auth?: AuthOptions;
  /** Finds out who makes a request, in place of `auth`. */
  readonly identify?: Identify;
  readonly limits?: LimitOptions;
  /** Most connections at once. Default 4096. */
  readonly maxConnections?: number;
  /** Addresses (or networks, `10.0.0.0/8`) of proxies whose word is taken on who called them. Default: none. */
  readonly trustProxy?: readonly string[];
  /** Whether `/metrics` is there, and counts. Default true. */
  readonly metrics?: boolean;
  /** False logs nothing. Default: warnings and errors, as JSON lines on stderr. */
  readonly logger?: false | LogOptions;
}

/** Without them fastify loads its own, for JSON schemas; only those are in its types. */
const COMPILERS = {
  buildValidator: () => validatorCompiler,
  buildSerializer: () => serializerCompiler,
} as unknown as NonNullable<NonNullable<FastifyServerOptions["schemaController"]>["compilersFactory"]>;

/**
 * The HTTP API over a runtime, not yet listening. Closing the app ends event streams, lets requests
 * finish, and leaves the runtime to its owner.
 */
export async function createApp(runtime: Runtime, options: AppOptions = {}): Promise<FastifyInstance> {
  const { clock = systemClock(), graceMs = DEFAULT_GRACE_MS, heartbeatMs = 15_000 } = options;
  const auth = parse(authOptionsSchema, options.auth ?? {}, "auth");
  const limits = parse(limitOptionsSchema, options.limits ?? {}, "limits");
  const { trustProxy } = parse(z.object({ trustProxy: proxiesSchema }), { trustProxy: options.trustProxy }, "server");
  const app = fastify({
    logger: options.logger !== false && loggerOf(options.logger),
    ...(options.logger !== false && {
      childLoggerFactory: (parent, bindings, settings) => new RequestLog(parent, bindings, settings),
    }),
    bodyLimit: limits.bodyBytes,
    trustProxy,
    routerOptions: { maxParamLength: 512 },
    // Against clients that send a byte now and then. How long an answer takes is not limited by these.
    requestTimeout: 30_000,
    http: { headersTimeout: 10_000, IncomingMessage: RequestMessage },
    keepAliveTimeout: 5_000,
    // Requests that arrive on open connections while the server closes are still answered properly.
    return503OnClosing: false,
    schemaController: { compilersFactory: COMPILERS },
    frameworkErrors: answerProblem,
    clientErrorHandler: answerMalformed,
  });
  app.server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  app.setErrorHandler(answerProblem);
  acceptJsonOnly(app);

  refuseUnderPressure(app, limits.maxEventLoopDelayMs);
  const rates = new RateLimits(limits, clock);
  const identify = options.identify ?? (await authenticate(auth, { keys: runtime.keys, limits: rates, clock }));
  // A page can make its visitor's browser call loopback, but it cannot make it send a key.
  if (auth.mode === "none") app.addHook("onRequest", guardAgainstForeignPages);
  answerUnknownRoutes(app);
  enforcePolicies(app, identify, auth.mode === "none" ? () => {} : limitRequests(rates));
  requirePolicies(app);
  endRefusedUpgrades(app);
  const { closing, graceOver } = signals(app, clock, graceMs);
  finishAnswers(app, closing);

  // Before the routes, so that it sees what becomes of their requests.
  const metrics = options.metrics === false ? undefined : new Metrics(app, runtime, clock);

  const limited = auth.mode === "none" ? undefined : rates;
  const access = accessTo(runtime);
  const services: Services = { runtime, access, clock, closing, graceOver, heartbeatMs, limits: limited };
  const { version } = manifest;
  await collectRoutes(app, version);
  await acceptSockets(app);
  for (const routes of [
    rooms,
    sessions,
    resolve,
    personas,
    catalogue,
    mappers,
    narratives,
    persons,
    observations,
    mindscapes,
    feedback,
    messages,
    enrollments,
    busiest,
    items,
    deadLetters,
    keys,
    explanations,
    toolCalls,
    events,
    spending,
    socket,
    voice,
    status,
    health,
  ]) {
    await app.register(routes, services);
  }
  await app.register(root, { version });
  await app.register(voicePage);
  if (metrics !== undefined) await app.register(metricsRoute, { metrics });
  await describeRoutes(app, limited);
  await app.ready();
  return app;
}

export const DEFAULT_GRACE_MS = 10_000;

const MAX_CONNECTIONS = 4_096;

/** Closing begins with `closing`; `graceOver` follows, unless everything has been answered before. */
function signals(app: FastifyInstance, clock: Clock, graceMs: number): Pick<Services, "closing" | "graceOver"> {
  const closing = new AbortController();
  const graceOver = new AbortController();
  let cancel = () => {};
  app.addHook("preClose", async () => {
    closing.abort();
    cancel = after(clock, graceMs, () => graceOver.abort());
  });
  app.addHook("onClose", async () => cancel());
  return { closing: closing.signal, graceOver: graceOver.signal };
}
