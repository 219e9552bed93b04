/** Rows as the public sees them. */
import { PersonaError } from "../errors.ts";
import { decodeId, encodeId, quoteId } from "../ids.ts";
import type { MindscapeHistoryRow } from "../store/mapping/port.ts";
import type { ChangeRow, ConversationRow, MessageRow, SequenceStepRow, Store } from "../store/port.ts";
import type { Message, Reply, Room, RuntimeEvent, TurnMessage } from "../types.ts";
import type { Conversations } from "./conversations.ts";
import type { ChangeLog, Told } from "./event-hub.ts";
import type { Explanations } from "./explanation.ts";
import { isAgent } from "./persona.ts";
import type { Personas } from "./personas.ts";

export function messageView(row: MessageRow, salt: number): Message {
  return {
    id: encodeId("message", row.key, salt),
    conversation: encodeId("conversation", row.conversation, salt),
    from: row.sender,
    text: row.text,
    replyTo: row.replyTo === null ? undefined : encodeId("message", row.replyTo, salt),
    turn: row.turn === null ? undefined : encodeId("turn", row.turn, salt),
    createdAt: row.createdAt,
  };
}

/** As cognition sees it. */
export function turnMessage(row: MessageRow, salt: number): TurnMessage {
  return {
    id: encodeId("message", row.key, salt),
    from: row.sender,
    text: row.text,
    at: row.createdAt,
    turn: row.turn === null ? undefined : encodeId("turn", row.turn, salt),
  };
}

/** The key in the public id of a message; throws `invalid_input` naming the field that has it. */
export function messageKey(id: string, salt: number, field: string): number {
  const decoded = decodeId(id, salt);
  if (decoded?.kind === "message") return decoded.key;
  const message = `must be the id of a message, not ${quoteId(id)}`;
  throw new PersonaError("invalid_input", `${field} ${message}`, { fields: [{ field, message }] });
}

export function replyView(row: MessageRow, persona: string, items: readonly number[], salt: number): Reply {
  return {
    id: encodeId("message", row.key, salt),
    text: row.text,
    persona,
    conversation: encodeId("conversation", row.conversation, salt),
    turn: encodeId("turn", row.turn ?? 0, salt),
    answers: items.map((item) => encodeId("item", item, salt)),
  };
}

/** How many events are kept, so that many readers of one change make it once. */
const KEPT_EVENTS = 1_000;

/** The change log, told as events. */
export class Changes implements ChangeLog {
  readonly #store: Store;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #explanations: Explanations;
  readonly #made = new Map<number, Promise<Told | undefined>>();

  constructor(store: Store, personas: Personas, conversations: Conversations, explanations: Explanations) {
    this.#store = store;
    this.#personas = personas;
    this.#conversations = conversations;
    this.#explanations = explanations;
  }

  changes(tenant: string, after: number, limit: number): ReturnType<ChangeLog["changes"]> {
    return this.#store.changes(tenant, after, limit);
  }

