import type * as z from "zod";
import { PersonaError } from "../errors.ts";
import { quoteId } from "../ids.ts";
import type { Accepted, Runtime, Session } from "../types.ts";
import type { Identity } from "./identity.ts";
import type { entryFields } from "./wire/entry.ts";
import { sendOptionsOf } from "./wire/send.ts";

/** Sends one message to the persona or the conversation that it names. Rejects when it was refused. */
export async function sendEntry(
  runtime: Runtime,
  identity: Identity,
  entry: z.output<typeof entryFields>,
  traceparent?: string,
): Promise<Accepted> {
  const { persona, conversation_id: id = "", reply_to: replyTo, text } = entry;
  const options = sendOptionsOf(entry, { "idempotency-key": entry.idempotency_key, traceparent }, identity);
  if (persona !== undefined) return runtime.send(persona, text, options).accepted;
  const session = await sessionOf(runtime, id);
  if (session === undefined) return runtime.post(id, text, { ...options, ...(replyTo !== undefined && { replyTo }) });
  if (replyTo !== undefined) {
    const fields = [{ field: "reply_to", message: "is for rooms" }];
    throw new PersonaError("invalid_input", "reply_to is for rooms", { fields });
  }
  return runtime.send(session.persona, text, { ...options, conversation: session.id }).accepted;
}

/** Undefined for a room; rejects if there is neither. */
async function sessionOf(runtime: Runtime, id: string): Promise<Session | undefined> {
  try {
    return await runtime.session(id);
  } catch (error) {
    if (!(error instanceof PersonaError) || error.code !== "session_not_found") throw error;
  }
  await runtime.room(id).catch(() => {
    throw new PersonaError("room_not_found", `No room and no session has the id ${quoteId(id)}`);
  });
  return undefined;
}
