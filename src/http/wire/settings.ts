import * as z from "zod";
import { settingsShape as shape } from "../../runtime/settings.ts";
import type { PersonaSettings } from "../../types.ts";
import { budgetSchema } from "./budget.ts";
import { inLibraryNames, inWireNames } from "./names.ts";
import { wire } from "./registry.ts";

/** The bounds and defaults are those of the library; only the names are the wire's. */
const fields = {
  max_parallel_turns: shape.maxParallelTurns.register(wire, {
    description: "Turns at once over all conversations, but never more than half of the fleet's",
  }),
  max_queued: shape.maxQueued.register(wire, { description: "Undecided items before further ones are refused" }),
  deadline_ms: shape.deadlineMs.register(wire, {
    description: "How long an answer may take; spoken ones at most 20 s",
  }),
  history_tokens: shape.historyTokens.register(wire, {
    description: "How much of the conversation the persona may look back at",
  }),
  on_unknown_outcome: shape.onUnknownOutcome.register(wire, {
    description:
      "What becomes of items whose turn was cut off by a crash: tried again, dead letters, or declined. `auto`: `ask` for " +
      "a persona with tools, else `retry`",
  }),
  paused: shape.paused.register(wire, {
    description: "A paused persona accepts messages, and answers them once it is resumed",
  }),
  windows: shape.windows.register(wire, {
    description:
      "Items of each lane that wait in memory; what lies beyond waits in the database. Without a database the least " +
      "important of the lane is declined (`evicted`), but never one that is spoken or urgent",
  }),
  breaker_failures: shape.breakerFailures.register(wire, {
    description: "Turns in a row that fail or time out before the breaker opens; 0: it never does",
  }),
  breaker_open_ms: shape.breakerOpenMs.register(wire, {
    description:
      "How long the breaker stays open, ±10 %; twice as long each time the one turn that then tries fails too, " +
      "10 minutes at most",
  }),
  room_gap_ms: shape.roomGapMs.register(wire, {
    description: "Pause in a room between the persona's last answer and one that no human asked for",
  }),
  room_cap: shape.roomCap.register(wire, {
    description:
      "Answers in a room that no human asked for, until a human speaks there again; what comes then is " +
      "declined (`room_cap`)",
  }),
  answer_undirected: shape.answerUndirected.register(wire, {
    description: "Whether it answers what another persona says in a room without naming it",
  }),
  temperament: shape.temperament.register(wire, {
    description:
      "Whether load and energy decide what it takes up. Never what a human says to it, and nothing waits longer than a " +
      "minute for this",
  }),
  tools: shape.tools.register(wire, { description: "Names of the tools that it may call" }),
  complexity: shape.complexity.register(wire, {
    description: "With a temperament: what a minute of work costs, in tenths of its energy",
  }),
  compute_budget: shape.computeBudget.register(wire, {
    description: "With a temperament: what is left to compute with; below 0.2 it is overwhelmed",
  }),
  budget: budgetSchema.nullable().default(null).register(wire, {
    description: "What its calls to models may take in a window; null: what the server gives every persona",
  }),
};

export const settingsSchema = z.strictObject(fields).register(wire, { id: "Settings" });

/** For changes: what is left out stays as it is, so nothing has a default. */
export const settingsChanges = z
  .strictObject({
    ...withoutDefaults(fields),
    windows: z
      .strictObject(withoutDefaults(shape.windows.unwrap().shape))
      .exactOptional()
      .register(wire, { description: "As in `Settings`, lane by lane" }),
  })
  .register(wire, { description: "What is left out stays as it is" });

type WithoutDefaults<Fields extends Readonly<Record<string, WithDefault>>> = {
  [Name in keyof Fields]: z.ZodExactOptional<
    Fields[Name] extends { unwrap(): infer Inner extends z.ZodType } ? Inner : never
  >;
};

type WithDefault = z.ZodDefault<z.ZodType> | z.ZodPrefault<z.ZodType>;

function withoutDefaults<Fields extends Readonly<Record<string, WithDefault>>>(
  fields: Fields,
): WithoutDefaults<Fields> {
  const bare = Object.entries(fields).map(([name, schema]) => [
    name,
    schema
      .unwrap()
      .exactOptional()
      .register(wire, { ...wire.get(schema) }),
  ]);
  return Object.fromEntries(bare);
}

/** What is inside of a budget has other names, too. */
export function settingsInput<Settings extends { budget?: z.output<typeof budgetSchema> | null }>(settings: Settings) {
  const { budget, ...same } = inLibraryNames(settings);
  return budget === undefined ? same : { ...same, budget: budget && inLibraryNames(budget) };
}

export function settingsOf(settings: PersonaSettings): z.output<typeof settingsSchema> {
  const { budget, ...same } = inWireNames(settings);
  return { ...same, tools: [...settings.tools], budget: budget && inWireNames(budget) };
}
