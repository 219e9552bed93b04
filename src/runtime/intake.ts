/**
 * The way of a message in: native reserves room or refuses, the rows are committed, and from then on
 * the item is in the hands of the committed feed. What is refused here leaves no trace in the store.
 */
import type { Clock } from "../clock.ts";
import { type ErrorCode, PersonaError } from "../errors.ts";
import { FLAG_HUMAN, FLAG_MENTION, FLAG_URGENT } from "../layout.ts";
import {
  type Append,
  type ConversationRow,
  type ItemRow,
  LANES,
  type MessageRow,
  type Sender,
  type Store,
} from "../store/port.ts";
import type { Conversations } from "./conversations.ts";
import type { Fleet } from "./fleet.ts";
import { type Persona, type Personas, TENANT } from "./personas.ts";
import { defaultPriority, mentions } from "./priority.ts";
import { utf8Bytes } from "./settings.ts";
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

export type Scheduling = Pick<Speech, "lane" | "priority" | "urgent" | "expiresInMs">;

export interface Prepared {
  readonly message: MessageRow;
  /** One for each recipient with room for it; the room is reserved. */
  readonly items: readonly ItemRow[];
  readonly refused: readonly { readonly persona: string; readonly code: ErrorCode }[];
}

export type Committed =
  | { readonly status: "appended"; readonly rev: number }
  | { readonly status: "replayed"; readonly message: number };

/** Nobody knows how fast a full inbox empties; after this long another try is fair. */
const FULL_RETRY_AFTER_MS = 1_000;
/** A provider's tokenizer would say it exactly; four bytes of UTF-8 are a usual token of English. */
const BYTES_PER_TOKEN = 4;

export class Intake {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #texts: Texts;
  /** Counts, since the start. */
  accepted = 0;
  refused = 0;

  constructor(options: {
    store: Store;
    clock: Clock;
    fleet: Fleet;
    personas: Personas;
    conversations: Conversations;
    texts: Texts;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#fleet = options.fleet;
    this.#personas = options.personas;
    this.#conversations = options.conversations;
    this.#texts = options.texts;
  }

  /** Reserves room with each recipient and makes the rows. */
  prepare(said: Utterance, recipients: readonly Persona[], scheduling: Scheduling): Prepared {
    const refused: { persona: string; code: ErrorCode }[] = [];
    const admitted = recipients.filter((persona) => {
      const code = this.#admit(persona);
      if (code !== undefined) refused.push({ persona: persona.id, code });
      return code === undefined;
    });
    this.refused += refused.length;
    const now = this.#clock.now();
    const key = this.#store.allocate("message");
    const firstItem = admitted.length === 0 ? null : this.#store.allocate("item", admitted.length);
    const message: MessageRow = {
      key,
      tenant: TENANT,
      conversation: said.conversation.key,
      sender: said.sender,
      text: said.text,
      tokens: Math.ceil(utf8Bytes(said.text) / BYTES_PER_TOKEN),
      replyTo: said.replyTo,
      hop: said.hop,
      turn: said.turn,
      firstItem,
      itemCount: admitted.length,
      createdAt: now,
    };
    const items = admitted.map((persona, n) => itemFor(persona, message, (firstItem ?? 0) + n, scheduling));
    for (const item of items) this.#texts.keep(item.key, message);
    return { message, items, refused };
  }

  /** Writes what was prepared; throws, with the room given back, if that cannot be done. */
  async commit(
    prepared: Prepared,
    conversation: ConversationRow,
    idempotency: Append["idempotency"],
  ): Promise<Committed> {
    const { message, items } = prepared;
    try {
      const appended = await this.#store.append({
        message,
        items,
        ...this.#conversations.toOpen(conversation),
        ...(idempotency === undefined ? {} : { idempotency }),
      });
      if (appended.status === "conflict") {
        throw new PersonaError(
          "idempotency_conflict",
          "This idempotency key was used for another message; use a new one",
          {
            fields: [{ field: "idempotencyKey", message: "was used for another message" }],
          },
        );
      }
      if (appended.status === "replayed") {
        this.withdraw(prepared);
        return appended;
      }
      this.#conversations.opened(conversation);
      this.accepted += items.length;
      return appended;
    } catch (error) {
      this.withdraw(prepared);
      throw error;
    }
  }

  /** Gives back the room of items that were not written. */
  withdraw({ items }: Pick<Prepared, "items">): void {
    for (const item of items) {
      this.#texts.forget(item.key);
      const persona = this.#personas.byKey(item.persona);
      if (persona !== undefined && !this.#fleet.over) this.#fleet.release(persona.slot, 1);
    }
  }

  #admit(persona: Persona): ErrorCode | undefined {
    const refusal = this.#fleet.admit(persona.slot, 1);
    if (refusal === undefined) return undefined;
    return refusal === "full" ? "inbox_full" : refusal === "draining" ? "persona_draining" : "persona_not_found";
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

function itemFor(persona: Persona, message: MessageRow, key: number, scheduling: Scheduling): ItemRow {
  const { sender, text, createdAt } = message;
  const mentioned = mentions(text, { id: persona.id, name: persona.definition.name });
  return {
    key,
    message: message.key,
    conversation: message.conversation,
    persona: persona.row.key,
    partition: persona.row.partition,
    lane: LANES.indexOf(scheduling.lane),
    priority: scheduling.priority ?? defaultPriority(sender, scheduling.lane, mentioned),
    flags:
      (scheduling.urgent ? FLAG_URGENT : 0) |
      (mentioned ? FLAG_MENTION : 0) |
      (sender.kind === "human" ? FLAG_HUMAN : 0),
    enqueuedAt: createdAt,
    notBefore: null,
    expiresAt: scheduling.expiresInMs === undefined ? null : createdAt + scheduling.expiresInMs,
    attempt: 0,
    failures: 0,
    turn: null,
  };
}
