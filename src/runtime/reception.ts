/** What callers say, from the check of their words to the acceptance or the refusal. */
import { hash } from "node:crypto";
import { PersonaError } from "../errors.ts";
import { decodeId, encodeId, quoteId } from "../ids.ts";
import type { Append, ConversationRow, MessageRow, SessionOpening, Store } from "../store/port.ts";
import type { Accepted, PostOptions, SendOptions } from "../types.ts";
import type { PendingAnswer } from "./answer.ts";
import type { Conversations } from "./conversations.ts";
import type { EventHub } from "./event-hub.ts";
import { type Intake, type Prepared, refusalError } from "./intake.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Persona } from "./persona.ts";
import type { Personas } from "./personas.ts";
import type { Rooms } from "./rooms.ts";
import type { Scope } from "./scope.ts";
import type { Sessions } from "./sessions.ts";
import { checkSpeech, type Speech } from "./speech.ts";
import type { Origin, Origins, Tracing } from "./tracing.ts";

export class Reception {
  readonly #store: Store;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #sessions: Sessions;
  readonly #intake: Intake;
  readonly #outcomes: Outcomes;
  readonly #hub: EventHub;
  readonly #rooms: Rooms;
  readonly #tracing: Tracing | undefined;
  readonly #origins: Origins;

  constructor(parts: {
    store: Store;
    personas: Personas;
    conversations: Conversations;
    sessions: Sessions;
    intake: Intake;
    outcomes: Outcomes;
    hub: EventHub;
    rooms: Rooms;
    tracing: Tracing | undefined;
    origins: Origins;
  }) {
    this.#store = parts.store;
    this.#personas = parts.personas;
    this.#conversations = parts.conversations;
    this.#sessions = parts.sessions;
    this.#intake = parts.intake;
    this.#outcomes = parts.outcomes;
    this.#hub = parts.hub;
    this.#rooms = parts.rooms;
    this.#tracing = parts.tracing;
    this.#origins = parts.origins;
  }

  /** To one persona, in its session with the sender or in a conversation it takes part in. `answer` waits for its outcome. */
  async send(
    scope: Scope,
    id: string,
    text: string,
    options: SendOptions,
    answer: PendingAnswer | undefined,
  ): Promise<Accepted> {
    const speech = checkSpeech(text, options);
    assertOwnVoice(scope, speech);
    const origin = this.#tracing?.origin(speech.traceparent);
    const present = this.#personas.present(scope.tenant, id);
    // Awaiting what is at hand already would let a later message overtake this one.
    const persona = present instanceof Promise ? await present : present;
    const found =
      speech.conversation === undefined
        ? this.#conversations.direct(speech.from, persona)
        : this.#conversations.with(scope, persona, speech.conversation);
    const conversation = found instanceof Promise ? await found : found;
    const beginning = this.#sessions.beginning(persona, conversation);
    const session = beginning instanceof Promise ? await beginning : beginning;
    const recalled = this.#rooms.ready(conversation);
    if (recalled !== undefined) await recalled;
    return this.#bringIn(scope, speech, { conversation, session }, [persona], answer, origin);
  }

  /** To everybody in a room. */
  async post(scope: Scope, room: string, text: string, options: PostOptions): Promise<Accepted> {
    const speech = checkSpeech(text, options);
    assertOwnVoice(scope, speech);
    const origin = this.#tracing?.origin(speech.traceparent);
    const conversation = await this.#conversations.named(scope, room, "room");
    await this.#rooms.ready(conversation);
    const members = await this.#conversations.memberKeys(conversation);
    const present = await this.#personas.presentOf(scope.tenant, members);
    const recipients = present.filter((persona) => speech.from.kind !== "persona" || speech.from.id !== persona.id);
    return this.#bringIn(scope, speech, { conversation, session: undefined }, recipients, undefined, origin);
  }

