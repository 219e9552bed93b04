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
  })
  .register(wire, { id: "Item" });

export function itemOf({ message, conversation, turn, ...same }: ItemView): z.output<typeof itemSchema> {
  return { ...same, message_id: message, conversation_id: conversation, turn_id: turn };
}
