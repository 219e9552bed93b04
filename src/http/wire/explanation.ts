import * as z from "zod";
import type { Explanation } from "../../types.ts";
import { lane } from "./common.ts";
import { callOf, callSchema, promptOf, promptSchema, toolCallFactsSchema, usageOf, usageSchema } from "./facts.ts";
import { itemState } from "./item.ts";
import { inWireNames } from "./names.ts";
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
    session: z
      .object({
        role_id: z.string().optional(),
        sequence_id: z.string().optional(),
        step_id: z.string().optional(),
        step_index: z.int().optional(),
        versions: z
          .object({ persona: z.int(), role: z.int().optional(), sequence: z.int().optional() })
          .register(wire, { description: "Of the entries in the catalogue that it was made of" }),
      })
      .optional()
      .register(wire, { description: "What the turn followed; absent for a persona that is not of the catalogue" }),
    cognition: z.object({
      kind: z.enum(["rehearsal", "function", "provider"]),
      provider: z.string().optional(),
      model: z.string().optional().register(wire, { description: "That answered; else the one the persona names" }),
      calls: z.array(callSchema).register(wire, { description: "In order; the first 64" }),
      calls_left_out: z.int(),
      tools: z
        .array(toolCallFactsSchema)
        .register(wire, { description: "Its calls of tools, in the order of their ends" }),
    }),
    prompt: promptSchema.optional().register(wire, { description: "Absent when cognition did not report it" }),
    cost: z.object({
      usage: usageSchema.optional().register(wire, { description: "Absent when cognition did not report it" }),
      usd: z.number().optional().register(wire, { description: "Absent when nobody knows the price" }),
      latency_ms: z
        .object({
          waited: z.number(),
          begin: z.number(),
          prompt: z.number().optional(),
          first_token: z.number().optional(),
          cognition: z.number(),
          settle: z.number(),
        })
        .register(wire, {
          description:
            "To the turn, from there to begin on disk, to the answer, to the reply on disk. `prompt` and " +
            "`first_token` are parts of `cognition`, from its beginning to the prompt and to the first token",
        }),
    }),
  })
  .register(wire, { id: "Explanation" });

export function explanationOf(explanation: Explanation): z.output<typeof explanationSchema> {
  const { turn, conversation, reply, why, items, session, cognition, prompt, cost, ...same } = explanation;
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
    session: session && {
      role_id: session.role,
      sequence_id: session.sequence,
      step_id: session.step,
      step_index: session.stepIndex,
      versions: { ...session.versions },
    },
    cognition: {
      ...inWireNames(cognition),
      calls: cognition.calls.map(callOf),
      tools: cognition.tools.map(inWireNames),
    },
    prompt: prompt && promptOf(prompt),
    cost: {
      usage: cost.usage && usageOf(cost.usage),
      usd: cost.usd,
      latency_ms: inWireNames(cost.latencyMs),
    },
  };
}
