import { randomInt } from "node:crypto";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { otherVersion } from "./entries.ts";
import { Feed } from "./feed.ts";
import { Keys } from "./keys.ts";
import { MemoryMapping } from "./mapping/memory.ts";
import type { AlongRefusal } from "./mapping/port.ts";
import { type MappingWrite, SqlMappingTable } from "./mapping/table.ts";
import { ChangeLog } from "./memory/change-log.ts";
import { SpendingTable } from "./memory/spending-table.ts";
import { takeSurplus } from "./memory/take-surplus.ts";
import { Timelines } from "./memory/timelines.ts";
import type {
  ApiKeyPage,
  ApiKeyRow,
  Append,
  Appended,
  ConversationRow,
  Counts,
  DeadLetterPage,
  DeadLetterRow,
  Decision,
  Discarded,
  EnrollmentRow,
  EntryPage,
  EntryRow,
  FedItem,
  FeedSink,
  ItemRow,
  KeyKind,
  MessageRow,
  OutcomeRow,
  Page,
  Replayed,
  SequenceStepRow,
  SessionChange,
  SessionChanged,
  SessionOpening,
  SessionRow,
  Settle,
  Settled,
  SpendingQuery,
  SpendingRow,
  SpendingSum,
  Store,
  TurnRow,
} from "./port.ts";

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Default: random. */
  readonly salt?: number;
  /**
   * Decided messages that are kept; older ones are forgotten with their outcomes and dead letters. So many calls to
   * models, and steps of sequences, are kept as well. Default 100 000.
   */
  readonly maxMessages?: number;
  /** Revs of the change log that are kept. Default 100 000. */
  readonly keepChanges?: number;
}

/** A store that ends with the process. It refuses and answers exactly like the one on disk. */
export async function openMemoryStore(options: MemoryStoreOptions): Promise<Store> {
  return new MemoryStore(options);
}

/** A message, and what has to be known of it until both are forgotten together. */
interface Kept {
  readonly row: MessageRow;
  readonly idempotencyKey: string | undefined;
  /** How many of its items are undecided; it is not forgotten before. */
  undecided: number;
  /** The items by which dead ones were replayed; those that came with it are known from its row. */
  replays: readonly number[];
}

class MemoryStore implements Store {
  readonly kind = "memory";
  readonly salt: number;
  readonly epoch = 1;
  readonly commits = undefined;
  readonly mapping: SqlMappingTable;

  readonly #keys: Keys;
  readonly #feed = new Feed();
  readonly #maxMessages: number;
  readonly #enrollments = new Map<number, EnrollmentRow>();
  /** By tenant and id. */
  readonly #enrollmentKeys = new Map<string, number>();
  readonly #conversations = new Map<number, ConversationRow>();
  /** Open direct sessions by tenant, caller and persona. */
  readonly #directKeys = new Map<string, number>();
  /** What sessions follow, by conversation. */
  readonly #sessions = new Map<number, SessionRow>();
  readonly #steps = new Map<number, SequenceStepRow>();
  readonly #members = new Map<number, Set<number>>();
  /** In one place: every message passes here, and each further table that it had to be looked up in would be felt. */
  readonly #messages = new Map<number, Kept>();
  readonly #timelines = new Timelines();
  readonly #inbox = new Map<number, ItemRow>();
  readonly #outcomes = new Map<number, OutcomeRow>();
  readonly #deadLetters = new Map<number, DeadLetterRow>();
  readonly #turns = new Map<number, TurnRow>();
  readonly #apiKeys = new Map<number, ApiKeyRow>();
  /** By kind, tenant and id. */
  readonly #entries = new Map<string, EntryRow>();
  readonly #idempotency = new Map<string, { readonly fingerprint: string; readonly message: number }>();
  /** What may be forgotten, in the order in which it was decided. */
  readonly #settledMessages = new Set<number>();
  readonly #settledTurns = new Set<number>();
  readonly #spending = new SpendingTable();
  readonly #log: ChangeLog;
  readonly #mapping: MemoryMapping;
  readonly #decided = { answered: 0, declined: 0, dead: 0 };
  /** The greatest keys that there were. */
  #lastMessage = 0;
  #lastItem = 0;
  #closed = false;

