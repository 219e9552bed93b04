import * as z from "zod";
import type { Explanation } from "../../types.ts";
import { lane } from "./common.ts";
import { itemState } from "./item.ts";
import { wire } from "./registry.ts";

export const turnOutcome = z.enum(["running", "answered", "declined", "failed", "timeout", "cancelled", "unknown"]);

export const explanationSchema = z
  .object({
    turn_id: z.string(),
    persona: z.string(),
    conversation_id: z.string(),
    attempt: z.int(),
    outcome: turnOutcome,
    error: z.string().optional(),
    reply_id: z.string().optional(),
    why: z
      .object({
        reason: z.enum(["urgent", "starved", "lane", "priority", "age", "only"]),
        lane,
        effective_priority: z.number(),
        waited_ms: z.number(),
      })
      .register(wire, { description: "What put the turn before the persona's other conversations" }),
    items: z.array(
      z.object({
        id: z.string(),
        message_id: z.string(),
        role: z.enum(["trigger", "context"]),
        state: itemState,
        waited_ms: z.number(),
      }),
    ),
    cognition: z.object({ kind: z.enum(["rehearsal", "function"]), model: z.string().optional() }),
    cost: z.object({
      usage: z
        .object({ input_tokens: z.number(), output_tokens: z.number() })
        .optional()
        .register(wire, { description: "Absent when cognition did not report it" }),
      latency_ms: z
        .object({ waited: z.number(), begin: z.number(), cognition: z.number(), settle: z.number() })
        .register(wire, {
          description: "To the turn, from there to begin on disk, to the answer, to the reply on disk",
        }),
    }),
  })
  .register(wire, { id: "Explanation" });

export function explanationOf(explanation: Explanation): z.output<typeof explanationSchema> {
  const { turn, conversation, reply, why, items, cost, ...same } = explanation;
  return {
    ...same,
    turn_id: turn,
    conversation_id: conversation,
    reply_id: reply,
    why: {
      reason: why.reason,
      lane: why.lane,
      effective_priority: why.effectivePriority,
      waited_ms: why.waitedMs,
    },
    items: items.map(({ message, waitedMs, ...item }) => ({ ...item, message_id: message, waited_ms: waitedMs })),
    cost: {
      usage: cost.usage && { input_tokens: cost.usage.inputTokens, output_tokens: cost.usage.outputTokens },
      latency_ms: cost.latencyMs,
    },
  };
}
