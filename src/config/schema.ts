/** Every key of the configuration: where it stands, what is right for it, its default, and what it is for. */
import * as z from "zod";
import { callShape, KINDS, providerNameSchema } from "../ai/options.ts";
import { budgetSchema, priceSchema, pricesSchema } from "../cognition/budgets/settings.ts";
import { limitOptionsSchema } from "../http/limits.ts";
import { logOptionsSchema } from "../http/log.ts";
import { proxiesSchema } from "../http/proxies.ts";
import { optionsSchema } from "../runtime/settings.ts";
import { shownStore } from "../store/postgres/target.ts";
import { about } from "./about.ts";
import { catalogueTable } from "./catalogue.ts";
import { mappingTable } from "./mapping.ts";

const { maxTurnsInFlight, maxHops, seed } = optionsSchema.shape;

const { requestsPerMinute, tiers, bodyBytes, maxEventLoopDelayMs } = limitOptionsSchema.shape;

const { level } = logOptionsSchema.shape;

const notBlank = () => z.string().trim().min(1, "must not be blank");

const claim = (what: string, example: string) =>
  notBlank()
    .exactOptional()
    .register(about, { description: `Claim that names ${what}`, example });

const HIDDEN_EXAMPLE = { env: "JWT_SECRET" };

const TIERS = Object.fromEntries(
  Object.entries(tiers.parse(undefined)).map(([name, tier]) => [
    name,
    { requests_per_minute: tier.requestsPerMinute, streams: tier.streams, voices: tier.voices },
  ]),
);

const { maxConcurrent, maxOutputTokens, temperature } = callShape;
const { inputUsdPerMTok, outputUsdPerMTok, cachedInputUsdPerMTok } = priceSchema.shape;
const { tokens, usd, windowMs, onExhausted } = budgetSchema.shape;

const headerName = () => z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be that of a header");

const modelName = () => z.string().regex(/^[^:\s]+:\S+$/, "must be `provider:model`");

const limit = (whose: string, example: number) => ({
  tokens: tokens
    .unwrap()
    .exactOptional()
    .register(about, { description: `Tokens ${whose} may take`, example }),
  usd: usd
    .unwrap()
    .exactOptional()
    .register(about, { description: `Dollars ${whose} may cost`, example: 1 }),
});

const budget = (whose: string, example: number) =>
  z
    .strictObject({
      ...limit(whose, example),
      window_ms: windowMs.unwrap().exactOptional().register(about, {
        description: "The window in which they count",
        example: 86_400_000,
      }),
      on_exhausted: onExhausted.unwrap().exactOptional().register(about, {
        description: "What becomes of messages then",
        example: "decline",
      }),
    })
    .exactOptional();

