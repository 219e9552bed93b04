import * as z from "zod";
import { toolAnswerSchema } from "../../runtime/client-calls.ts";
import type { ToolCall } from "../../types.ts";
import { idInput, pageLimit, time } from "./common.ts";
import { wire } from "./registry.ts";

export const toolCallPageQuery = z.strictObject({
  persona: idInput.exactOptional().register(wire, { description: "Only those of this persona" }),
  conversation: idInput.exactOptional().register(wire, { description: "Only those of this conversation" }),
  after: idInput.exactOptional().register(wire, { description: "Id of the last call that is already known" }),
  limit: pageLimit,
});

const toolCallSchema = z
  .object({
    id: z.string(),
    turn_id: z.string(),
    persona: z.string(),
    conversation_id: z.string(),
    name: z.string().register(wire, { description: "Of the tool" }),
    arguments: z.unknown(),
    called_at: time,
    waits_until: time,
  })
  .register(wire, { id: "ToolCall", description: "A call of a tool that waits for a client's answer" });

export const toolCallPageSchema = z
  .object({
    tool_calls: z.array(toolCallSchema).register(wire, { description: "Oldest first" }),
    more: z.boolean().register(wire, { description: "Go on with `after` = the last call's id" }),
  })
  .register(wire, { id: "ToolCallPage" });

export const toolAnswerBody = toolAnswerSchema.register(wire, {
  id: "ToolAnswer",
  description: "What the tool gives, at most 64 KiB as JSON, or what the model is told of why it gives nothing",
});

export function toolCallOf(call: ToolCall): z.output<typeof toolCallSchema> {
  const { turn, conversation, calledAt, waitsUntil, ...same } = call;
  return { ...same, turn_id: turn, conversation_id: conversation, called_at: calledAt, waits_until: waitsUntil };
}
