/** Sending a message: what is asked, and the two answers. */
import * as z from "zod";
import { parse } from "../../faults.ts";
import { MAX_TEXT_BYTES } from "../../inputs.ts";
import { senderId } from "../../runtime/settings.ts";
import { checkedSpeech, speechSchema } from "../../runtime/speech.ts";
import type { Accepted, Reply, SendOptions } from "../../types.ts";
import { personOf } from "../access.ts";
import type { Identity } from "../identity.ts";
import { decimal, idInput } from "./common.ts";
import { wire } from "./registry.ts";

/** The bounds and defaults are those of the library; only the names are the wire's. */
const { shape } = speechSchema;

export const messageBody = z.strictObject({
  text: shape.text.register(wire, { description: `At most ${MAX_TEXT_BYTES} bytes of UTF-8, and not blank` }),
  from: shape.from.optional().register(wire, {
    description:
      'Who says it: `"user:7"`, `"agent:x"`, or an object. Default: the caller; others take the role service',
  }),
  lane: shape.lane,
  priority: shape.priority.register(wire, { description: "Default: by the kind of the sender" }),
  urgent: shape.urgent,
  expires_in_ms: shape.expiresInMs.register(wire, {
    description: "An item that is still unanswered then is given up. Default: never",
  }),
  merge_key: shape.mergeKey.register(wire, {
    description:
      "Waiting messages of one conversation and lane with the same key become one turn. Chat without a key merges too; " +
      "tasks and background work do not",
  }),
  coalesce: shape.coalesce.register(wire, {
    description:
      "`latest`: instead of merging, it takes the place of the one with the same key that was sent so before and still " +
      "waits, which is declined (`superseded`)",
  }),
  similarity: shape.similarity.register(wire, {
    description: "How near it is to the topic that a persona sleeps until, as the caller finds it. Default: not near",
  }),
});

export const roomMessageBody = messageBody.extend({
  reply_to: idInput.optional().register(wire, { description: "Id of the message that this one replies to" }),
});

export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters")
  .optional()
  .register(wire, { description: "The same key again is the same message, not a second one" });

/** Loose: a request carries many more headers. */
export const traceHeaders = z.looseObject({
  traceparent: z.string().optional().register(wire, {
    description: "W3C Trace Context: the turn's trace goes on from there. What is none is ignored",
  }),
});

export const sendHeaders = traceHeaders.extend({ "idempotency-key": idempotencyKey });

export const sendQuery = z.strictObject({
  wait: decimal(z.int().min(0).max(60)).default(0).register(wire, {
    description: "Seconds to wait for the reply. Default 0: answer as soon as the message is stored",
  }),
});

export const acceptedSchema = z
  .object({
    message_id: z.string(),
    conversation_id: z.string(),
    items: z
      .array(z.object({ id: z.string(), persona: z.string() }))
      .register(wire, { description: "One for each persona that received the message" }),
    refused: z
      .array(z.object({ persona: z.string(), code: z.string() }))
      .register(wire, { description: "Members of the room that could not take it, and the code that says why" }),
    replayed: z
      .boolean()
      .register(wire, { description: "The idempotency key showed that this message was sent before" }),
  })
  .register(wire, { id: "Accepted", description: "The message is stored; its outcome can be asked for by item" });

export const answeredSchema = z
  .object({
    ...acceptedSchema.shape,
    reply: z.object({
      id: z.string(),
      text: z.string(),
      persona: z.string(),
      conversation_id: z.string(),
      turn_id: z.string(),
      answers: z
        .array(z.string())
        .register(wire, { description: "Ids of all items that this reply answers; merged messages share one reply" }),
    }),
  })
  .register(wire, { id: "Answered" });

/** What `send`, `tell` and `post` take; `place` says where it is said, if it is not the direct session. */
export function sendOptionsOf(
  body: z.output<typeof messageBody>,
  headers: z.output<typeof sendHeaders>,
  identity: Identity,
  place: { readonly conversation?: string | undefined; readonly replyTo?: string | undefined } = {},
): SendOptions {
  return checkedSpeech({
    text: body.text,
    from: body.from ?? { kind: "human", id: parse(senderId, personOf(identity), "from") },
    lane: body.lane,
    priority: body.priority,
    urgent: body.urgent,
    expiresInMs: body.expires_in_ms,
    idempotencyKey: headers["idempotency-key"],
    conversation: place.conversation,
    replyTo: place.replyTo,
    mergeKey: body.merge_key,
    coalesce: body.coalesce,
    similarity: body.similarity,
    traceparent: headers.traceparent,
  });
}

export function acceptedOf(accepted: Accepted): z.output<typeof acceptedSchema> {
  return {
    message_id: accepted.message,
    conversation_id: accepted.conversation,
    items: accepted.items.map(({ id, persona }) => ({ id, persona })),
    refused: accepted.refused.map(({ persona, code }) => ({ persona, code })),
    replayed: accepted.replayed,
  };
}

export function answeredOf(accepted: Accepted, reply: Reply): z.output<typeof answeredSchema> {
  const { id, text, persona, conversation, turn, answers } = reply;
  return {
    ...acceptedOf(accepted),
    reply: { id, text, persona, conversation_id: conversation, turn_id: turn, answers: [...answers] },
  };
}
