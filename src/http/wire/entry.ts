/** One message among several: of a batch, or of a socket. */
import type * as z from "zod";
import { idInput } from "./common.ts";
import { wire } from "./registry.ts";
import { idempotencyKey, messageBody } from "./send.ts";

export const entryFields = messageBody.extend({
  persona: idInput.optional().register(wire, { description: "In the sender's direct session with this persona" }),
  conversation_id: idInput.optional().register(wire, { description: "Or in this room or session" }),
  reply_to: idInput.optional().register(wire, { description: "In a room: id of the message that this one replies to" }),
  idempotency_key: idempotencyKey,
});

/** Checks what no single field shows. */
export function namesOneTarget(entry: z.output<typeof entryFields>, context: z.RefinementCtx): void {
  const { persona, conversation_id: conversation, reply_to: replyTo } = entry;
  const fault = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (persona === undefined && conversation === undefined) fault("persona", "name a persona or a conversation_id");
  if (persona !== undefined && conversation !== undefined) fault("conversation_id", "name a persona or this, not both");
  if (persona !== undefined && replyTo !== undefined) fault("reply_to", "is for rooms");
}

export const entrySchema = entryFields.superRefine(namesOneTarget).register(wire, { id: "Entry" });
