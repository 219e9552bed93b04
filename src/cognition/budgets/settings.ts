/** The bounds of budgets and prices; the configuration file is checked by the same schemas. */
import * as z from "zod";
import { modelNameSchema } from "../../inputs.ts";
import { MAX_PRICE_USD } from "./money.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A decimal that is kept exactly: with so many places at most. */
const decimal = (places: number) =>
  z.number().refine((value) => Math.round(value * 10 ** places) / 10 ** places === value, {
    error: `must have at most ${places} decimal places`,
  });

const pricePerMTok = decimal(6).min(0).max(MAX_PRICE_USD);

/** Dollars for a million tokens. */
export const priceSchema = z.strictObject({
  inputUsdPerMTok: pricePerMTok,
  outputUsdPerMTok: pricePerMTok,
  cachedInputUsdPerMTok: pricePerMTok.optional(),
});

export const pricesSchema = z.record(modelNameSchema, priceSchema);

const limits = {
  tokens: z.int().min(1).max(1_000_000_000_000).optional(),
  usd: decimal(9).positive().max(1_000_000).optional(),
};

export const hasLimit = ({ tokens, usd }: { tokens?: number | undefined; usd?: number | undefined }) =>
  tokens !== undefined || usd !== undefined;
export const NO_LIMIT = "must have `tokens`, `usd` or both";

const turnBudgetSchema = z.strictObject(limits).refine(hasLimit, NO_LIMIT);

export const budgetSchema = z
  .strictObject({
    ...limits,
    windowMs: z
      .int()
      .min(1_000)
      .max(366 * DAY_MS)
      .default(DAY_MS),
    onExhausted: z.enum(["decline", "hold"]).default("decline"),
  })
  .refine(hasLimit, NO_LIMIT);

export const budgetsSchema = z.strictObject({
  turn: turnBudgetSchema.optional(),
  persona: budgetSchema.optional(),
  owner: budgetSchema.optional(),
  fleet: budgetSchema.optional(),
});

export type CheckedBudgets = z.output<typeof budgetsSchema>;
