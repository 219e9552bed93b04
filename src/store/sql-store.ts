import { setImmediate } from "node:timers/promises";
import { PersonaError } from "../errors.ts";
import {
  API_KEY,
  CONVERSATION,
  dense,
  ENROLLMENT,
  ENTRY,
  ITEM,
  messageValues,
  SEQUENCE_STEP,
  SESSION,
  SPENDING,
  turnValues,
  type Value,
} from "./columns.ts";
import type {
  ChangeArguments,
  ConversationArguments,
  DecisionArguments,
  DeclinedArguments,
  MessageArguments,
  OpeningArguments,
  ReplyArguments,
  StepArguments,
} from "./commands.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { replacement } from "./entries.ts";
import type { Feed } from "./feed.ts";
import type { Keys } from "./keys.ts";
import { MappingReader } from "./mapping/reader.ts";
import { type MappingWrite, SqlMappingTable } from "./mapping/table.ts";
import { FTS5, TSQUERY } from "./mapping/word-index.ts";
import type {
  ApiKeyPage,
  ApiKeyRow,
  Append,
  Appended,
  Commits,
  ConversationRow,
  DeadLetterPage,
  Decision,
  DeclinedItem,
  Discarded,
  EnrollmentRow,
  EntryPage,
  EntryRow,
  FedItem,
  FeedSink,
  Idempotency,
  ItemRow,
  KeyKind,
  MessageRow,
  Page,
  Replayed,
  SequenceStepRow,
  SessionChange,
  SessionChanged,
  SessionOpening,
  Settle,
  Settled,
  SpendingQuery,
  SpendingRow,
  Store,
  TurnRow,
} from "./port.ts";
import type { Source } from "./query.ts";
import { Reader } from "./reader.ts";

/** Items per page of the backlog; between two pages the event loop runs. */
const PAGE = 1_024;

export interface SqlStoreOptions {
  /** Of a new database; an existing one keeps its own. Default: random. */
  readonly salt?: number;
  /** Revs of the change log that are kept. Default 100 000. */
  readonly keepChanges?: number;
  /** Idempotency keys are known at least so long; later they are forgotten, some with each new one. Default 24 h. */
  readonly keepIdempotencyMs?: number;
}

interface Parts {
  readonly kind: "sqlite" | "postgres";
  readonly salt: number;
  readonly epoch: number;
  readonly keepIdempotencyMs: number;
  readonly keys: Keys;
  readonly feed: Feed;
  readonly queue: CommitQueue;
  readonly source: Source;
  /** The error with a code for whatever the driver threw. */
  readonly coded: (error: unknown) => PersonaError;
  /** Throws if what is written would be lost, although it can be written. */
  readonly assertThere?: () => void;
  /** Closes everything, once nothing is being written any more. */
  readonly shut: () => Promise<void>;
}

/** A store whose rows are in an SQL database: what SQLite and PostgreSQL have in common, which is nearly everything. */
export class SqlStore implements Store {
  readonly kind: Parts["kind"];
  readonly salt: number;
  readonly epoch: number;
  readonly #parts: Parts;
  readonly #queue: CommitQueue;
  readonly #reader: Reader;
  readonly mapping: SqlMappingTable;
  #closed: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.kind = parts.kind;
    this.salt = parts.salt;
    this.epoch = parts.epoch;
    this.#parts = parts;
    this.#queue = parts.queue;
    this.#reader = new Reader(parts.source);
    const mapping = new MappingReader(parts.source, parts.kind === "sqlite" ? FTS5 : TSQUERY, parts.salt);
    this.mapping = new SqlMappingTable({
      salt: parts.salt,
      read: (read) => this.#read(() => read(mapping)),
      write: ((name, args) => this.#write("mapping", [name, args])) as MappingWrite,
    });
  }

  get rev(): number {
    return this.#queue.rev;
  }

  get commits(): Commits {
    return this.#queue.commits;
  }

  allocate(kind: KeyKind, count?: number): number {
    this.#assertOpen();
    return this.#parts.keys.allocate(kind, count);
  }

  saveEnrollment(row: EnrollmentRow): Promise<number> {
    return this.#write("saveEnrollment", [row.tenant, row.key, ENROLLMENT.values(row), row.removedAt !== null]);
  }

  createRoom(row: ConversationRow, members: readonly number[]): Promise<number> {
    return this.#write("createRoom", [conversationArguments(row), members, row.createdAt]);
  }

  addMember(conversation: number, persona: number, at: number): Promise<number> {
    return this.#write("addMember", [conversation, persona, at]);
  }

  removeMember(conversation: number, persona: number): Promise<number> {
    return this.#write("removeMember", [conversation, persona]);
  }

