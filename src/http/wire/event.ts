import * as z from "zod";
import type { RuntimeEvent } from "../../types.ts";
import { time } from "./common.ts";
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
    z
      .object({
        type: z.literal("sequence_step"),
        rev: z.int(),
        conversation_id: z.string(),
        persona: z.string(),
        sequence_id: z.string(),
        step_id: z.string(),
        step_index: z.int(),
        status: z.enum(["entered", "completed", "sequence_completed"]),
        reason: z.string().register(wire, {
          description: "`begun`, `advanced`, `exit_criteria`, `max_turns`, or `closed`",
        }),
        verdict: z
          .object({ met: z.boolean(), reason: z.string() })
          .optional()
          .register(wire, { description: "Of a completed step: what was judged of its exit criteria" }),
        turn_id: z.string().optional().register(wire, { description: "The turn by which it happened" }),
      })
      .register(wire, { description: "Something happened to a step of a session's sequence" }),
    z
      .object({
        type: z.literal("mindscape_updated"),
        rev: z.int(),
        person_id: z.string(),
        version: z.int(),
        changed: z.array(z.string()).register(wire, { description: "Paths of the traits that changed" }),
      })
      .register(wire, { description: "A mindscape has another version" }),
    z
      .object({
        type: z.literal("core_stale"),
        rev: z.int(),
        person_id: z.string(),
        persona_id: z.string(),
        mapper_id: z.string(),
        stale_since: time,
      })
      .register(wire, { description: "What a persona's core was made from is another by now" }),
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
    case "sequence_step": {
      const { conversation, sequence, step, stepIndex, turn, verdict, ...same } = event;
      const names = { conversation_id: conversation, sequence_id: sequence, step_id: step, step_index: stepIndex };
      return { ...same, ...names, verdict: verdict && { ...verdict }, turn_id: turn };
    }
    case "mindscape_updated": {
      const { person, changed, ...same } = event;
      return { ...same, person_id: person, changed: [...changed] };
    }
    case "core_stale": {
      const { person, persona, mapper, staleSince, ...same } = event;
      return { ...same, person_id: person, persona_id: persona, mapper_id: mapper, stale_since: staleSince };
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
