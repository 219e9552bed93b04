/** Messages as they are kept and read. */
import * as z from "zod";
import type { Message, Runtime } from "../../types.ts";
import { idInput, pageLimit, time } from "./common.ts";
import { wire } from "./registry.ts";

const senderSchema = z
  .object({ kind: z.enum(["human", "agent", "persona", "system"]), id: z.string(), name: z.string().optional() })
  .register(wire, { id: "Sender" });

export const pageQuery = z.strictObject({
  after: idInput.exactOptional().register(wire, { description: "Id of the last message that is already known" }),
  limit: pageLimit,
});

export const messageSchema = z
  .object({
    id: z.string(),
    conversation_id: z.string(),
    from: senderSchema,
    text: z.string(),
    reply_to: z.string().optional(),
    turn_id: z.string().optional().register(wire, { description: "Of a reply: the turn that produced it" }),
    created_at: time,
  })
  .register(wire, { id: "Message" });

export const messagePageSchema = z
  .object({
    messages: z.array(messageSchema).register(wire, { description: "Oldest first" }),
    more: z.boolean().register(wire, { description: "Go on with `after` = the last message's id" }),
  })
  .register(wire, { id: "MessagePage" });

export function messageOf(message: Message): z.output<typeof messageSchema> {
  return {
    id: message.id,
    conversation_id: message.conversation,
    from: message.from,
    text: message.text,
    reply_to: message.replyTo,
    turn_id: message.turn,
    created_at: message.createdAt,
  };
}

/** One message more than asked for is read, to know whether there are any. */
export async function messagePageOf(
  runtime: Runtime,
  conversation: string,
  page: z.output<typeof pageQuery>,
): Promise<z.output<typeof messagePageSchema>> {
  const { limit } = page;
  const messages = await runtime.messages(conversation, { ...page, limit: limit + 1 });
  return { messages: messages.slice(0, limit).map(messageOf), more: messages.length > limit };
}
