/** The settings of a persona: their bounds, their defaults, and the check of a definition. */
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import * as z from "zod";
import type { ExitJudge } from "../catalogue/exit-judge.ts";
import type { Persister } from "../catalogue/port.ts";
import { resolveDefaultsSchema } from "../catalogue/resolved-session.ts";
import { budgetSchema, budgetsSchema, pricesSchema } from "../cognition/budgets/settings.ts";
import { toolsSchema } from "../cognition/toolbox.ts";
import { parse } from "../faults.ts";
import {
  clockSchema,
  functionSchema,
  ID_FORM,
  ID_PATTERN,
  MAPPER_ID_FORM,
  MAPPER_ID_PATTERN,
  modelNameSchema,
  textSchema,
  toolName,
} from "../inputs.ts";
import type { Embedder } from "../mapping/embedder.ts";
import { extractorsSchema } from "../mapping/extractors/registry.ts";
import type { Summarize } from "../mapping/summary.ts";
import { SPENDERS } from "../store/port.ts";
import {
  type Cognition,
  type PersonaDefinition,
  type PersonaSettings,
  type Providers,
  type RuntimeOptions,
  SLEEP_MODES,
  type Sleep,
} from "../types.ts";
import { LOADS } from "./busiest.ts";

/** Most messages, or dead letters, that are given at once. */
const PAGE_LIMIT = 200;

/** Bounds and defaults; the HTTP layer builds its wire schema from the same table. */
export const settingsShape = {
  maxParallelTurns: z.int().min(1).max(1024).default(1),
  maxQueued: z.int().min(1).max(1_000_000).default(10_000),
  deadlineMs: z.int().min(1).max(3_600_000).default(120_000),
  historyTokens: z.int().min(0).max(1_000_000).default(4_000),
  onUnknownOutcome: z.enum(["auto", "retry", "ask", "drop"]).default("auto"),
  paused: z.boolean().default(false),
  windows: z
    .strictObject({
      voice: z.int().min(1).max(10_000).default(50),
      chat: z.int().min(1).max(10_000).default(500),
      task: z.int().min(1).max(10_000).default(100),
      background: z.int().min(1).max(10_000).default(200),
    })
    .prefault({}),
  breakerFailures: z.int().min(0).max(1_000).default(5),
  breakerOpenMs: z.int().min(1).max(600_000).default(30_000),
  roomGapMs: z.int().min(0).max(600_000).default(10_000),
  roomCap: z.int().min(1).max(10_000).default(50),
  answerUndirected: z.boolean().default(false),
  temperament: z.boolean().default(false),
  tools: z
    .array(toolName)
    .max(128)
    .refine((names) => new Set(names).size === names.length, "must not name a tool twice")
    .default([]),
  complexity: z.number().min(0).max(10).default(1),
  computeBudget: z.number().min(0).max(1).default(1),
  budget: budgetSchema.nullable().default(null),
};

/** Similarity from which on a message is on the topic of a persona that sleeps until then. */
export const DEFAULT_THRESHOLD = 0.7;

export const sleepSchema = z
  .strictObject({
    mode: z.enum(SLEEP_MODES),
    until: z.int().min(0).optional(),
    topic: z.string().trim().min(1, "must not be blank").max(256).optional(),
    threshold: z.number().min(0).max(1).optional(),
  })
  .check(({ value, issues }) => {
    const fault = (field: string, message: string) =>
      issues.push({ code: "custom", input: value, path: [field], message });
    const { mode, until, topic, threshold } = value;
    if (mode === "active" && until !== undefined) fault("until", "must be left out when the mode is `active`");
    if (mode === "until_topic") {
      if (topic === undefined) fault("topic", "must be given when the mode is `until_topic`");
      return;
    }
    if (topic !== undefined) fault("topic", "must be left out unless the mode is `until_topic`");
    if (threshold !== undefined) fault("threshold", "must be left out unless the mode is `until_topic`");
  })
  .transform(
    (sleep): Sleep =>
      sleep.mode === "until_topic" ? { ...sleep, threshold: sleep.threshold ?? DEFAULT_THRESHOLD } : sleep,
  );

/** Turns at once of a persona of the catalogue, which serves many callers. */
const CATALOGUE_PARALLEL_TURNS = 16;

export const definitionSchema = z.strictObject({
  id: z.string().regex(ID_PATTERN, ID_FORM),
  name: z.string().trim().min(1, "must not be blank").max(128).optional(),
  instructions: textSchema.optional(),
  model: modelNameSchema.optional(),
  mapperId: z.string().regex(MAPPER_ID_PATTERN, MAPPER_ID_FORM).optional(),
  cognition: functionSchema<Cognition>().optional(),
  settings: z.strictObject(settingsShape).prefault({}),
});

/** Without a name it is the persona of the catalogue, which is defined there. */
const checkedDefinition = definitionSchema.check(({ value, issues }) => {
  if (value.name !== undefined) return;
  for (const field of ["instructions", "model", "mapperId"] as const) {
    if (value[field] === undefined) continue;
    const message = "must be left out without a `name`: a persona of the catalogue has it from there";
    issues.push({ code: "custom", input: value, path: [field], message });
  }
});

export const settingsSchema = z.strictObject(settingsShape);
export const changedSchema = z.strictObject({ settings: settingsSchema });

/** What is undefined is not given. */
const given = <Input extends object>(input: Input): Input =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Input;

/** What is given is checked together with what stays as it is. */
export const changesSchema = z.strictObject({
  settings: z
    .looseObject({ windows: z.looseObject({}).transform(given).optional() })
    .transform(given)
    .default({}),
  sleep: sleepSchema.optional(),
});

