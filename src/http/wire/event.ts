import * as z from "zod";
import type { RuntimeEvent } from "../../types.ts";
import { turnOutcome } from "./explanation.ts";
import { itemOf, itemSchema } from "./item.ts";
import { messageOf, messageSchema } from "./message.ts";
import { wire } from "./registry.ts";
import { roomOf, roomSchema } from "./room.ts";

const turn = { turn_id: z.string(), persona: z.string(), conversation_id: z.string() };

const toolCall = { call_id: z.string(), ...turn, name: z.string() };

/** The `data` of an event. */
export const eventSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("message"), rev: z.int(), message: messageSchema }),
    z.object({
      type: z.literal("turn"),
      rev: z.int(),
      ...turn,
      outcome: turnOutcome,
      reply_id: z.string().optional(),
    }),
    z.object({
      type: z.literal("item"),
      rev: z.int(),
      item: itemSchema,
      discarded: z.boolean().register(wire, { description: "It was a dead letter, and is none any more" }),
    }),
    z.object({ type: z.literal("enrollment"), rev: z.int(), persona: z.string(), removed: z.boolean() }),
    z.object({ type: z.literal("room"), rev: z.int(), room: roomSchema }),
    z.object({ type: z.literal("turn_started"), ...turn, items: z.array(z.string()) }),
    z.object({ type: z.literal("token"), ...turn, token: z.string() }),
    z.object({ type: z.literal("tool_call"), ...toolCall, arguments: z.unknown() }).register(wire, {
      description: "A call of a tool waits for an answer: `POST /v1/tool-calls/{id}`",
    }),
    z
      .object({ type: z.literal("tool_call_ended"), ...toolCall, outcome: z.enum(["answered", "failed", "cancelled"]) })
      .register(wire, { description: "It does not wait any more" }),
    z
      .object({ type: z.literal("gap"), oldest: z.int() })
      .register(wire, { description: "Events since the asked id are gone; read the messages again" }),
    z
      .object({ type: z.literal("lagged"), missed: z.int() })
      .register(wire, { description: "This reader was too slow: so many tokens were left out" }),
  ])
  .register(wire, { id: "Event" });

export function eventOf(event: RuntimeEvent): z.output<typeof eventSchema> {
  switch (event.type) {
    case "message":
      return { ...event, message: messageOf(event.message) };
    case "item":
      return { ...event, item: itemOf(event.item) };
    case "room":
      return { ...event, room: roomOf(event.room) };
    case "turn": {
      const { turn, conversation, reply, ...same } = event;
      return { ...same, turn_id: turn, conversation_id: conversation, reply_id: reply };
    }
    case "turn_started": {
      const { turn, conversation, items, ...same } = event;
      return { ...same, turn_id: turn, conversation_id: conversation, items: [...items] };
    }
    case "tool_call":
    case "tool_call_ended": {
      const { call, turn, conversation, ...same } = event;
      return { ...same, call_id: call, turn_id: turn, conversation_id: conversation };
    }
    case "token": {
      const { turn, conversation, ...same } = event;
      return { ...same, turn_id: turn, conversation_id: conversation };
    }
    default:
      return event;
  }
}
