import * as z from "zod";
import type { Why } from "../../types.ts";
import { breakerSchema } from "./breaker.ts";
import { heldSchema } from "./gate.ts";
import { inWireNames } from "./names.ts";
import { wire } from "./registry.ts";
import { sleepSchema } from "./sleep.ts";

export const whySchema = z
  .object({
    persona: z.string(),
    source: z.enum(["inline", "catalogue"]),
    held: heldSchema.optional().register(wire, {
      description: "What holds all of it; absent when nothing does, or nothing waits",
    }),
    queued: z.int(),
    in_store: z.int().register(wire, { description: "Of those, how many wait in the database only" }),
    in_flight: z.int(),
    breaker: breakerSchema,
    sleep: sleepSchema,
    energy: z.number().register(wire, { description: "0 to 1; 1 without a temperament" }),
    debt: z.number().register(wire, {
      description: "Items that it took beyond its share: its next round is so much shorter",
    }),
    conversations: z
      .array(
        z.object({
          conversation_id: z.string(),
          item_id: z.string().register(wire, { description: "What comes next there" }),
          queued: z.int(),
          held: heldSchema.optional().register(wire, { description: "Why not yet; absent when it is about to" }),
        }),
      )
      .register(wire, { description: "Where something waits in memory, 100 at most" }),
  })
  .register(wire, { id: "Why" });

export function whyOf(why: Why): z.output<typeof whySchema> {
  const { breaker, conversations, ...same } = inWireNames(why);
  return {
    ...same,
    breaker: inWireNames(breaker),
    conversations: conversations.map(({ conversation, item, ...rest }) => ({
      conversation_id: conversation,
      item_id: item,
      ...rest,
    })),
  };
}
