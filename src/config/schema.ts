/** Every key of the configuration: where it stands, what is right for it, its default, and what it is for. */
import * as z from "zod";
import { logOptionsSchema } from "../http/log.ts";
import { optionsSchema } from "../runtime/settings.ts";
import { about } from "./about.ts";
import { authTable } from "./tables/auth.ts";
import { catalogueTable } from "./tables/catalogue.ts";
import { limitsTable } from "./tables/limits.ts";
import { mappingTable } from "./tables/mapping.ts";
import { modelsTable, providersTable } from "./tables/models.ts";
import { serverTable } from "./tables/server.ts";
import { budgetsTable, pricesTable } from "./tables/spending.ts";
import { telemetryTable } from "./tables/telemetry.ts";
import { notBlank } from "./tables/texts.ts";

const { maxTurnsInFlight, maxHops, seed } = optionsSchema.shape;

const { level } = logOptionsSchema.shape;

/** The layout of the file, of the names in the environment, and of `--set`. */
export const configSchema = z
  .strictObject({
    server: serverTable,
    catalogue: catalogueTable,
    mapping: mappingTable,
    auth: authTable,
    limits: limitsTable,
    providers: providersTable,
    models: modelsTable,
    prices: pricesTable,
    budgets: budgetsTable,
    telemetry: telemetryTable,
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