  constructor(options: MemoryStoreOptions) {
    this.#keys = new Keys(options.clock);
    this.salt = options.salt ?? randomInt(2 ** 31);
    this.#maxMessages = options.maxMessages ?? 100_000;
    this.#log = new ChangeLog(options.keepChanges ?? 100_000);
    const mapping = new MemoryMapping(
      this.salt,
      () => this.#log.rev,
      (...line) => void this.#log.stamp(...line),
    );
    this.#mapping = mapping;
    this.mapping = new SqlMappingTable({
      salt: this.salt,
      read: async (read) => {
        this.#assertOpen();
        return read(mapping.reader);
      },
      write: ((name, args) =>
        this.#write(() =>
          mapping.run((commands) => (commands[name] as (...args: unknown[]) => unknown).apply(commands, args)),
        )) as MappingWrite,
    });
  }

  get rev(): number {
    return this.#log.rev;
  }

  allocate(kind: KeyKind, count = 1): number {
    this.#assertOpen();
    return this.#keys.allocate(kind, count);
  }

  saveEnrollment(row: EnrollmentRow): Promise<number> {
    return this.#write(() => {
      const name = `${row.tenant}\0${row.id}`;
      if ((this.#enrollmentKeys.get(name) ?? row.key) !== row.key) throw keyTaken();
      this.#enrollmentKeys.set(name, row.key);
      this.#enrollments.set(row.key, row);
      return this.#log.stamp("enrollment", row.tenant, row.key, row.removedAt !== null);
    });
  }

  createRoom(row: ConversationRow, members: readonly number[]): Promise<number> {
    return this.#write(() => {
      const rev = this.#putConversation(row);
      this.#members.set(row.key, new Set(members));
      return rev;
    });
  }

  addMember(conversation: number, persona: number): Promise<number> {
    return this.#write(() => {
      const tenant = this.#tenantOf(conversation);
      const members = this.#members.get(conversation) ?? new Set();
      this.#members.set(conversation, members.add(persona));
      return this.#log.stamp("conversation", tenant, conversation);
    });
  }

  removeMember(conversation: number, persona: number): Promise<number> {
    return this.#write(() => {
      const tenant = this.#tenantOf(conversation);
      this.#members.get(conversation)?.delete(persona);
      return this.#log.stamp("conversation", tenant, conversation);
    });
  }

  openSession(row: ConversationRow, { session, steps }: SessionOpening): Promise<number> {
    return this.#write(() => {
      if (this.#sessions.has(row.key)) throw keyTaken();
      this.#assertNewSteps(steps);
      const rev = this.#putConversation(row);
      this.#sessions.set(row.key, session);
      return this.#putSteps(steps).at(-1) ?? rev;
    });
  }

  changeSession(change: SessionChange): Promise<SessionChanged> {
    return this.#write(() => {
      if (!this.#isCurrent(change)) return { status: "stale" };
      this.#assertNewSteps(change.steps);
      return { status: "changed", rev: this.#changeSession(change).at(-1) };
    });
  }

  closeSession(conversation: number, at: number, change?: SessionChange): Promise<SessionChanged> {
    return this.#write(() => {
      if (change !== undefined && !this.#isCurrent(change)) return { status: "stale" };
      const row = this.#stored(conversation);
      if (row.closedAt !== null) return { status: "changed", rev: undefined };
      this.#assertNewSteps(change?.steps ?? []);
      this.#conversations.set(conversation, { ...row, closedAt: at });
      if (row.direct === 1) this.#directKeys.delete(directName(row));
      const rev = this.#log.stamp("conversation", row.tenant, conversation);
      const revs = change === undefined ? [] : this.#changeSession(change);
      return { status: "changed", rev: revs.at(-1) ?? rev };
    });
  }

  append(command: Append): Promise<Appended> {
    return this.#write(() => {
      const { message, items, open, session, idempotency, along } = command;
      const idempotencyKey = idempotency && `${idempotency.scope}\0${idempotency.key}`;
      const earlier = idempotencyKey === undefined ? undefined : this.#idempotency.get(idempotencyKey);
      if (earlier !== undefined) {
        return earlier.fingerprint === idempotency?.fingerprint
          ? { status: "replayed", message: earlier.message }
          : { status: "conflict" };
      }
      this.#assertNew(message, items);
      const begins = session !== undefined && !this.#sessions.has(message.conversation);
      if (begins) this.#assertNewSteps(session.steps);
      // The last that can be refused.
      const written =
        along && (this.#mapping.run((mapping) => mapping.along(along)) as AlongRefusal | readonly number[]);
      if (written !== undefined && "status" in written) return written;
      if (open !== undefined && !this.#conversations.has(open.key)) this.#putConversation(open);
      if (begins) {
        this.#sessions.set(message.conversation, session.session);
        this.#putSteps(session.steps);
      }
      if (idempotency !== undefined && idempotencyKey !== undefined) {
        this.#idempotency.set(idempotencyKey, { fingerprint: idempotency.fingerprint, message: message.key });
      }
      const rev = this.#putMessage(message, items, idempotencyKey);
      this.#forget();
      this.#feed.deliver(items);
      return written === undefined ? { status: "appended", rev } : { status: "appended", rev, repeated: written };
    });
  }

  replayDeadLetter(item: number, fresh: ItemRow): Promise<Replayed> {
    return this.#write(() => {
      const letter = this.#deadLetters.get(item);
      if (letter === undefined) return { status: "gone" };
      if (this.#inbox.has(fresh.key)) throw keyTaken();
      const { message } = letter;
      const kept = this.#kept(message);
      this.#deadLetters.delete(item);
      this.#putItem(fresh);
      kept.replays = [...kept.replays, fresh.key];
      kept.undecided += 1;
      this.#settledMessages.delete(message);
      const rev = this.#stampItem(fresh.key, message);
      this.#feed.deliver([fresh]);
      return { status: "replayed", rev };
    });
  }

  discardDeadLetter(item: number): Promise<Discarded> {
    return this.#write(() => {
      const letter = this.#deadLetters.get(item);
      if (letter === undefined) return { status: "gone" };
      this.#deadLetters.delete(item);
      return { status: "discarded", rev: this.#stampItem(item, letter.message, true) };
    });
  }

  addApiKey(row: ApiKeyRow): Promise<void> {
    return this.#write(() => {
      if (this.#apiKeys.has(row.key)) throw keyTaken();
      this.#apiKeys.set(row.key, row);
    });
  }

  touchApiKey(key: number, at: number): Promise<void> {
    return this.#changeApiKey(key, () => ({ lastUsedAt: at }));
  }

  revokeApiKey(key: number, at: number): Promise<void> {
    return this.#changeApiKey(key, ({ revokedAt }) => ({ revokedAt: revokedAt ?? at }));
  }

  saveEntry(row: EntryRow, expected: number): Promise<void> {
    return this.#write(() => {
      const name = entryName(row);
      if ((this.#entries.get(name)?.version ?? 0) !== expected) throw otherVersion();
      this.#entries.set(name, row);
    });
  }

  async feed(sink: FeedSink): Promise<void> {
    await this.#write(() => {
      const backlog = [...this.#inbox.values()].sort((a, b) => a.key - b.key);
      if (backlog.length > 0) sink(backlog);
      this.#feed.follow(sink);
    });
  }

  begin(turn: TurnRow): Promise<void> {
    return this.#write(() => {
      const items = turn.items.map((key) => this.#inbox.get(key));
      const waiting = items.filter((item) => item !== undefined && item.turn === null);
      if (new Set(waiting).size !== items.length) {
        throw new PersonaError("turn_conflict", "Begin a turn only with items that wait, each of them once.");
      }
      if (this.#turns.has(turn.key)) throw keyTaken();
      for (const item of waiting) {
        if (item) this.#inbox.set(item.key, { ...item, turn: turn.key, attempt: item.attempt + 1 });
      }
      this.#turns.set(turn.key, turn);
    });
  }

  settle(command: Settle): Promise<Settled> {
    return this.#write(() => {
      const { turn: ending, reply, decisions, session, at } = command;
      const turn = ending === null ? undefined : this.#turns.get(ending.key);
      if (ending !== null && (turn?.outcome !== null || turn.attempt !== ending.attempt)) return { status: "late" };
      if (turn !== undefined && turn.items.length !== decisions.length) {
        throw new PersonaError("turn_conflict", "Settle a turn with one decision for each of its items.");
      }
      const items = decisions.map((decision) => this.#inbox.get(decision.item));
      const guarded = items.filter((item) => item !== undefined && item.turn === (ending?.key ?? null));
      if (new Set(guarded).size !== decisions.length) return { status: "late" };
      if (session !== undefined && !this.#isCurrent(session)) return { status: "stale" };
      this.#assertNewSteps(session?.steps ?? []);
      if (reply !== undefined) this.#assertNew(reply.message, reply.items);

      this.#spending.put(command.spending ?? []);
      const revs: number[] = [];
      if (reply !== undefined) revs.push(this.#putMessage(reply.message, reply.items));
      if (turn !== undefined && ending !== null) {
        const { outcome, error, explanation } = ending;
        const answer = reply?.message.key ?? null;
        this.#turns.set(turn.key, { ...turn, outcome, error, explanation, settledAt: at, reply: answer });
        this.#settledTurns.add(turn.key);
        revs.push(this.#log.stamp("turn", turn.tenant, turn.key));
      }
      for (const decision of decisions) {
        const rev = this.#decide(decision, at);
        if (rev !== undefined) revs.push(rev);
      }
      if (session !== undefined) revs.push(...this.#changeSession(session));
      this.#forget();
      this.#feed.deliver(reply?.items ?? []);
      return { status: "settled", revs };
    });
  }

  spend(rows: readonly SpendingRow[]): Promise<void> {
    return this.#write(() => this.#spending.put(rows));
  }

  async enrollments(): Promise<readonly EnrollmentRow[]> {
    this.#assertOpen();
    return [...this.#enrollments.values()].filter((row) => row.removedAt === null).sort((a, b) => a.key - b.key);
  }

  async enrollment(key: number): Promise<EnrollmentRow | undefined> {
    this.#assertOpen();
    return this.#enrollments.get(key);
  }

  async enrollmentNamed(tenant: string, id: string): Promise<EnrollmentRow | undefined> {
    this.#assertOpen();
    return this.#enrollments.get(this.#enrollmentKeys.get(`${tenant}\0${id}`) ?? 0);
  }

  async conversation(key: number): Promise<ConversationRow | undefined> {
    this.#assertOpen();
    return this.#conversations.get(key);
  }

  async directSession(tenant: string, caller: string, persona: number): Promise<ConversationRow | undefined> {
    this.#assertOpen();
    return this.#conversations.get(this.#directKeys.get(directName({ tenant, caller, persona })) ?? 0);
  }

  async session(conversation: number): Promise<SessionRow | undefined> {
    this.#assertOpen();
    return this.#sessions.get(conversation);
  }

  async sequenceStep(key: number): Promise<SequenceStepRow | undefined> {
    this.#assertOpen();
    return this.#steps.get(key);
  }

  async members(conversation: number): Promise<readonly number[]> {
    this.#assertOpen();
    return [...(this.#members.get(conversation) ?? [])].sort((a, b) => a - b);
  }

  async message(key: number): Promise<MessageRow | undefined> {
    this.#assertOpen();
    return this.#messages.get(key)?.row;
  }

  async messages(page: Page): Promise<readonly MessageRow[]> {
    this.#assertOpen();
    return this.#rows(this.#timelines.after(page.conversation, page.after ?? 0, page.limit));
  }

  async history(conversation: number, before: number, tokens: number): Promise<readonly MessageRow[]> {
    this.#assertOpen();
    const tokensOf = (key: number) => this.#messages.get(key)?.row.tokens ?? 0;
    return this.#rows(this.#timelines.fitting(conversation, before, tokens, tokensOf));
  }

  async countBefore(conversation: number, before: number, limit: number): Promise<number> {
    this.#assertOpen();
    return Math.min(limit, this.#timelines.countBefore(conversation, before));
  }

  async recent(conversation: number, limit: number): Promise<readonly MessageRow[]> {
    this.#assertOpen();
    return this.#rows(this.#timelines.newest(conversation, limit));
  }

  async usedFor(scope: string, idempotencyKey: string) {
    this.#assertOpen();
    return this.#idempotency.get(`${scope}\0${idempotencyKey}`);
  }

  async item(key: number): Promise<ItemRow | OutcomeRow | undefined> {
    this.#assertOpen();
    return this.#inbox.get(key) ?? this.#outcomes.get(key);
  }

  async items(keys: readonly number[]): Promise<readonly FedItem[]> {
    this.#assertOpen();
    return keys.flatMap((key) => this.#inbox.get(key) ?? []);
  }

  async itemsOf(message: MessageRow): Promise<readonly (ItemRow | OutcomeRow)[]> {
    this.#assertOpen();
    return itemKeys(message).flatMap((key) => this.#inbox.get(key) ?? this.#outcomes.get(key) ?? []);
  }

  async turn(key: number): Promise<TurnRow | undefined> {
    this.#assertOpen();
    return this.#turns.get(key);
  }

  async deadLetter(item: number): Promise<DeadLetterRow | undefined> {
    this.#assertOpen();
    return this.#deadLetters.get(item);
  }

  async deadLetters({ tenant, owner, persona, after = 0, limit }: DeadLetterPage): Promise<readonly DeadLetterRow[]> {
    this.#assertOpen();
    return [...this.#deadLetters.values()]
      .filter((letter) => letter.item > after && letter.tenant === tenant)
      .filter((letter) => persona === undefined || letter.persona === persona)
      .filter((letter) => owner === undefined || this.#conversations.get(letter.conversation)?.owner === owner)
      .sort((a, b) => a.item - b.item)
      .slice(0, limit);
  }

  async apiKey(key: number): Promise<ApiKeyRow | undefined> {
    this.#assertOpen();
    return this.#apiKeys.get(key);
  }

  async apiKeys({ tenant, after = 0, limit }: ApiKeyPage): Promise<readonly ApiKeyRow[]> {
    this.#assertOpen();
    return [...this.#apiKeys.values()]
      .filter((row) => row.tenant === tenant && row.key > after)
      .sort((a, b) => a.key - b.key)
      .slice(0, limit);
  }

  async entry(kind: EntryRow["kind"], tenant: string, id: string): Promise<EntryRow | undefined> {
    this.#assertOpen();
    return this.#entries.get(entryName({ kind, tenant, id }));
  }

  async entries({ kind, after, limit }: EntryPage): Promise<readonly EntryRow[]> {
    this.#assertOpen();
    const last = after === undefined ? "" : entryName({ kind, ...after });
    return [...this.#entries]
      .filter(([name, row]) => row.kind === kind && name > last)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .slice(0, limit)
      .map(([, row]) => row);
  }

  async changes(tenant: string, after: number, limit: number) {
    this.#assertOpen();
    return this.#log.after(after, tenant, limit);
  }

  async counts(): Promise<Counts> {
    this.#assertOpen();
    let inTurn = 0;
    for (const item of this.#inbox.values()) if (item.turn !== null) inTurn += 1;
    return { waiting: this.#inbox.size - inTurn, inTurn, ...this.#decided };
  }

  async spending(query: SpendingQuery): Promise<readonly SpendingSum[]> {
    this.#assertOpen();
    return this.#spending.sums(query);
  }

  async probe(): Promise<void> {
    this.#assertOpen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    // What was called before is applied in this microtask.
    await undefined;
  }

  /**
   * Applies a write one microtask after it was called: like on disk, nothing has happened yet when
   * the call returns, and writes are applied and answered in the order of their calls.
   */
  async #write<T>(apply: () => T): Promise<T> {
    this.#assertOpen();
    await undefined;
    return apply();
  }

  #changeApiKey(key: number, change: (row: ApiKeyRow) => Partial<ApiKeyRow>): Promise<void> {
    return this.#write(() => {
      const row = this.#apiKeys.get(key);
      if (row !== undefined) this.#apiKeys.set(key, { ...row, ...change(row) });
    });
  }

  #putConversation(row: ConversationRow): number {
    if (this.#conversations.has(row.key)) throw keyTaken();
    if (row.direct === 1) {
      if (this.#directKeys.has(directName(row))) throw keyTaken();
      this.#directKeys.set(directName(row), row.key);
    }
    this.#conversations.set(row.key, row);
    return this.#log.stamp("conversation", row.tenant, row.key);
  }

  #isCurrent({ conversation, expected }: SessionChange): boolean {
    return this.#sessions.get(conversation)?.version === expected;
  }

  #changeSession({ conversation, expected, snapshot, progress, steps, at }: SessionChange): readonly number[] {
    const row = this.#sessions.get(conversation) as SessionRow;
    const changed = { snapshot: snapshot ?? row.snapshot, progress, version: expected + 1, updatedAt: at };
    this.#sessions.set(conversation, { conversation, ...changed });
    return this.#putSteps(steps);
  }

  #putSteps(steps: readonly SequenceStepRow[]): readonly number[] {
    return steps.map((step) => {
      this.#steps.set(step.key, step);
      return this.#log.stamp("sequence_step", step.tenant, step.key);
    });
  }

  #putMessage(row: MessageRow, items: readonly ItemRow[], idempotencyKey?: string): number {
    const { key, tenant, conversation } = row;
    this.#messages.set(key, { row, idempotencyKey, undecided: items.length, replays: NONE });
    this.#timelines.add(conversation, key);
    if (items.length === 0) this.#settledMessages.add(key);
    this.#lastMessage = Math.max(this.#lastMessage, key);
    for (const item of items) this.#putItem(item);
    return this.#log.stamp("message", tenant, key);
  }

  #putItem(item: ItemRow): void {
    this.#inbox.set(item.key, item);
    this.#lastItem = Math.max(this.#lastItem, item.key);
  }

  /** Applies one decision; gives the rev if the item left without an answer. */
  #decide(decision: Decision, at: number): number | undefined {
    const item = this.#inbox.get(decision.item);
    if (item === undefined) return undefined;
    if (decision.outcome === "retry") {
      const { notBefore, failures = item.failures, flags = item.flags } = decision;
      this.#inbox.set(item.key, { ...item, turn: null, notBefore, failures, flags });
      return undefined;
    }
    const { outcome, reason, error } = decision;
    const { message, conversation, persona, turn, attempt, enqueuedAt, replayOf } = item;
    this.#inbox.delete(item.key);
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
    if (kept.undecided === 0) this.#settledMessages.add(message);
    return outcome === "answered" ? undefined : this.#stampItem(item.key, message);
  }

  #stampItem(key: number, message: number, tombstone = false): number {
    return this.#log.stamp("item", this.#kept(message).row.tenant, key, tombstone);
  }

  /** The message of an item, which is not forgotten before its items. */
  #kept(message: number): Kept {
    return this.#messages.get(message) as Kept;
  }

  #forget(): void {
    for (const key of takeSurplus(this.#settledMessages, this.#maxMessages)) {
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
    for (const key of takeSurplus(this.#settledTurns, this.#maxMessages)) this.#turns.delete(key);
    this.#spending.forget(this.#maxMessages);
    takeSurplus(this.#steps, this.#maxMessages);
  }

  #rows(keys: readonly number[]): readonly MessageRow[] {
    return keys.flatMap((key) => this.#messages.get(key)?.row ?? []);
  }

  #tenantOf(conversation: number): string {
    return this.#stored(conversation).tenant;
  }

  #stored(conversation: number): ConversationRow {
    const row = this.#conversations.get(conversation);
    if (row === undefined) throw new PersonaError("room_not_found", "Create the room before changing its members.");
    return row;
  }

  #assertNew(message: MessageRow, items: readonly ItemRow[]): void {
    // Keys ascend: what is beyond all before need not be looked for.
    if (message.key <= this.#lastMessage && this.#messages.has(message.key)) throw keyTaken();
    for (const { key } of items) if (key <= this.#lastItem && this.#inbox.has(key)) throw keyTaken();
  }

  #assertNewSteps(steps: readonly SequenceStepRow[]): void {
    for (const { key } of steps) if (this.#steps.has(key)) throw keyTaken();
  }

  #assertOpen(): void {
    if (this.#closed) throw new PersonaError("runtime_closed", "The store is closed; open it again.");
  }
}

const NONE: readonly never[] = [];

/** Of the one open direct session of a caller with a persona. */
function directName({ tenant, caller, persona }: Pick<ConversationRow, "tenant" | "caller" | "persona">): string {
  return `${tenant}\0${caller}\0${persona}`;
}

function itemKeys(message: MessageRow): number[] {
  const { firstItem, itemCount } = message;
  return firstItem === null ? [] : Array.from({ length: itemCount }, (_, index) => firstItem + index);
}

function deadLetterOf(item: ItemRow, reason: string | null, error: string | null, diedAt: number) {
  const { key, notBefore, expiresAt, turn, replayOf, ...kept } = item;
  return { ...kept, item: key, reason, error, diedAt };
}

function entryName({ kind, tenant, id }: Pick<EntryRow, "kind" | "tenant" | "id">): string {
  return `${kind}\0${tenant}\0${id}`;
}

function keyTaken(): PersonaError {
  return new PersonaError("internal", "A row with this key or name exists already; allocate a new key.");
}
