import { mkdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { API_KEY, CONVERSATION, ENROLLMENT, ITEM, messageValues, SPENDING, turnValues } from "./columns.ts";
import type { ConversationArguments, DecisionArguments, MessageArguments } from "./commands.ts";
import { prepareDatabase } from "./database.ts";
import { Feed } from "./feed.ts";
import { Keys } from "./keys.ts";
import { claimOwnership } from "./owner.ts";
import type {
  ApiKeyPage,
  ApiKeyRow,
  Append,
  Appended,
  Commits,
  ConversationRow,
  DeadLetterPage,
  Decision,
  Discarded,
  EnrollmentRow,
  FedItem,
  FeedSink,
  Idempotency,
  ItemRow,
  KeyKind,
  MessageRow,
  Page,
  Replayed,
  Settle,
  Settled,
  SpendingQuery,
  SpendingRow,
  Store,
  TurnRow,
} from "./port.ts";
import { Reader } from "./reader.ts";
import { storeError } from "./sqlite-errors.ts";
import { WriterThread } from "./writer-thread.ts";

export interface SqliteStoreOptions {
  readonly clock: Clock;
  /** Of a new database; an existing one keeps its own. Default: random. */
  readonly salt?: number;
  /** Revs of the change log that are kept. Default 100 000. */
  readonly keepChanges?: number;
  /** Idempotency keys are known at least so long; later they are forgotten, some with each new one. Default 24 h. */
  readonly keepIdempotencyMs?: number;
}

/** Items per page of the backlog; between two pages the event loop runs. */
const PAGE = 1_024;

/**
 * Opens a database file, or makes it together with its folder. Fails with `store_locked` if another
 * process, or this one, has it open; `store_foreign`, `store_newer`, `store_corrupt`, `store_read_only`.
 */
export async function openSqliteStore(file: string, options: SqliteStoreOptions): Promise<Store> {
  const { clock, salt, keepChanges = 100_000, keepIdempotencyMs = 24 * 3_600_000 } = options;
  let release: (() => void) | undefined;
  let reader: Reader | undefined;
  try {
    const path = canonicalPath(file);
    release = claimOwnership(path, clock);
    const { lastKey, ...identity } = prepareDatabase(path, { now: clock.now(), salt, keepChanges });
    const keys = new Keys(clock, lastKey);
    const feed = new Feed();
    reader = new Reader(path);
    const writer = await WriterThread.start({
      file: path,
      epoch: identity.epoch,
      keepChanges,
      lastKey: () => keys.last,
      deliver: (items) => feed.deliver(items),
    });
    return new SqliteStore({ ...identity, file: path, keepIdempotencyMs, keys, feed, reader, writer, release });
  } catch (error) {
    reader?.close();
    release?.();
    throw storeError(error);
  }
}

interface Parts {
  readonly file: string;
  readonly salt: number;
  readonly epoch: number;
  readonly keepIdempotencyMs: number;
  readonly keys: Keys;
  readonly feed: Feed;
  readonly reader: Reader;
  readonly writer: WriterThread;
  /** Lets go of the ownership of the file. */
  readonly release: () => void;
}

class SqliteStore implements Store {
  readonly kind = "sqlite";
  readonly salt: number;
  readonly epoch: number;
  readonly #file: string;
  readonly #fileNumber: number | undefined;
  readonly #keepIdempotencyMs: number;
  readonly #keys: Keys;
  readonly #feed: Feed;
  readonly #reader: Reader;
  readonly #writer: WriterThread;
  readonly #release: () => void;
  #closed: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.salt = parts.salt;
    this.epoch = parts.epoch;
    this.#file = parts.file;
    this.#fileNumber = fileNumber(parts.file);
    this.#keepIdempotencyMs = parts.keepIdempotencyMs;
    this.#keys = parts.keys;
    this.#feed = parts.feed;
    this.#reader = parts.reader;
    this.#writer = parts.writer;
    this.#release = parts.release;
  }

  get rev(): number {
    return this.#writer.rev;
  }

  get commits(): Commits {
    return this.#writer.commits;
  }

  allocate(kind: KeyKind, count?: number): number {
    this.#assertOpen();
    return this.#keys.allocate(kind, count);
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

  append({ message, items, open, idempotency }: Append): Promise<Appended> {
    const opened = open === undefined ? null : conversationArguments(open);
    const once = idempotency === undefined ? null : this.#idempotencyArguments(idempotency, message.createdAt);
    return this.#write("append", [...messageArguments(message, items), opened, once], items);
  }

  begin(turn: TurnRow): Promise<void> {
    return this.#write("begin", [turn.key, turn.items, turnValues(turn)]);
  }

  settle({ turn, reply, decisions, spending, at }: Settle): Promise<Settled> {
    const ending = turn && ([turn.key, turn.attempt, turn.outcome, turn.error, turn.explanation] as const);
    const answer = reply === undefined ? null : messageArguments(reply.message, reply.items);
    const decided = decisions.map(decisionArguments);
    if (spending === undefined) return this.#write("settle", [ending, answer, decided, at], reply?.items);
    return this.#write("settle", [ending, answer, decided, at, spending.map(SPENDING.values)], reply?.items);
  }

  spend(rows: readonly SpendingRow[]): Promise<void> {
    return this.#write("spend", [rows.map(SPENDING.values)]);
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

  async feed(sink: FeedSink): Promise<void> {
    this.#assertOpen();
    // Nothing is written while the backlog is read, so that each item arrives exactly once.
    await this.#writer.hold();
    try {
      let last: FedItem | undefined;
      do {
        const after = last?.key ?? 0;
        const page = this.#read((reader) => reader.backlog(after, PAGE));
        last = page.at(-1);
        if (last !== undefined) sink(page);
        await setImmediate();
      } while (last !== undefined);
      this.#feed.follow(sink);
    } finally {
      this.#writer.release();
    }
  }

  async enrollments() {
    return this.#read((reader) => reader.enrollments());
  }

  async enrollment(key: number) {
    return this.#read((reader) => reader.enrollment(key));
  }

  async enrollmentNamed(tenant: string, id: string) {
    return this.#read((reader) => reader.enrollmentNamed(tenant, id));
  }

  async conversation(key: number) {
    return this.#read((reader) => reader.conversation(key));
  }

  async directSession(tenant: string, caller: string, persona: number) {
    return this.#read((reader) => reader.directSession(tenant, caller, persona));
  }

  async members(conversation: number) {
    return this.#read((reader) => reader.members(conversation));
  }

  async message(key: number) {
    return this.#read((reader) => reader.message(key));
  }

  async messages(page: Page) {
    return this.#read((reader) => reader.messages(page));
  }

  async history(conversation: number, before: number, tokens: number) {
    return this.#read((reader) => reader.history(conversation, before, tokens));
  }

  async countBefore(conversation: number, before: number, limit: number) {
    return this.#read((reader) => reader.countBefore(conversation, before, limit));
  }

  async recent(conversation: number, limit: number) {
    return this.#read((reader) => reader.recent(conversation, limit));
  }

  async usedFor(scope: string, idempotencyKey: string) {
    return this.#read((reader) => reader.usedFor(scope, idempotencyKey));
  }

  async item(key: number) {
    return this.#read((reader) => reader.item(key));
  }

  async items(keys: readonly number[]) {
    return this.#read((reader) => reader.items(keys));
  }

  async itemsOf(message: MessageRow) {
    return this.#read((reader) => reader.itemsOf(message));
  }

  async turn(key: number) {
    return this.#read((reader) => reader.turn(key));
  }

  async deadLetter(item: number) {
    return this.#read((reader) => reader.deadLetter(item));
  }

  async deadLetters(page: DeadLetterPage) {
    return this.#read((reader) => reader.deadLetters(page));
  }

  async apiKey(key: number) {
    return this.#read((reader) => reader.apiKey(key));
  }

  async apiKeys(page: ApiKeyPage) {
    return this.#read((reader) => reader.apiKeys(page));
  }

  async changes(tenant: string, after: number, limit: number) {
    return this.#read((reader) => reader.changes(tenant, after, limit));
  }

  async counts() {
    return this.#read((reader) => reader.counts());
  }

  async spending(query: SpendingQuery) {
    return this.#read((reader) => reader.spending(query));
  }

  async probe(): Promise<void> {
    await this.#write("probe", []);
    // What is written into a file that was deleted or replaced is lost, although nothing says so.
    if (fileNumber(this.#file) !== this.#fileNumber) {
      throw new PersonaError(
        "store_unavailable",
        "The database's file was deleted or replaced; restart with the right one.",
      );
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #shut(): Promise<void> {
    await this.#writer.drain();
    // The writer must be the last to leave: only a connection that writes can clear the log away.
    this.#reader.close();
    await this.#writer.close();
    this.#release();
  }

  #idempotencyArguments({ scope, key, fingerprint }: Idempotency, at: number) {
    return [scope, key, fingerprint, at, this.#keepIdempotencyMs] as const;
  }

  #write: WriterThread["call"] = (name, args, items) =>
    this.#closed === undefined ? this.#writer.call(name, args, items) : Promise.reject(closedError());

  #read<T>(read: (reader: Reader) => T): T {
    this.#assertOpen();
    try {
      return read(this.#reader);
    } catch (error) {
      throw storeError(error);
    }
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }
}

function closedError(): PersonaError {
  return new PersonaError("runtime_closed", "The store is closed; open it again.");
}

function fileNumber(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** One name for one file, whatever links lead to it: the owner's file stands beside the real one. */
function canonicalPath(file: string): string {
  const path = resolve(file);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing === undefined) return join(realpathSync(dirname(path)), basename(path));
    if (existing.isFile()) return realpathSync(path);
  } catch (cause) {
    throw new PersonaError("store_read_only", "The database's folder cannot be used; name another.", { cause });
  }
  throw new PersonaError("store_read_only", "The database's name is that of a folder or device; name a file.");
}

function conversationArguments(row: ConversationRow): ConversationArguments {
  return [row.tenant, row.key, CONVERSATION.values(row)];
}

function messageArguments(message: MessageRow, items: readonly ItemRow[]): MessageArguments {
  return [message.tenant, message.key, messageValues(message), items.flatMap(ITEM.values)];
}

function decisionArguments(decision: Decision): DecisionArguments {
  return decision.outcome === "retry"
    ? [decision.item, "retry", decision.notBefore, decision.failures ?? null, decision.flags ?? null]
    : [decision.item, decision.outcome, decision.reason, decision.error, decision.failures ?? null];
}
