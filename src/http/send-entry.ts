import type * as z from "zod";
import { PersonaError } from "../errors.ts";
import { quoteId } from "../ids.ts";
import type { Accepted, Runtime, Session } from "../types.ts";
import type { Identity } from "./identity.ts";
import type { entryFields } from "./wire/entry.ts";
import { sendOptionsOf } from "./wire/send.ts";

type Entry = z.output<typeof entryFields>;

/**
 * Sends the messages of one batch or one socket so that they are said in their order. Those that find their
 * conversation in the same way do so at once; one that takes another way, which may be shorter, waits for those
 * before it.
 */
export class OrderedEntries {
  readonly #runtime: Runtime;
  readonly #identity: Identity;
  #way: string | undefined;
  /** What those that take this way wait for, if there was another, and what those that take another will wait for. */
  #before: Promise<unknown> | undefined;
  #all: Promise<unknown> | undefined;

  constructor(runtime: Runtime, identity: Identity) {
    this.#runtime = runtime;
    this.#identity = identity;
  }

  /** To the persona or the conversation that it names. Rejects when it was refused. */
  send(entry: Entry, traceparent?: string): Promise<Accepted> {
    const way = wayOf(entry);
    if (way !== this.#way) this.#before = this.#all;
    this.#way = way;
    const say = () => sendEntry(this.#runtime, this.#identity, entry, traceparent);
    const sent = this.#before === undefined ? say() : this.#before.then(say);
    const all = this.#all;
    this.#all = sent.then(
      () => all,
      () => all,
    );
    return sent;
  }
}

function wayOf({ persona, reply_to: replyTo }: Entry): string {
  if (persona !== undefined) return "persona";
  return replyTo === undefined ? "conversation" : "reply";
}

async function sendEntry(
  runtime: Runtime,
  identity: Identity,
  entry: Entry,
  traceparent: string | undefined,
): Promise<Accepted> {
  const { persona, conversation_id: id = "", reply_to: replyTo, text } = entry;
  const headers = { "idempotency-key": entry.idempotency_key, traceparent };
  if (persona !== undefined) return runtime.tell(persona, text, sendOptionsOf(entry, headers, identity));
  const session = await sessionOf(runtime, id);
  if (session === undefined) return runtime.post(id, text, sendOptionsOf(entry, headers, identity, { replyTo }));
  if (replyTo !== undefined) {
    const fields = [{ field: "reply_to", message: "is for rooms" }];
    throw new PersonaError("invalid_input", "reply_to is for rooms", { fields });
  }
  return runtime.tell(session.persona, text, sendOptionsOf(entry, headers, identity, { conversation: session.id }));
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