export const deadLettersSchema = z
  .strictObject({
    persona: z.string().optional(),
    after: z.string().optional(),
    limit: z.int().min(1).max(PAGE_LIMIT).default(PAGE_LIMIT),
  })
  .default({ limit: PAGE_LIMIT });

/** `Sender.id`. */
export const senderId = z.string().trim().min(1, "must not be blank").max(256);

export const roomSchema = z.strictObject({
  name: z.string().trim().min(1, "must not be blank").max(128).optional(),
  owner: senderId.optional(),
  members: z.array(z.string()).max(1_000).default([]),
});

export const resolveSchema = z.strictObject({
  persona_id: z.string().max(256),
  role_id: z.string().max(256).optional(),
  sequence_id: z.string().max(256).nullable().optional(),
  step: z.int().optional(),
});

export const advanceSchema = z.strictObject({ step: z.string().min(1).max(256) });

export const unenrollSchema = z.enum(["drain", "return"]).default("drain");

export const closeSchema = z.strictObject({ graceMs: z.int().min(0).default(10_000) }).default({ graceMs: 10_000 });

export const pageSchema = z
  .strictObject({ after: z.string().optional(), limit: z.int().min(1).max(PAGE_LIMIT).default(PAGE_LIMIT) })
  .default({ limit: PAGE_LIMIT });

export const personasSchema = z
  .strictObject({ after: z.string().optional(), limit: z.int().min(1).optional() })
  .default({});

export const spendingSchema = z.strictObject({
  by: z.enum(SPENDERS),
  from: z.int().min(0).default(0),
  to: z.int().min(0).optional(),
  owner: z.string().min(1).max(256).optional(),
  limit: z.int().min(1).max(1_000).optional(),
});

export const busiestSchema = z
  .strictObject({
    by: z.enum(LOADS).default("queued"),
    offset: z.int().min(0).max(1_000_000_000).default(0),
    limit: z.int().min(1).max(1_000).default(100),
  })
  .prefault({});

export const eventsSchema = z
  .strictObject({
    after: z.int().min(0).optional(),
    signal: z.instanceof(AbortSignal, { error: "must be an AbortSignal" }).optional(),
  })
  .default({});

export const optionsSchema = z.strictObject({
  store: z.string().min(1, 'must be a file name, or "memory"'),
  cognition: functionSchema<Cognition>().optional(),
  tools: toolsSchema.default([]),
  providers: z
    .custom<Providers>(isProviders, "must be what `await providers(…)` of persona-runtime/ai gives")
    .optional(),
  catalogue: z
    .strictObject({
      seeds: z.string().min(1, "must be a file name").optional(),
      builtIn: z.boolean().default(false),
      writes: z.boolean().default(true),
      persister: z.custom<Persister>().optional(),
      defaults: resolveDefaultsSchema.optional(),
    })
    .prefault({}),
  judge: functionSchema<ExitJudge>().optional(),
  mapping: z
    .strictObject({
      extractors: extractorsSchema.optional(),
      feedbackPerDay: z.int().min(1).max(10_000).optional(),
      embedder: z
        .custom<Embedder>(isEmbedder, "must have a model (`provider:model`) and a function embed()")
        .optional(),
      summarize: functionSchema<Summarize>().optional(),
      documentBytes: z.int().min(1_024).max(4_194_304).optional(),
      rules: z.int().min(1).max(1_000_000).optional(),
      residents: z.int().min(1).max(10_000_000).optional(),
    })
    .optional(),
  clock: clockSchema.optional(),
  seed: z.int().min(0).optional(),
  maxTurnsInFlight: z.int().min(1).max(65_536).default(1_024),
  maxHops: z.int().min(1).max(64).default(8),
  onWarning: functionSchema<NonNullable<RuntimeOptions["onWarning"]>>().optional(),
  record: z.string().min(1, "must be a file name").optional(),
  prices: pricesSchema.default({}),
  budgets: budgetsSchema.default({}),
  telemetry: z
    .strictObject({
      tracerProvider: z.custom<TracerProvider>(hasFunction("getTracer"), "must be a tracer provider").optional(),
      meterProvider: z.custom<MeterProvider>(hasFunction("getMeter"), "must be a meter provider").optional(),
      captureContent: z.boolean().optional(),
    })
    .optional(),
});

function isProviders(value: unknown): boolean {
  const { cognition, status } = (value ?? {}) as Partial<Providers>;
  return typeof cognition === "function" && typeof status === "function";
}

function isEmbedder(value: unknown): boolean {
  const { model, embed } = (value ?? {}) as Partial<Embedder>;
  return typeof embed === "function" && modelNameSchema.safeParse(model).success;
}

function hasFunction(name: string) {
  return (value: unknown) => typeof (value as Record<string, unknown> | null | undefined)?.[name] === "function";
}

export interface CheckedDefinition extends Omit<PersonaDefinition, "settings" | "instructions"> {
  readonly instructions: string;
  readonly settings: PersonaSettings;
}

/** The definition with defaults filled in; throws `invalid_input` naming every broken field. */
export function checkDefinition(definition: PersonaDefinition): CheckedDefinition {
  const checked = parse(checkedDefinition, definition, "persona");
  const { name, instructions = "", settings } = checked;
  const parallel = name === undefined ? CATALOGUE_PARALLEL_TURNS : settings.maxParallelTurns;
  const maxParallelTurns = definition.settings?.maxParallelTurns ?? parallel;
  return { ...checked, instructions, settings: { ...settings, maxParallelTurns } } as CheckedDefinition;
}