  openSession(row: ConversationRow, opening: SessionOpening): Promise<number> {
    return this.#write("openSession", [conversationArguments(row), openingArguments(opening)]);
  }

  changeSession(change: SessionChange): Promise<SessionChanged> {
    return this.#write("changeSession", [...changeArguments(change)]);
  }

  closeSession(conversation: number, at: number, change?: SessionChange): Promise<SessionChanged> {
    return this.#write("closeSession", [conversation, at, change === undefined ? null : changeArguments(change)]);
  }

  append({ message, items, declined = [], open, session, idempotency, along }: Append): Promise<Appended> {
    const opened = open === undefined ? null : conversationArguments(open);
    const begun = session === undefined ? null : openingArguments(session);
    const once = idempotency === undefined ? null : this.#idempotencyArguments(idempotency, message.createdAt);
    const rows = messageArguments(message, items);
    if (along === undefined && declined.length === 0) {
      return this.#write("append", [...rows, opened, once, begun], items);
    }
    const beside = declinedArguments(message, declined);
    return this.#write("append", [...rows, opened, once, begun, along ?? null, beside], items);
  }

  begin(turn: TurnRow): Promise<void> {
    return this.#write("begin", [turn.key, turn.items, turnValues(turn)]);
  }

  settle({ turn, reply, decisions, spending, session, at }: Settle): Promise<Settled> {
    const ending = turn && ([turn.key, turn.attempt, turn.outcome, turn.error, turn.explanation] as const);
    const answer = reply === undefined ? null : replyArguments(reply);
    const decided = dense(decisions, decisionArguments);
    if (spending === undefined && session === undefined) {
      return this.#write("settle", [ending, answer, decided, at], reply?.items);
    }
    const spent = dense(spending ?? [], SPENDING.values);
    const change = session === undefined ? null : changeArguments(session);
    return this.#write("settle", [ending, answer, decided, at, spent, change], reply?.items);
  }

  spend(rows: readonly SpendingRow[]): Promise<void> {
    return this.#write("spend", [dense(rows, SPENDING.values)]);
  }

  replayDeadLetter(item: number, fresh: ItemRow): Promise<Replayed> {
    return this.#write("replayDeadLetter", [item, fresh.key, ITEM.values(fresh)], [fresh]);
  }

  discardDeadLetter(item: number): Promise<Discarded> {
    return this.#write("discardDeadLetter", [item]);
  }

  addApiKey(row: ApiKeyRow): Promise<void> {
    return this.#write("addApiKey", [API_KEY.values(row)]);
  }

  touchApiKey(key: number, at: number): Promise<void> {
    return this.#write("touchApiKey", [key, at]);
  }

  revokeApiKey(key: number, at: number): Promise<void> {
    return this.#write("revokeApiKey", [key, at]);
  }

  saveEntry(row: EntryRow, expected: number): Promise<void> {
    const values = expected === 0 ? ENTRY.values(row) : replacement(row, expected);
    return this.#write("saveEntry", [values, expected]);
  }

  async feed(sink: FeedSink): Promise<void> {
    this.#assertOpen();
    // Nothing is written while the backlog is read, so that each item arrives exactly once.
    await this.#queue.hold();
    try {
      let last: FedItem | undefined;
      do {
        const after = last?.key ?? 0;
        const page = await this.#read((reader) => reader.backlog(after, PAGE));
        last = page.at(-1);
        if (last !== undefined) sink(page);
        await setImmediate();
      } while (last !== undefined);
      this.#parts.feed.follow(sink);
    } finally {
      this.#queue.release();
    }
  }

  enrollments() {
    return this.#read((reader) => reader.enrollments());
  }

  enrollment(key: number) {
    return this.#read((reader) => reader.enrollment(key));
  }

  enrollmentNamed(tenant: string, id: string) {
    return this.#read((reader) => reader.enrollmentNamed(tenant, id));
  }

  conversation(key: number) {
    return this.#read((reader) => reader.conversation(key));
  }

  directSession(tenant: string, caller: string, persona: number) {
    return this.#read((reader) => reader.directSession(tenant, caller, persona));
  }

  session(conversation: number) {
    return this.#read((reader) => reader.session(conversation));
  }

  sequenceStep(key: number) {
    return this.#read((reader) => reader.sequenceStep(key));
  }

  members(conversation: number) {
    return this.#read((reader) => reader.members(conversation));
  }

  message(key: number) {
    return this.#read((reader) => reader.message(key));
  }

  messages(page: Page) {
    return this.#read((reader) => reader.messages(page));
  }