/** The layout of the file, of the names in the environment, and of `--set`. */
export const configSchema = z
  .strictObject({
    server: z
      .strictObject({
        host: notBlank().default("127.0.0.1").register(about, {
          description: "Address to listen on; without authentication a loopback one",
          flag: "--host HOST",
        }),
        port: z
          .int()
          .min(0)
          .max(65_535)
          .default(8787)
          .register(about, { description: "Port to listen on; 0 takes any free one", flag: "--port PORT" }),
        data: notBlank().default("data").register(about, {
          description: "Folder of the database persona-runtime.db; created if it is not there",
          flag: "--data FOLDER",
          path: true,
        }),
        store: notBlank()
          .optional()
          .register(about, {
            description: 'Instead of a folder the file itself, or postgres://…; "memory" keeps nothing',
            flag: "--store FILE",
            path: true,
            words: ["memory"],
            shown: shownStore,
            example: "memory",
          }),
        grace_ms: z.int().min(0).max(3_600_000).default(10_000).register(about, {
          description: "How long running turns may take after SIGINT or SIGTERM",
          flag: "--grace-ms MS",
        }),
        max_connections: z
          .int()
          .min(1)
          .max(65_535)
          .default(4_096)
          .register(about, { description: "Open connections; further ones are cut off at once" }),
        trust_proxy: proxiesSchema.register(about, {
          description: "Addresses or networks of proxies whose word is taken on who called them",
          example: ["10.0.0.0/8"],
        }),
      })
      .prefault({}),
    catalogue: catalogueTable,
    mapping: mappingTable,
    auth: z
      .strictObject({
        mode: z.enum(["none", "required"]).default("none").register(about, {
          description:
            '"none" takes everybody for the administrator, on loopback only; "required" wants a key or a token',
        }),
        jwt: z
          .strictObject({
            issuer: notBlank().exactOptional().register(about, {
              description: "Whose tokens are taken besides API keys",
              example: "https://id.example.com/",
            }),
            audience: notBlank().exactOptional().register(about, {
              description: "For whom the tokens must be",
              example: "persona-runtime",
            }),
            algorithms: z
              .array(notBlank())
              .exactOptional()
              .register(about, {
                description: "How they are signed: HS256 and the like with a secret, others with a key set",
                example: ["RS256"],
              }),
            jwks_url: notBlank().exactOptional().register(about, {
              description: "Where the issuer publishes its keys",
              example: "https://id.example.com/.well-known/jwks.json",
            }),
            secret: z.string().exactOptional().register(about, {
              description: "What was agreed with the issuer, instead of jwks_url",
              secret: true,
              example: HIDDEN_EXAMPLE,
            }),
            allow_private: z
              .array(notBlank())
              .exactOptional()
              .register(about, {
                description: "Origins of key sets that may be plain http or within the own network",
                example: ["http://10.0.0.5:8080"],
              }),
            claims: z
              .strictObject({
                user: claim("the user", "sub"),
                tenant: claim("the tenant", "tenant"),
                role: claim("the role", "role"),
                tier: claim("the tier", "tier"),
              })
              .exactOptional(),
          })
          .exactOptional(),
      })
      .prefault({}),
    limits: z
      .strictObject({
        requests_per_minute: requestsPerMinute.register(about, {
          description: "Requests of one address that does not say who it is",
        }),
        body_bytes: bodyBytes.register(about, {
          description:
            "The largest body of a request; entries of the catalogue, which administrators write, may have 32 MiB",
        }),
        max_event_loop_delay_ms: maxEventLoopDelayMs.register(about, {
          description: "Requests are refused while the event loop is later than this",
        }),
        tiers: z
          .record(
            tiers.unwrap().keyType,
            z.strictObject({
              requests_per_minute: requestsPerMinute.unwrap().register(about, {
                description:
                  "Requests of each key or user of this tier; tiers that are given take the place of all others",
                example: 60,
              }),
              streams: tiers.unwrap().valueType.shape.streams.register(about, {
                description: "Event streams and sockets that each of them may have open at once",
              }),
              voices: tiers.unwrap().valueType.shape.voices.register(about, {
                description: "Of these, sockets that hear a voice; all callers together have 256",
              }),
            }),
          )
          .default(TIERS)
          .register(about, { description: "Tiers by name", example: "free" }),
      })
      .prefault({}),
    providers: z
      .record(
        providerNameSchema,
        z.strictObject({
          kind: z.enum(KINDS).register(about, { description: "What it speaks", example: "openai-compatible" }),
          base_url: notBlank().exactOptional().register(about, {
            description: "Where it is; needed for openai-compatible",
            example: "https://api.example.com/v1",
          }),
          api_key: z
            .string()
            .exactOptional()
            .register(about, {
              description: "What it is called with",
              secret: true,
              example: { env: "EXAMPLE_API_KEY" },
            }),
          max_concurrent: maxConcurrent.unwrap().exactOptional().register(about, {
            description: "Calls at once over all personas",
            example: 16,
          }),
          max_output_tokens: maxOutputTokens.unwrap().exactOptional().register(about, {
            description: "Most tokens of one answer",
            example: 4_096,
          }),
          temperature: temperature.unwrap().exactOptional().register(about, {
            description: "How much chance there is in its answers",
            example: 0.7,
          }),
          allow_private: z.boolean().exactOptional().register(about, {
            description: "Whether base_url may be http and lead to an address that is not public",
            example: false,
          }),
          headers: z
            .record(
              headerName(),
              z.string().register(about, {
                description: "Sent with each call",
                secret: true,
                example: { env: "ORGANISATION" },
              }),
            )
            .exactOptional()
            .register(about, { description: "Headers by name", example: "x-organisation" }),
        }),
      )
      .default({})
      .register(about, { description: "Providers of models by name", example: "example" }),
    models: z
      .strictObject({
        default: modelName().exactOptional().register(about, {
          description: "Answers for personas that name no model, as provider:model",
          example: "example:small",
        }),
        fallback: z
          .array(modelName())
          .max(16, "must have 16 at most")
          .default([])
          .register(about, {
            description: "Tried in this order when a persona's model cannot answer",
            example: ["example:large"],
          }),
      })
      .prefault({}),
    prices: z
      .record(
        pricesSchema.keyType,
        z.strictObject({
          input_usd_per_mtok: inputUsdPerMTok.clone().register(about, {
            description: "Dollars for a million tokens of input",
            library: "inputUsdPerMTok",
            example: 0.5,
          }),
          output_usd_per_mtok: outputUsdPerMTok.clone().register(about, {
            description: "Dollars for a million tokens of output",
            library: "outputUsdPerMTok",
            example: 1.5,
          }),
          cached_input_usd_per_mtok: cachedInputUsdPerMTok.unwrap().exactOptional().register(about, {
            description: "Dollars for a million tokens of input that the provider had already",
            library: "cachedInputUsdPerMTok",
            example: 0.05,
          }),
        }),
      )
      .default({})
      .register(about, { description: "Prices by provider:model", example: "example:small" }),
    budgets: z
      .strictObject({
        turn: z.strictObject(limit("a turn", 20_000)).exactOptional(),
        persona: budget("a persona", 1_000_000),
        owner: budget("what belongs to one person", 1_000_000),
        fleet: budget("the whole fleet", 100_000_000),
      })
      .prefault({}),
    telemetry: z
      .strictObject({
        otlp_url: notBlank().exactOptional().register(about, {
          description: "Collector of OpenTelemetry that traces and metrics are sent to, by OTLP over HTTP",
          library: "url",
          example: "http://127.0.0.1:4318",
        }),
        capture_content: z.boolean().exactOptional().register(about, {
          description: "Whether traces contain what was said",
          example: false,
        }),
        service_name: notBlank().exactOptional().register(about, {
          description: "As what this server appears there",
          example: "persona-runtime",
        }),
        allow_private: z.boolean().exactOptional().register(about, {
          description: "Whether a collector that is not on this machine may be plain http and not public",
          example: false,
        }),
        headers: z
          .record(
            headerName(),
            z.string().register(about, {
              description: "Sent to the collector",
              secret: true,
              example: { env: "COLLECTOR_KEY" },
            }),
          )
          .exactOptional()
          .register(about, { description: "Headers by name", example: "x-api-key" }),
      })
      .prefault({}),
    metrics: z
      .strictObject({
        enabled: z.boolean().default(true).register(about, { description: "Whether /metrics is there, and counts" }),
      })
      .prefault({}),
    runtime: z
      .strictObject({
        max_turns_in_flight: maxTurnsInFlight.register(about, { description: "Turns at once over the whole fleet" }),
        max_hops: maxHops.register(about, { description: "The longest chain of replies to replies in a room" }),
        seed: seed
          .unwrap()
          .exactOptional()
          .register(about, { description: "For the jitter of back-offs; without one it is random", example: 7 }),
      })
      .prefault({}),
    record: z
      .strictObject({
        file: notBlank().optional().register(about, {
          description: "File to which everything is appended that goes into turns, for `persona-runtime replay`",
          flag: "--record FILE",
          path: true,
          example: "turns.jsonl",
        }),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: level.register(about, { description: "Least level of the JSON lines on stderr" }),
      })
      .prefault({}),
  })
  .check(({ value: { providers, models, catalogue, mapping }, issues }) => {
    const known = (model: string) => Object.hasOwn(providers, model.slice(0, model.indexOf(":")));
    const names = Object.keys(providers).join(", ") || "none";
    const fault = (...path: string[]) =>
      issues.push({
        code: "custom",
        input: path,
        path,
        message: `must name a provider that is configured: ${names}`,
      });
    if (models.default !== undefined && !known(models.default)) fault("models", "default");
    if (!models.fallback.every(known)) fault("models", "fallback");
    if (catalogue.judge !== undefined && !known(catalogue.judge)) fault("catalogue", "judge");
    if (mapping.summary !== undefined && !known(mapping.summary)) fault("mapping", "summary");
    if (mapping.embedder !== undefined && !known(mapping.embedder)) fault("mapping", "embedder");
  });

export type Config = z.output<typeof configSchema>;

/** Keys that stand for one another: given by a stronger source, one takes the place of the other. */
export const ALTERNATIVES: readonly (readonly [string, string])[] = [
  ["server.data", "server.store"],
  ["auth.jwt.jwks_url", "auth.jwt.secret"],
];
