/** What somebody says: the check of `send`'s and `post`'s arguments. */
import * as z from "zod";
import { compiledWhenBusy } from "../compiled-schema.ts";
import { parse } from "../faults.ts";
import { textSchema } from "../inputs.ts";
import type { Lane, Sender } from "../store/port.ts";
import { LANES } from "../store/port.ts";
import type { SendOptions } from "../types.ts";
import { senderId } from "./settings.ts";

/** A checked message, before anything is known of its conversation. */
export interface Speech {
  readonly text: string;
  readonly from: Sender;
  readonly lane: Lane;
  readonly priority: number | undefined;
  readonly urgent: boolean;
  readonly expiresInMs: number | undefined;
  readonly idempotencyKey: string | undefined;
  readonly conversation: string | undefined;
  readonly replyTo: string | undefined;
  readonly mergeKey: string | undefined;
  readonly coalesce: "merge" | "latest";
  readonly similarity: number | undefined;
  readonly traceparent: string | undefined;
}

const senderSchema = z.union(
  [
    senderId.transform(namedSender),
    z.strictObject({
      kind: z.enum(["human", "agent", "persona", "system"]),
      id: senderId,
      name: z.string().trim().min(1).max(128).exactOptional(),
    }),
  ],
  { error: 'must be a text such as "user:7", or { kind, id, name? } with a kind of human, agent, persona or system' },
);

/** An id, or what shall be one: whether it names anything is for the catalogue to say. */
const idInput = z.string().min(1).max(256);

/** Of a session that is opened. */
export const sessionSchema = z.strictObject({
  persona: idInput,
  role: idInput.optional(),
  sequence: idInput.nullable().optional(),
  mode: z.literal("text", { error: "must be `text`" }).default("text"),
  from: senderSchema,
});

/** The HTTP layer builds its wire schema from the same fields. */
export const speechSchema = z.strictObject({
  text: textSchema.refine((text) => text.trim() !== "", "must not be blank"),
  from: senderSchema,
  lane: z.enum(LANES).default("chat"),
  priority: z.number().min(0).max(1).optional(),
  urgent: z.boolean().default(false),
  expiresInMs: z.int().min(1).max(31_536_000_000).optional(),
  idempotencyKey: z.string().min(1).max(255).optional(),
  conversation: z.string().optional(),
  replyTo: z.string().optional(),
  mergeKey: z.string().min(1).max(255).optional(),
  coalesce: z.enum(["merge", "latest"]).default("merge"),
  similarity: z.number().min(0).max(1).optional(),
  traceparent: z.string().optional(),
});

const busySchema = compiledWhenBusy(speechSchema);

/** On what `checkedSpeech` has made; no document that is parsed can have it. */
const CHECKED = Symbol("checked");

/** Options of a message whose fields were checked against those of `speechSchema` already. They are not checked again. */
export function checkedSpeech(speech: Speech): SendOptions {
  const checked: Speech & { readonly [CHECKED]: true } = { ...speech, [CHECKED]: true };
  return checked as object as SendOptions;
}

/** Throws `invalid_input` naming every broken field. */
export function checkSpeech(text: string, options: object): Speech {
  const checked = options as (Speech & { readonly [CHECKED]?: true }) | undefined;
  if (checked?.[CHECKED] === true && checked.text === text) return checked;
  return parse(busySchema(), { ...options, text }, "message") as Speech;
}

/** `agent:x`, `persona:x` and `system:x` say what they are; anybody else is human. A persona goes by its own id. */
function namedSender(id: string): Sender {
  const [kind, ...name] = id.split(":");
  if (kind === "persona") return { kind, id: name.join(":") };
  return { kind: kind === "agent" || kind === "system" ? kind : "human", id };
}
