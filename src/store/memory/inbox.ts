import type {
  Append,
  Counts,
  DeadLetterPage,
  DeadLetterRow,
  Decision,
  DeclinedItem,
  Idempotency,
  ItemRow,
  MessageRow,
  OutcomeRow,
  Page,
} from "../port.ts";
import type { ChangeLog } from "./change-log.ts";
import { keyTaken } from "./key-taken.ts";
import { takeSurplus } from "./take-surplus.ts";
import { Timelines } from "./timelines.ts";

/** A message, and what has to be known of it until both are forgotten together. */
interface Kept {
  readonly row: MessageRow;
  readonly idempotencyKey: string | undefined;
  /** How many of its items are undecided; it is not forgotten before. */
  undecided: number;
  /** The items by which dead ones were replayed; those that came with it are known from its row. */
  replays: readonly number[];
}

/** A message and its items. */
type Said = Pick<Append, "message" | "items" | "declined">;

/** What an idempotency key was used for. */
interface Used {
  readonly fingerprint: string;
  readonly message: number;
}

/** Messages in memory, their items, and what became of these. */
export class Inbox {
  readonly #log: ChangeLog;
  /** In one place: every message passes here, and each further table that it had to be looked up in would be felt. */
  readonly #messages = new Map<number, Kept>();
  readonly #timelines = new Timelines();
  readonly #undecided = new Map<number, ItemRow>();
  readonly #outcomes = new Map<number, OutcomeRow>();
  readonly #deadLetters = new Map<number, DeadLetterRow>();
  /** By scope and key. */
  readonly #idempotency = new Map<string, Used>();
  /** What may be forgotten, in the order in which it was decided. */
  readonly #settled = new Set<number>();
  readonly #decided = { answered: 0, declined: 0, dead: 0 };
  /** The greatest keys that there were. */
  #lastMessage = 0;
  #lastItem = 0;

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  /** Undecided ones by key. */
  get backlog(): readonly ItemRow[] {
    return [...this.#undecided.values()].sort((a, b) => a.key - b.key);
  }

  get counts(): Counts {
    let inTurn = 0;
    for (const item of this.#undecided.values()) if (item.turn !== null) inTurn += 1;
    return { waiting: this.#undecided.size - inTurn, inTurn, ...this.#decided };
  }

  message(key: number): MessageRow | undefined {
    return this.#messages.get(key)?.row;
  }

  messages({ conversation, after = 0, limit }: Page): readonly MessageRow[] {
    return this.#rows(this.#timelines.after(conversation, after, limit));
  }

  history(conversation: number, before: number, tokens: number): readonly MessageRow[] {
    const tokensOf = (key: number) => this.#messages.get(key)?.row.tokens ?? 0;
    return this.#rows(this.#timelines.fitting(conversation, before, tokens, tokensOf));
  }

  countBefore(conversation: number, before: number): number {
    return this.#timelines.countBefore(conversation, before);
  }

  recent(conversation: number, limit: number): readonly MessageRow[] {
    return this.#rows(this.#timelines.newest(conversation, limit));
  }

  usedFor(scope: string, idempotencyKey: string): Used | undefined {
    return this.#idempotency.get(idempotencyName(scope, idempotencyKey));
  }

  undecided(key: number): ItemRow | undefined {
    return this.#undecided.get(key);
  }

  item(key: number): ItemRow | OutcomeRow | undefined {
    return this.#undecided.get(key) ?? this.#outcomes.get(key);
  }

  itemsOf(message: MessageRow): readonly (ItemRow | OutcomeRow)[] {
    return itemKeys(message).flatMap((key) => this.item(key) ?? []);
  }

  deadLetter(item: number): DeadLetterRow | undefined {
    return this.#deadLetters.get(item);
  }

  /** `ownerOf` gives the owner of a conversation. */
  deadLetters(
    { tenant, owner, persona, after = 0, limit }: DeadLetterPage,
    ownerOf: (conversation: number) => string | null | undefined,
  ): readonly DeadLetterRow[] {
    return [...this.#deadLetters.values()]
      .filter((letter) => letter.item > after && letter.tenant === tenant)
      .filter((letter) => persona === undefined || letter.persona === persona)
      .filter((letter) => owner === undefined || ownerOf(letter.conversation) === owner)
      .sort((a, b) => a.item - b.item)
      .slice(0, limit);
  }

  assertNew({ message, items, declined = NONE }: Said): void {
    // Keys ascend: what is beyond all before need not be looked for.
    if (message.key <= this.#lastMessage && this.#messages.has(message.key)) throw keyTaken();
    for (const { key } of items) if (key <= this.#lastItem && this.#undecided.has(key)) throw keyTaken();
    for (const { key } of declined) if (key <= this.#lastItem && this.#outcomes.has(key)) throw keyTaken();
  }

  /** Gives the newest rev. */
  put({ message: row, items, declined = NONE }: Said, idempotency?: Idempotency): number {
    const { key, tenant, conversation } = row;
    const idempotencyKey = idempotency && idempotencyName(idempotency.scope, idempotency.key);
    if (idempotency !== undefined && idempotencyKey !== undefined) {
      this.#idempotency.set(idempotencyKey, { fingerprint: idempotency.fingerprint, message: key });
    }
    this.#messages.set(key, { row, idempotencyKey, undecided: items.length, replays: NONE });
    this.#timelines.add(conversation, key);
    if (items.length === 0) this.#settled.add(key);
    this.#lastMessage = Math.max(this.#lastMessage, key);
    for (const item of items) this.#putItem(item);
    const rev = this.#log.stamp("message", tenant, key);
    return declined.reduce((_, item) => this.#putDeclined(item, row), rev);
  }

  /** Whether all of these are undecided and in this turn (null: in none), each of them once. */
  areIn(turn: number | null, keys: readonly number[]): boolean {
    const items = keys.map((key) => this.#undecided.get(key));
    const there = items.filter((item) => item !== undefined && item.turn === turn);
    return new Set(there).size === keys.length;
  }

  /** Puts items that wait into a turn. */
  begin(turn: number, keys: readonly number[]): void {
    for (const key of keys) {
      const item = this.#undecided.get(key);
      if (item) this.#undecided.set(key, { ...item, turn, attempt: item.attempt + 1 });
    }
  }

  /** Applies one decision; gives the rev if the item left without an answer. */
  decide(decision: Decision, at: number): number | undefined {
    const item = this.#undecided.get(decision.item);
    if (item === undefined) return undefined;
    if (decision.outcome === "retry") {
      const { notBefore, failures = item.failures, flags = item.flags } = decision;
      this.#undecided.set(item.key, { ...item, turn: null, notBefore, failures, flags });
      return undefined;
    }
    const { outcome, reason, error } = decision;
    const { message, conversation, persona, turn, attempt, enqueuedAt, replayOf } = item;
    this.#undecided.delete(item.key);
    this.#outcomes.set(item.key, {
      item: item.key,
      message,
      conversation,
      persona,
      turn,
      outcome,
      reason,
      error,
      attempt,
      enqueuedAt,
      decidedAt: at,
      replayOf,
    });
    const kept = this.#kept(message);
    if (outcome === "dead") {
      const { failures = item.failures } = decision;
      const { tenant } = kept.row;
      this.#deadLetters.set(item.key, { ...deadLetterOf({ ...item, failures }, reason, error, at), tenant });
    }
    this.#decided[outcome] += 1;
    kept.undecided -= 1;
    if (kept.undecided === 0) this.#settled.add(message);
    return outcome === "answered" ? undefined : this.#stamp(item.key, message);
  }

  /** Gives the rev; undefined if there is no such dead letter. */
  replay(item: number, fresh: ItemRow): number | undefined {
    const letter = this.#deadLetters.get(item);
    if (letter === undefined) return undefined;
    if (this.#undecided.has(fresh.key)) throw keyTaken();
    const { message } = letter;
    const kept = this.#kept(message);
    this.#deadLetters.delete(item);
    this.#putItem(fresh);
    kept.replays = [...kept.replays, fresh.key];
    kept.undecided += 1;
    this.#settled.delete(message);
    return this.#stamp(fresh.key, message);
  }

  /** Gives the rev; undefined if there is no such dead letter. */
  discard(item: number): number | undefined {
    const letter = this.#deadLetters.get(item);
    if (letter === undefined) return undefined;
    this.#deadLetters.delete(item);
    return this.#stamp(item, letter.message, true);
  }

  /** All decided messages but about the newest `max`, with everything that was kept of them. */
  forget(max: number): void {
    for (const key of takeSurplus(this.#settled, max)) {
      const kept = this.#messages.get(key);
      if (kept === undefined) continue;
      this.#messages.delete(key);
      const { row: message, idempotencyKey, replays } = kept;
      for (const item of [...itemKeys(message), ...replays]) {
        this.#outcomes.delete(item);
        this.#deadLetters.delete(item);
      }
      this.#timelines.remove(message.conversation, key);
      if (idempotencyKey !== undefined) this.#idempotency.delete(idempotencyKey);
    }
  }

  /** Gives the rev. */
  #putDeclined({ key, persona, reason }: DeclinedItem, message: MessageRow): number {
    const { conversation, createdAt } = message;
    const undecided = { turn: null, error: null, attempt: 0, replayOf: null };
    const decided = { outcome: "declined", reason, enqueuedAt: createdAt, decidedAt: createdAt } as const;
    this.#outcomes.set(key, { item: key, message: message.key, conversation, persona, ...undecided, ...decided });
    this.#lastItem = Math.max(this.#lastItem, key);
    this.#decided.declined += 1;
    return this.#log.stamp("item", message.tenant, key);
  }

  #putItem(item: ItemRow): void {
    this.#undecided.set(item.key, item);
    this.#lastItem = Math.max(this.#lastItem, item.key);
  }

  #stamp(item: number, message: number, tombstone = false): number {
    return this.#log.stamp("item", this.#kept(message).row.tenant, item, tombstone);
  }

  /** The message of an item, which is not forgotten before its items. */
  #kept(message: number): Kept {
    return this.#messages.get(message) as Kept;
  }

  #rows(keys: readonly number[]): readonly MessageRow[] {
    return keys.flatMap((key) => this.#messages.get(key)?.row ?? []);
  }
}

const NONE: readonly never[] = [];

function idempotencyName(scope: string, key: string): string {
  return `${scope}\0${key}`;
}

function itemKeys(message: MessageRow): number[] {
  const { firstItem, itemCount } = message;
  return firstItem === null ? [] : Array.from({ length: itemCount }, (_, index) => firstItem + index);
}

function deadLetterOf(item: ItemRow, reason: string | null, error: string | null, diedAt: number) {
  const { key, notBefore, expiresAt, turn, replayOf, ...kept } = item;
  return { ...kept, item: key, reason, error, diedAt };
}