  eventOf(change: ChangeRow): Promise<Told | undefined> {
    const known = this.#made.get(change.rev);
    if (known !== undefined) return known;
    const made = this.#make(change);
    this.#made.set(change.rev, made);
    made.catch(() => this.#made.delete(change.rev));
    if (this.#made.size > KEPT_EVENTS) this.#made.delete(this.#made.keys().next().value as number);
    return made;
  }

  async room(row: ConversationRow): Promise<Room> {
    const members = await Promise.all(
      (await this.#conversations.memberKeys(row)).map((key) => this.#personas.idOf(key)),
    );
    return {
      id: encodeId("conversation", row.key, this.#store.salt),
      name: row.name ?? undefined,
      owner: row.owner ?? undefined,
      members: members.sort(),
      createdAt: row.createdAt,
      closedAt: row.closedAt ?? undefined,
    };
  }

  async #make({ rev, kind, key, tombstone }: ChangeRow): Promise<Told | undefined> {
    const { salt } = this.#store;
    if (kind === "message") {
      const row = await this.#store.message(key);
      if (row === undefined) return undefined;
      return this.#told(row, { type: "message", rev, message: messageView(row, salt) });
    }
    if (kind === "turn") {
      const row = await this.#store.turn(key);
      if (row === undefined) return undefined;
      return this.#told(row, {
        type: "turn",
        rev,
        turn: encodeId("turn", key, salt),
        persona: await this.#personas.idOf(row.persona),
        conversation: encodeId("conversation", row.conversation, salt),
        outcome: row.outcome ?? "running",
        reply: row.reply === null ? undefined : encodeId("message", row.reply, salt),
      });
    }
    if (kind === "item") {
      const row = await this.#store.item(key);
      if (row === undefined) return undefined;
      return this.#told(row, { type: "item", rev, item: await this.#explanations.view(row), discarded: tombstone });
    }
    if (kind === "sequence_step") return this.#step(rev, key);
    if (kind === "mindscape") return this.#mindscape(rev, key);
    if (kind === "core") return this.#core(rev, key);
    // What else mapping writes is for sync to tell.
    if (kind === "mapper" || kind === "weight" || kind === "narrative") return undefined;
    if (kind === "enrollment") {
      const persona = await this.#personas.idOf(key);
      if (isAgent(persona)) return undefined;
      return { event: { type: "enrollment", rev, persona, removed: tombstone }, place: undefined };
    }
    const place = await this.#conversations.byKey(key);
    return place?.kind === "room" ? { event: { type: "room", rev, room: await this.room(place) }, place } : undefined;
  }

  /** Who comes late hears of the newest version; of a person that was erased nothing. */
  async #mindscape(rev: number, key: number): Promise<Told | undefined> {
    const row = await this.#store.mapping.mindscapeOf(key);
    if (row === undefined) return undefined;
    const { tenant, person, version } = row;
    const [newest] = await this.#store.mapping.mindscapeHistory({ tenant, person, before: version + 1, limit: 1 });
    const event: RuntimeEvent = { type: "mindscape_updated", rev, person, version, changed: changedBy(newest) };
    return { event, place: { tenant, owner: person } };
  }

  /** Only of one that is stale: who asked for a fresh one has it. */
  async #core(rev: number, key: number): Promise<Told | undefined> {
    const row = await this.#store.mapping.coreOf(key);
    if (row === undefined || row.staleSince === null) return undefined;
    const { tenant, person, persona, mapper, staleSince } = row;
    return {
      event: { type: "core_stale", rev, person, persona, mapper, staleSince },
      place: { tenant, owner: person },
    };
  }

  async #step(rev: number, key: number): Promise<Told | undefined> {
    const row = await this.#store.sequenceStep(key);
    const place = row && (await this.#conversations.byKey(row.conversation));
    if (row === undefined || place === undefined) return undefined;
    const { salt } = this.#store;
    const event: RuntimeEvent = {
      type: "sequence_step",
      rev,
      conversation: encodeId("conversation", row.conversation, salt),
      persona: await this.#personas.idOf(place.persona ?? 0),
      sequence: row.sequence,
      step: row.step,
      stepIndex: row.stepIndex,
      status: row.status,
      reason: row.reason,
      verdict: verdictOf(row),
      turn: row.turn === null ? undefined : encodeId("turn", row.turn, salt),
    };
    return { event, place };
  }

  /**
   * Without its conversation nobody can say whom an event concerns: then it concerns nobody. What agents are told and say
   * is their own; what they gave up is everybody's.
   */
  async #told({ conversation }: { readonly conversation: number }, event: RuntimeEvent): Promise<Told | undefined> {
    const place = await this.#conversations.byKey(conversation);
    if (place === undefined) return undefined;
    const isOfAgent = place.persona !== null && isAgent(await this.#personas.idOf(place.persona));
    return isOfAgent && (event.type !== "item" || event.item.state !== "dead") ? undefined : { event, place };
  }
}

/** Paths of traits. */
function changedBy(change: MindscapeHistoryRow | undefined): readonly string[] {
  try {
    return Object.keys(JSON.parse(change?.changes ?? "{}") as object);
  } catch {
    return [];
  }
}

/** One that is damaged is none: it only tells about what has happened. */
function verdictOf({ verdict }: SequenceStepRow): { readonly met: boolean; readonly reason: string } | undefined {
  try {
    const { met, reason } = JSON.parse(verdict ?? "") as { met: unknown; reason: unknown };
    return typeof met === "boolean" && typeof reason === "string" ? { met, reason } : undefined;
  } catch {
    return undefined;
  }
}
