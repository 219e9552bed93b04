import * as z from "zod";
import { SPENDERS } from "../../store/port.ts";
import type { Spending } from "../../types.ts";
import { decimal } from "./common.ts";
import { wire } from "./registry.ts";

const moment = decimal(z.int().min(0)).exactOptional();

export const spendingQuery = z.strictObject({
  by: z.enum(SPENDERS).default("persona").register(wire, { description: "Whose spending is added up" }),
  from: moment.register(wire, { description: "Milliseconds since 1970. Default: from the beginning" }),
  to: moment.register(wire, { description: "Only what came before. Default: up to now" }),
  limit: decimal(z.int().min(1).max(999)).default(100).register(wire, { description: "Default 100" }),
});

export const spendingSchema = z
  .object({
    spending: z
      .array(
        z.object({
          of: z.string().optional().register(wire, {
            description: "Id of the persona or owner, or the model; absent for the fleet, and for what has none",
          }),
          calls: z.int().register(wire, { description: "To models" }),
          input_tokens: z.int(),
          output_tokens: z.int(),
          usd: z.number().register(wire, { description: "Exact to a billionth" }),
          unconfirmed: z.int().register(wire, {
            description: "Calls that were booked as they were reserved, because nobody could say what was used",
          }),
          unpriced: z.int().register(wire, { description: "Calls of models without a price" }),
        }),
      )
      .register(wire, { description: "The most expensive first" }),
    more: z.boolean().register(wire, { description: "Whether there are others, who spent less" }),
  })
  .register(wire, { id: "SpendingReport", description: "Who spent what; calls under way are not in it" });

export function spendingOf({ of, inputTokens, outputTokens, ...same }: Spending) {
  return { ...same, of, input_tokens: inputTokens, output_tokens: outputTokens };
}
