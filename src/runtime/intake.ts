/**
 * The way of a message in: native reserves room or refuses, the rows are committed, and from then on
 * the item is in the hands of the committed feed. What is refused here leaves no trace in the store.
 */
import type { Clock } from "../clock.ts";
import { type ErrorCode, PersonaError } from "../errors.ts";
import {
  FLAG_DUPLICATE,
  FLAG_ECHO,
  FLAG_HUMAN,
  FLAG_LATEST,
  FLAG_MENTION,
  FLAG_ON_TOPIC,
  FLAG_OWN,
  FLAG_PERSONA,
  FLAG_ROOM,
  FLAG_URGENT,
} from "../layout.ts";
import type { Along, AlongRefusal } from "../store/mapping/port.ts";
import {
  type Append,
  type Appended,
  type ConversationRow,
  type DeclinedItem,
  type ItemRow,
  LANES,
  type MessageRow,
  type Sender,
  type Store,
} from "../store/port.ts";
import { estimateTokens } from "../tokens.ts";
import type { Conversations } from "./conversations.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Fleet } from "./fleet.ts";
import type { Heard } from "./packed.ts";
import type { Persona } from "./persona.ts";
import type { Personas } from "./personas.ts";
import { defaultPriority, mentions } from "./priority.ts";
import { profileOf } from "./profile.ts";
import type { Rooms } from "./rooms.ts";
import type { Speech } from "./speech.ts";
import type { Texts } from "./texts.ts";

/** A message about to be written. */
export interface Utterance {
  readonly conversation: ConversationRow;
  readonly sender: Sender;
  readonly text: string;
  readonly replyTo: number | null;
  readonly hop: number;
  readonly turn: number | null;
}

export type Scheduling = Pick<
  Speech,
  "lane" | "priority" | "urgent" | "expiresInMs" | "mergeKey" | "coalesce" | "similarity"
>;

/** How a persona's reply reaches the others in a room. */
export const OF_A_REPLY: Scheduling = {
  lane: "chat",
  priority: undefined,
  urgent: false,
  expiresInMs: undefined,
  mergeKey: undefined,
  coalesce: "merge",
  similarity: undefined,
};

export interface Prepared {
  readonly message: MessageRow;
  /** One for each recipient with room for it; the room is reserved. */
  readonly items: readonly ItemRow[];
  /** One for each recipient that hears it and has nothing to say to it, by the quiet rules of rooms. */
  readonly declined: readonly DeclinedItem[];
  readonly refused: readonly { readonly persona: string; readonly code: ErrorCode }[];
  /** What the room made of it; undefined in a session. */
  readonly heard: Heard | undefined;
}

/** Who hears a message, and what it is to them. */
interface Reached {
  readonly persona: Persona;
  readonly mentioned: boolean;
  readonly flags: number;
  /** Why it is declined at once, if it is. */
  readonly reason: string | undefined;
}

/** Nothing without one of these is declined at once. */
const JUDGED = FLAG_OWN | FLAG_ROOM;

type Stored = Exclude<Appended, { readonly status: "conflict" }>;
export type CommittedAlong = Exclude<Stored, { readonly status: "replayed" }>;
export type Committed = Exclude<Stored, AlongRefusal>;

/** Nobody knows how fast a full inbox empties; after this long another try is fair. */
const FULL_RETRY_AFTER_MS = 1_000;

export class Intake {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #texts: Texts;
  readonly #rooms: Rooms;

  constructor(options: {
    store: Store;
    clock: Clock;
    fleet: Fleet;
    personas: Personas;
    conversations: Conversations;
    texts: Texts;
    rooms: Rooms;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#fleet = options.fleet;
    this.#personas = options.personas;
    this.#conversations = options.conversations;
    this.#texts = options.texts;
    this.#rooms = options.rooms;
  }

  /** Reserves room with each recipient that may answer, and makes the rows. A room must be ready (see `Rooms`). */
  prepare(said: Utterance, recipients: readonly Persona[], scheduling: Scheduling): Prepared {
    const { conversation, sender, text } = said;
    const heard =
      conversation.kind === "room" ? this.#rooms.hear(conversation.key, sender, text, scheduling.lane) : undefined;
    const refused: { persona: string; code: ErrorCode }[] = [];
    const reached: Reached[] = [];
    for (const persona of recipients) {
      const mentioned = mentions(text, { id: persona.id, name: profileOf(persona).name });
      const flags = flagsOf(persona, sender, mentioned, scheduling, heard);
      const reason = (flags & JUDGED) === 0 ? undefined : this.#fleet.declines(persona.slot, flags);
      const code = reason === undefined ? this.#admit(persona) : undefined;
      if (code === undefined) reached.push({ persona, mentioned, flags, reason });
      else refused.push({ persona: persona.id, code });
    }
    const now = this.#clock.now();
    const key = this.#store.allocate("message");
    const firstItem = reached.length === 0 ? null : this.#store.allocate("item", reached.length);
    const message: MessageRow = {
      key,
      tenant: said.conversation.tenant,
      conversation: said.conversation.key,
      sender: said.sender,
      text: said.text,
      tokens: estimateTokens(said.text),
      replyTo: said.replyTo,
      hop: said.hop,
      turn: said.turn,
      firstItem,
      itemCount: reached.length,
      createdAt: now,
    };
    const items: ItemRow[] = [];
    const declined: DeclinedItem[] = [];
    for (const [n, one] of reached.entries()) {
      const item = (firstItem ?? 0) + n;
      if (one.reason === undefined) items.push(itemFor(one, message, item, scheduling));
      else declined.push({ key: item, persona: one.persona.row.key, reason: one.reason });
    }
    for (const item of items) this.#texts.keep(item.key, message);
    return { message, items, declined, refused, heard };
  }

  /** Writes what was prepared; throws, with the room given back, if that cannot be done. */
  commit(
    prepared: Prepared,
    conversation: ConversationRow,
    session: Append["session"],
    idempotency: Append["idempotency"],
  ): Promise<Committed> {
    return this.#commit(prepared, conversation, { session, idempotency }) as Promise<Committed>;
  }

  /** The same with rows of mapping; what refuses those gives the room back as well. */
  commitAlong(prepared: Prepared, conversation: ConversationRow, along: Along): Promise<CommittedAlong> {
    return this.#commit(prepared, conversation, { along }) as Promise<CommittedAlong>;
  }

  async #commit(
    prepared: Prepared,
    conversation: ConversationRow,
    { session, idempotency, along }: Pick<Append, "session" | "idempotency" | "along">,
  ): Promise<Stored> {
    const { message, items, declined } = prepared;
    const open = this.#conversations.isStored(conversation) ? undefined : conversation;
    try {
      const appended = await this.#store.append({ message, items, declined, open, session, idempotency, along });
      if (appended.status === "conflict") {
        throw new PersonaError(
          "idempotency_conflict",
          "This idempotency key was used for another message; use a new one",
          {
            fields: [{ field: "idempotencyKey", message: "was used for another message" }],
          },
        );
      }
      if (appended.status !== "appended") {
        this.withdraw(prepared);
        return appended;
      }
      if (open !== undefined) this.#conversations.opened(conversation);
      this.#personas.of(message.tenant).tally.accepted += items.length + declined.length;
      return appended;
    } catch (error) {
      this.withdraw(prepared);
      throw error;
    }
  }

