/** Items that were given up: to be looked at, given to their persona again, or let go. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { decodeId, encodeId, quoteId } from "../ids.ts";
import { FLAG_ALONE, FLAG_LATEST } from "../layout.ts";
import { type DeadLetterRow, type ItemRow, LANES, type Store } from "../store/port.ts";
import type { DeadLetter } from "../types.ts";
import type { Conversations } from "./conversations.ts";
import type { EventHub } from "./event-hub.ts";
import type { Intake } from "./intake.ts";
import type { Personas } from "./personas.ts";
import { covers, type Scope } from "./scope.ts";
import { deadLettersSchema } from "./settings.ts";

export class DeadLetters {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #intake: Intake;
  readonly #hub: EventHub;

  constructor(parts: {
    store: Store;
    clock: Clock;
    personas: Personas;
    conversations: Conversations;
    intake: Intake;
    hub: EventHub;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#personas = parts.personas;
    this.#conversations = parts.conversations;
    this.#intake = parts.intake;
    this.#hub = parts.hub;
  }

  async list(scope: Scope, page: unknown): Promise<readonly DeadLetter[]> {
    const { persona, after, limit } = parse(deadLettersSchema, page, "page");
    const rows = await this.#store.deadLetters({
      ...scope,
      limit,
      ...(persona === undefined ? {} : { persona: await this.#keyOf(scope.tenant, persona) }),
      ...(after === undefined ? {} : { after: this.#pageStart(after) }),
    });
    return Promise.all(rows.map((row) => this.#view(row)));
  }

  /** Gives the key of the new item. Nothing is written if the persona has no room. */
  async replay(scope: Scope, id: string): Promise<number> {
    const letter = await this.#find(scope, id);
    const persona =
      this.#personas.byKey(letter.persona) ??
      this.#personas.of(scope.tenant).get(await this.#personas.idOf(letter.persona));
    const fresh = this.#freshItem(letter);
    this.#intake.admitAgain(persona);
    try {
      const replayed = await this.#store.replayDeadLetter(letter.item, fresh);
      if (replayed.status === "gone") throw notFound(id);
      persona.directory.tally.accepted += 1;
      this.#hub.changed(replayed.rev);
      return fresh.key;
    } catch (error) {
      this.#intake.giveBack(persona);
      throw error;
    }
  }

  async discard(scope: Scope, id: string): Promise<void> {
    const letter = await this.#find(scope, id);
    const discarded = await this.#store.discardDeadLetter(letter.item);
    if (discarded.status === "gone") throw notFound(id);
    this.#hub.changed(discarded.rev);
  }

  /** It has all its tries again, no expiry (that has passed), and takes nobody's place: what waits by now is newer. */
  #freshItem(letter: DeadLetterRow): ItemRow {
    const { message, conversation, persona, partition, lane, priority, flags, mergeKey } = letter;
    return {
      key: this.#store.allocate("item"),
      message,
      conversation,
      persona,
      partition,
      lane,
      priority,
      flags: flags & ~(FLAG_ALONE | FLAG_LATEST),
      mergeKey,
      replayOf: letter.item,
      enqueuedAt: this.#clock.now(),
      notBefore: null,
      expiresAt: null,
      attempt: 0,
      failures: 0,
      turn: null,
    };
  }

  async #find(scope: Scope, id: string): Promise<DeadLetterRow> {
    const decoded = decodeId(id, this.#store.salt);
    const letter = decoded?.kind === "item" ? await this.#store.deadLetter(decoded.key) : undefined;
    const place = letter && (await this.#conversations.byKey(letter.conversation));
    if (letter === undefined || place === undefined || !covers(scope, place)) throw notFound(id);
    return letter;
  }

  /** Any item marks a place in the list, also one whose letter is gone. */
  #pageStart(after: string): number {
    const decoded = decodeId(after, this.#store.salt);
    if (decoded?.kind === "item") return decoded.key;
    const message = `must be the id of an item, not ${quoteId(after)}`;
    throw new PersonaError("invalid_input", `after ${message}`, { fields: [{ field: "after", message }] });
  }

  async #keyOf(tenant: string, persona: string): Promise<number> {
    const row = await this.#store.enrollmentNamed(tenant, persona);
    if (row !== undefined) return row.key;
    throw new PersonaError("persona_not_found", `No persona with the id ${quoteId(persona)} was ever enrolled`);
  }

  async #view(row: DeadLetterRow): Promise<DeadLetter> {
    const { salt } = this.#store;
    return {
      item: encodeId("item", row.item, salt),
      message: encodeId("message", row.message, salt),
      conversation: encodeId("conversation", row.conversation, salt),
      persona: await this.#personas.idOf(row.persona),
      lane: LANES[row.lane] ?? "chat",
      reason: row.reason ?? "unknown",
      error: row.error ?? undefined,
      attempt: row.attempt,
      enqueuedAt: row.enqueuedAt,
      diedAt: row.diedAt,
    };
  }
}

function notFound(id: string): PersonaError {
  return new PersonaError(
    "dead_letter_not_found",
    `No dead letter has the id ${quoteId(id)}; it may have been replayed or discarded`,
  );
}