  async #bringIn(
    scope: Scope,
    speech: Speech,
    { conversation, session }: { conversation: ConversationRow; session: SessionOpening | undefined },
    recipients: readonly Persona[],
    answer: PendingAnswer | undefined,
    origin: Origin | undefined,
  ): Promise<Accepted> {
    const replyTo = speech.replyTo === undefined ? null : await this.#messageIn(conversation, speech.replyTo);
    const said = { conversation, sender: speech.from, text: speech.text, replyTo, hop: 0, turn: null };
    const prepared = this.#intake.prepare(said, recipients, speech);
    const { message, items, declined, refused } = prepared;
    const reached = items.length + declined.length;
    const idempotency = idempotencyOf(scope, speech, conversation);
    const isClosed = this.#conversations.isClosed(conversation);
    if (isClosed || (reached === 0 && refused[0] !== undefined)) {
      // A message that is there already needs no room.
      const earlier = idempotency && (await this.#store.usedFor(idempotency.scope, idempotency.key));
      this.#intake.withdraw(prepared);
      if (earlier === undefined || earlier.fingerprint !== idempotency?.fingerprint) {
        this.#conversations.assertOpen(conversation);
        throw refusalError(refused[0] as Prepared["refused"][number]);
      }
      return this.#replay(earlier.message, prepared, answer);
    }
    const keys = [...items, ...declined].sort((a, b) => a.key - b.key);
    if (answer !== undefined) for (const item of keys) this.#outcomes.await(item.key, answer);
    if (origin !== undefined) for (const item of items) this.#origins.keep(item.key, origin);
    try {
      const committed = await this.#intake.commit(prepared, conversation, session, idempotency);
      if (committed.status === "replayed") {
        if (origin !== undefined) for (const item of items) this.#origins.forget(item.key);
        return await this.#replay(committed.message, prepared, answer);
      }
      this.#hub.changed(committed.rev);
      const parts = keys.map((item) => ({ key: item.key, persona: this.#personas.byKey(item.persona)?.id ?? "" }));
      const accepted = this.#accepted(message, parts, refused, false);
      if (declined.length > 0) {
        answer?.accept(accepted);
        this.#outcomes.declined(declined, this.#personas.of(message.tenant).tally);
      }
      return accepted;
    } catch (error) {
      if (answer !== undefined) for (const item of keys) this.#outcomes.leave(item.key, answer);
      if (origin !== undefined) for (const item of items) this.#origins.forget(item.key);
      throw error;
    }
  }

  /** The key of a message that was said in this conversation; any other id is as good as none. */
  async #messageIn(conversation: ConversationRow, id: string): Promise<number> {
    const decoded = decodeId(id, this.#store.salt);
    const row = decoded?.kind === "message" ? await this.#store.message(decoded.key) : undefined;
    if (row?.conversation === conversation.key) return row.key;
    const message = `must be the id of a message in this conversation, not ${quoteId(id)}`;
    throw new PersonaError("invalid_input", `replyTo ${message}`, { fields: [{ field: "replyTo", message }] });
  }

  /** The message was sent before: this handle shares the outcome of the first. */
  async #replay(key: number, { items: own, declined }: Prepared, answer: PendingAnswer | undefined): Promise<Accepted> {
    const message = await this.#store.message(key);
    if (message === undefined)
      throw new PersonaError("internal", "An idempotency key names a message that is not in the store");
    if (answer !== undefined) {
      for (const item of [...own, ...declined]) this.#outcomes.leave(item.key, answer);
      const { firstItem } = message;
      if (firstItem !== null) answer.hearWhole(() => this.#outcomes.awaitEarlier(firstItem, answer));
    }
    const items = await Promise.all(
      (await this.#store.itemsOf(message)).map(async (row) => ({
        key: "outcome" in row ? row.item : row.key,
        persona: await this.#personas.idOf(row.persona),
      })),
    );
    return this.#accepted(message, items, [], true);
  }

  #accepted(
    message: MessageRow,
    items: readonly { readonly key: number; readonly persona: string }[],
    refused: Prepared["refused"],
    replayed: boolean,
  ): Accepted {
    const { salt } = this.#store;
    return {
      message: encodeId("message", message.key, salt),
      conversation: encodeId("conversation", message.conversation, salt),
      items: items.map(({ key, persona }) => ({ id: encodeId("item", key, salt), persona })),
      refused,
      replayed,
    };
  }
}

/** Whoever sees only what is their own speaks only as themselves. */
export function assertOwnVoice({ owner }: Scope, { from }: Pick<Speech, "from">): void {
  if (owner === undefined || (from.kind === "human" && from.id === owner)) return;
  const message = `must be ${quoteId(owner)} or left out; to speak as others takes the role service`;
  throw new PersonaError("forbidden", `from ${message}`, { fields: [{ field: "from", message }] });
}

/** The same key must come with the same words to the same conversation. Nobody's key is in the way of an owner's. */
function idempotencyOf({ tenant, owner }: Scope, speech: Speech, conversation: ConversationRow): Append["idempotency"] {
  if (speech.idempotencyKey === undefined) return undefined;
  const { from, text, lane, replyTo, mergeKey, coalesce } = speech;
  const asked = JSON.stringify([conversation.key, from, text, lane, replyTo, mergeKey, coalesce]);
  return {
    // No tenant's name has a blank.
    scope: owner === undefined ? tenant : `${tenant} ${owner}`,
    key: speech.idempotencyKey,
    fingerprint: hash("sha256", asked, "base64url"),
  };
}
