import * as z from "zod";
import { hasLimit, budgetSchema as librarySchema, NO_LIMIT } from "../../cognition/budgets/settings.ts";
import { wire } from "./registry.ts";

const { tokens, usd, windowMs, onExhausted } = librarySchema.shape;

/** The bounds and defaults are those of the library; only the names are the wire's. */
export const budgetSchema = z
  .strictObject({
    tokens: tokens.register(wire, { description: "Input and output together" }),
    usd: usd.register(wire, { description: "With nine decimal places at most" }),
    window_ms: windowMs.register(wire, { description: "Windows lie end to end from 1970 on. Default: a day" }),
    on_exhausted: onExhausted.register(wire, {
      description:
        "What becomes of a turn whose call does not fit: declined (`budget_exhausted`), or held until the next window",
    }),
  })
  .refine(hasLimit, NO_LIMIT)
  .register(wire, { id: "Budget", description: "What may be spent in each window: `tokens`, `usd` or both" });