  history(conversation: number, before: number, tokens: number) {
    return this.#read((reader) => reader.history(conversation, before, tokens));
  }

  countBefore(conversation: number, before: number, limit: number) {
    return this.#read((reader) => reader.countBefore(conversation, before, limit));
  }

  recent(conversation: number, limit: number) {
    return this.#read((reader) => reader.recent(conversation, limit));
  }

  usedFor(scope: string, idempotencyKey: string) {
    return this.#read((reader) => reader.usedFor(scope, idempotencyKey));
  }

  item(key: number) {
    return this.#read((reader) => reader.item(key));
  }

  items(keys: readonly number[]) {
    return this.#read((reader) => reader.items(keys));
  }

  itemsOf(message: MessageRow) {
    return this.#read((reader) => reader.itemsOf(message));
  }

  turn(key: number) {
    return this.#read((reader) => reader.turn(key));
  }

  deadLetter(item: number) {
    return this.#read((reader) => reader.deadLetter(item));
  }

  deadLetters(page: DeadLetterPage) {
    return this.#read((reader) => reader.deadLetters(page));
  }

  apiKey(key: number) {
    return this.#read((reader) => reader.apiKey(key));
  }

  apiKeys(page: ApiKeyPage) {
    return this.#read((reader) => reader.apiKeys(page));
  }

  entry(kind: EntryRow["kind"], tenant: string, id: string) {
    return this.#read((reader) => reader.entry(kind, tenant, id));
  }

  entries(page: EntryPage) {
    return this.#read((reader) => reader.entries(page));
  }

  changes(tenant: string, after: number, limit: number) {
    return this.#read((reader) => reader.changes(tenant, after, limit));
  }

  counts() {
    return this.#read((reader) => reader.counts());
  }

  spending(query: SpendingQuery) {
    return this.#read((reader) => reader.spending(query));
  }

  async probe(): Promise<void> {
    await this.#write("probe", []);
    this.#parts.assertThere?.();
  }

  close(): Promise<void> {
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #shut(): Promise<void> {
    await this.#queue.drain();
    await this.#parts.shut();
  }

  #idempotencyArguments({ scope, key, fingerprint }: Idempotency, at: number) {
    return [scope, key, fingerprint, at, this.#parts.keepIdempotencyMs] as const;
  }

  #write: CommitQueue["call"] = (name, args, items) =>
    this.#closed === undefined ? this.#queue.call(name, args, items) : Promise.reject(closedError());

  async #read<T>(read: (reader: Reader) => Promise<T>): Promise<T> {
    this.#assertOpen();
    try {
      return await read(this.#reader);
    } catch (error) {
      // What was being read when the database was closed cannot be read any more.
      this.#assertOpen();
      throw this.#parts.coded(error);
    }
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }
}

function closedError(): PersonaError {
  return new PersonaError("runtime_closed", "The store is closed; open it again.");
}

function conversationArguments(row: ConversationRow): ConversationArguments {
  return [row.tenant, row.key, CONVERSATION.values(row)];
}

function openingArguments({ session, steps }: SessionOpening): OpeningArguments {
  return [session.conversation, SESSION.values(session), session.snapshot, stepArguments(steps)];
}

function changeArguments(change: SessionChange): ChangeArguments {
  const { conversation, expected, snapshot = null, progress, steps, at } = change;
  return [conversation, expected, snapshot, progress, at, stepArguments(steps)];
}

function stepArguments(steps: readonly SequenceStepRow[]): StepArguments {
  return dense(steps, (step) => [step.tenant, step.key, SEQUENCE_STEP.values(step)] as const);
}

function messageArguments(message: MessageRow, items: readonly ItemRow[]): MessageArguments {
  const values: Value[] = [];
  for (const item of items) values.push(...ITEM.values(item));
  return [message.tenant, message.key, messageValues(message), values];
}

function declinedArguments({ conversation, createdAt }: MessageRow, declined: readonly DeclinedItem[]) {
  const values: Value[] = [];
  for (const { key, persona, reason } of declined) values.push(key, persona, reason);
  return [conversation, createdAt, values] as const satisfies DeclinedArguments;
}

function replyArguments({ message, items, declined = [] }: NonNullable<Settle["reply"]>): ReplyArguments {
  const rows = messageArguments(message, items);
  return declined.length === 0 ? rows : [...rows, declinedArguments(message, declined)];
}

function decisionArguments(decision: Decision): DecisionArguments {
  return decision.outcome === "retry"
    ? [decision.item, "retry", decision.notBefore, decision.failures ?? null, decision.flags ?? null]
    : [decision.item, decision.outcome, decision.reason, decision.error, decision.failures ?? null];
}
