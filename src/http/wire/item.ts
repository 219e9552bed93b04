import * as z from "zod";
import type { ItemView } from "../../types.ts";
import { wire } from "./registry.ts";

export const itemState = z.enum(["waiting", "in_turn", "answered", "declined", "dead"]);

export const itemSchema = z
  .object({
    id: z.string(),
    message_id: z.string(),
    conversation_id: z.string(),
    persona: z.string(),
    state: itemState,
    reason: z.string().optional(),
    error: z.string().optional(),
    attempt: z.int(),
    turn_id: z.string().optional(),
    replay_of: z.string().optional().register(wire, { description: "Id of the dead item that this one stands in for" }),
  })
  .register(wire, { id: "Item" });

export function itemOf(item: ItemView): z.output<typeof itemSchema> {
  const { message, conversation, turn, replayOf, ...same } = item;
  return { ...same, message_id: message, conversation_id: conversation, turn_id: turn, replay_of: replayOf };
}
