import * as z from "zod";
import type { DeadLetter } from "../../types.ts";
import { idInput, lane, pageLimit, time } from "./common.ts";
import { wire } from "./registry.ts";

export const deadLetterPageQuery = z.strictObject({
  persona: idInput.exactOptional().register(wire, { description: "Only those of this persona, enrolled or gone" }),
  after: idInput.exactOptional().register(wire, { description: "Id of the last item that is already known" }),
  limit: pageLimit,
});

const deadLetterSchema = z
  .object({
    item_id: z.string(),
    message_id: z.string(),
    conversation_id: z.string(),
    persona: z.string(),
    lane,
    reason: z.string().register(wire, {
      description: "`expired`, `cognition_failed`, `cognition_timeout`, `unknown_outcome`",
    }),
    error: z.string().optional().register(wire, { description: "The last error, if there was one" }),
    attempt: z.int(),
    enqueued_at: time,
    died_at: time,
  })
  .register(wire, {
    id: "DeadLetter",
    description: "An item that was given up, kept until it is replayed or discarded",
  });

export const deadLetterPageSchema = z
  .object({
    dead_letters: z.array(deadLetterSchema).register(wire, { description: "Oldest first" }),
    more: z.boolean().register(wire, { description: "Go on with `after` = the last item's id" }),
  })
  .register(wire, { id: "DeadLetterPage" });

export function deadLetterOf(letter: DeadLetter): z.output<typeof deadLetterSchema> {
  const { item, message, conversation, enqueuedAt, diedAt, ...same } = letter;
  return {
    ...same,
    item_id: item,
    message_id: message,
    conversation_id: conversation,
    enqueued_at: enqueuedAt,
    died_at: diedAt,
  };
}