  /** Takes back what was prepared and not written. */
  withdraw({ message, items, heard }: Pick<Prepared, "message" | "items" | "heard">): void {
    if (heard !== undefined) this.#rooms.unhear(message.conversation, heard.number);
    for (const item of items) {
      this.#texts.forget(item.key);
      const persona = this.#personas.byKey(item.persona);
      if (persona !== undefined) this.giveBack(persona);
    }
  }

  /** Reserves room for an item whose message is in the store already; throws the refusal. */
  admitAgain(persona: Persona): void {
    const code = this.#admit(persona);
    if (code === undefined) return;
    throw refusalError({ persona: persona.id, code });
  }

  /** Gives back room whose item was not written. */
  giveBack(persona: Persona): void {
    if (!this.#fleet.over) this.#fleet.release(persona.slot, 1);
  }

  #admit(persona: Persona): ErrorCode | undefined {
    const refusal = this.#fleet.admit(persona.slot, 1);
    if (refusal === undefined) return undefined;
    const code = refusal === "full" ? "inbox_full" : refusal === "draining" ? "persona_draining" : "persona_not_found";
    const { refusals } = persona.directory.tally;
    refusals[code] = (refusals[code] ?? 0) + 1;
    return code;
  }
}

/** The error that a refusal by the only recipient, or by all of them, is. */
export function refusalError({ persona, code }: Prepared["refused"][number]): PersonaError {
  if (code === "inbox_full") {
    const options = { retryAfterMs: FULL_RETRY_AFTER_MS };
    return new PersonaError(
      code,
      `The inbox of ${persona} is full; send again when it has answered some of it`,
      options,
    );
  }
  return new PersonaError(code, `${persona} is being unenrolled and takes no further messages`);
}

function itemFor(
  { persona, mentioned, flags }: Reached,
  message: MessageRow,
  key: number,
  scheduling: Scheduling,
): ItemRow {
  const { sender, createdAt } = message;
  const { lane, priority, expiresInMs, mergeKey } = scheduling;
  return {
    key,
    message: message.key,
    conversation: message.conversation,
    persona: persona.row.key,
    partition: persona.row.partition,
    lane: LANES.indexOf(lane),
    priority: priority ?? defaultPriority(sender, lane, mentioned),
    flags,
    mergeKey: mergeKey === undefined ? 0 : fingerprint(mergeKey),
    enqueuedAt: createdAt,
    notBefore: null,
    expiresAt: expiresInMs === undefined ? null : createdAt + expiresInMs,
    attempt: 0,
    failures: 0,
    turn: null,
    replayOf: null,
  };
}

function flagsOf(
  persona: Persona,
  sender: Sender,
  mentioned: boolean,
  { urgent, coalesce, similarity }: Scheduling,
  heard: Heard | undefined,
): number {
  const { sleep } = persona.definition;
  const onTopic = sleep?.mode === "until_topic" && (similarity ?? -1) >= (sleep.threshold ?? 1);
  return (
    (urgent ? FLAG_URGENT : 0) |
    (mentioned ? FLAG_MENTION : 0) |
    (sender.kind === "human" ? FLAG_HUMAN : 0) |
    (sender.kind === "persona" ? FLAG_PERSONA : 0) |
    (sender.kind === "persona" && sender.id === persona.id ? FLAG_OWN : 0) |
    (heard === undefined ? 0 : FLAG_ROOM) |
    (heard?.storm ? FLAG_ECHO : 0) |
    (heard?.duplicate ? FLAG_DUPLICATE : 0) |
    (coalesce === "latest" ? FLAG_LATEST : 0) |
    (onTopic ? FLAG_ON_TOPIC : 0)
  );
}
