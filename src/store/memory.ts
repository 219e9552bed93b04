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
import { ConversationTable } from "./memory/conversation-table.ts";
import { Inbox } from "./memory/inbox.ts";
import { keyTaken } from "./memory/key-taken.ts";
import { SessionTable } from "./memory/session-table.ts";
import { SpendingTable } from "./memory/spending-table.ts";
import { takeSurplus } from "./memory/take-surplus.ts";
import type {
  ApiKeyPage,
  ApiKeyRow,
  Append,
  Appended,
  ConversationRow,
  Counts,
  DeadLetterPage,
  DeadLetterRow,
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
  readonly #turns = new Map<number, TurnRow>();
  readonly #apiKeys = new Map<number, ApiKeyRow>();
  /** By kind, tenant and id. */
  readonly #entries = new Map<string, EntryRow>();
  readonly #settledTurns = new Set<number>();
  readonly #spending = new SpendingTable();
  readonly #log: ChangeLog;
  readonly #conversations: ConversationTable;
  readonly #sessions: SessionTable;
  readonly #inbox: Inbox;
  readonly #mapping: MemoryMapping;
  #closed = false;

  constructor(options: MemoryStoreOptions) {
    this.#keys = new Keys(options.clock);
    this.salt = options.salt ?? randomInt(2 ** 31);
    this.#maxMessages = options.maxMessages ?? 100_000;
    this.#log = new ChangeLog(options.keepChanges ?? 100_000);
    this.#conversations = new ConversationTable(this.#log);
    this.#sessions = new SessionTable(this.#log);
    this.#inbox = new Inbox(this.#log);
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
    return this.#write(() => this.#conversations.putRoom(row, members));
  }

  addMember(conversation: number, persona: number): Promise<number> {
    return this.#write(() => this.#conversations.addMember(conversation, persona));
  }

  removeMember(conversation: number, persona: number): Promise<number> {
    return this.#write(() => this.#conversations.removeMember(conversation, persona));
  }

  openSession(row: ConversationRow, opening: SessionOpening): Promise<number> {
    return this.#write(() => {
      if (this.#sessions.find(row.key) !== undefined) throw keyTaken();
      this.#sessions.assertNewSteps(opening.steps);
      const rev = this.#conversations.put(row);
      return this.#sessions.open(opening).at(-1) ?? rev;
    });
  }

  changeSession(change: SessionChange): Promise<SessionChanged> {
    return this.#write(() => {
      if (!this.#sessions.isCurrent(change)) return { status: "stale" };
      this.#sessions.assertNewSteps(change.steps);
      return { status: "changed", rev: this.#sessions.change(change).at(-1) };
    });
  }

  closeSession(conversation: number, at: number, change?: SessionChange): Promise<SessionChanged> {
    return this.#write(() => {
      if (change !== undefined && !this.#sessions.isCurrent(change)) return { status: "stale" };
      const row = this.#conversations.get(conversation);
      if (row.closedAt !== null) return { status: "changed", rev: undefined };
      this.#sessions.assertNewSteps(change?.steps ?? []);
      const rev = this.#conversations.close(row, at);
      const revs = change === undefined ? [] : this.#sessions.change(change);
      return { status: "changed", rev: revs.at(-1) ?? rev };
    });
  }

  append(command: Append): Promise<Appended> {
    return this.#write(() => {
      const { message, open, session, idempotency, along } = command;
      const earlier = idempotency && this.#inbox.usedFor(idempotency.scope, idempotency.key);
      if (earlier !== undefined) {
        return earlier.fingerprint === idempotency?.fingerprint
          ? { status: "replayed", message: earlier.message }
          : { status: "conflict" };
      }
      this.#inbox.assertNew(command);
      const begins = session !== undefined && this.#sessions.find(message.conversation) === undefined;
      if (begins) this.#sessions.assertNewSteps(session.steps);
      // The last that can be refused.
      const written =
        along && (this.#mapping.run((mapping) => mapping.along(along)) as AlongRefusal | readonly number[]);
      if (written !== undefined && "status" in written) return written;
      if (open !== undefined && this.#conversations.find(open.key) === undefined) this.#conversations.put(open);
      if (begins) this.#sessions.open(session);
      const rev = this.#inbox.put(command, idempotency);
      this.#forget();
      this.#feed.deliver(command.items);
      return written === undefined ? { status: "appended", rev } : { status: "appended", rev, repeated: written };
    });
  }

  replayDeadLetter(item: number, fresh: ItemRow): Promise<Replayed> {
    return this.#write(() => {
      const rev = this.#inbox.replay(item, fresh);
      if (rev === undefined) return { status: "gone" };
      this.#feed.deliver([fresh]);
      return { status: "replayed", rev };
    });
  }

  discardDeadLetter(item: number): Promise<Discarded> {
    return this.#write(() => {
      const rev = this.#inbox.discard(item);
      return rev === undefined ? { status: "gone" } : { status: "discarded", rev };
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
      const { backlog } = this.#inbox;
      if (backlog.length > 0) sink(backlog);
      this.#feed.follow(sink);
    });
  }

  begin(turn: TurnRow): Promise<void> {
    return this.#write(() => {
      if (!this.#inbox.areIn(null, turn.items)) {
        throw new PersonaError("turn_conflict", "Begin a turn only with items that wait, each of them once.");
      }
      if (this.#turns.has(turn.key)) throw keyTaken();
      this.#inbox.begin(turn.key, turn.items);
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
      const items = decisions.map(({ item }) => item);
      if (!this.#inbox.areIn(ending?.key ?? null, items)) return { status: "late" };
      if (session !== undefined && !this.#sessions.isCurrent(session)) return { status: "stale" };
      this.#sessions.assertNewSteps(session?.steps ?? []);
      if (reply !== undefined) this.#inbox.assertNew(reply);

      this.#spending.put(command.spending ?? []);
      const revs: number[] = [];
      if (reply !== undefined) revs.push(this.#inbox.put(reply));
      if (turn !== undefined && ending !== null) {
        const { outcome, error, explanation } = ending;
        const answer = reply?.message.key ?? null;
        this.#turns.set(turn.key, { ...turn, outcome, error, explanation, settledAt: at, reply: answer });
        this.#settledTurns.add(turn.key);
        revs.push(this.#log.stamp("turn", turn.tenant, turn.key));
      }
      for (const decision of decisions) {
        const rev = this.#inbox.decide(decision, at);
        if (rev !== undefined) revs.push(rev);
      }
      if (session !== undefined) revs.push(...this.#sessions.change(session));
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
    return this.#conversations.find(key);
  }

  async directSession(tenant: string, caller: string, persona: number): Promise<ConversationRow | undefined> {
    this.#assertOpen();
    return this.#conversations.direct(tenant, caller, persona);
  }

  async session(conversation: number): Promise<SessionRow | undefined> {
    this.#assertOpen();
    return this.#sessions.find(conversation);
  }

  async sequenceStep(key: number): Promise<SequenceStepRow | undefined> {
    this.#assertOpen();
    return this.#sessions.step(key);
  }

  async members(conversation: number): Promise<readonly number[]> {
    this.#assertOpen();
    return this.#conversations.members(conversation);
  }

  async message(key: number): Promise<MessageRow | undefined> {
    this.#assertOpen();
    return this.#inbox.message(key);
  }

  async messages(page: Page): Promise<readonly MessageRow[]> {
    this.#assertOpen();
    return this.#inbox.messages(page);
  }

  async history(conversation: number, before: number, tokens: number): Promise<readonly MessageRow[]> {
    this.#assertOpen();
    return this.#inbox.history(conversation, before, tokens);
  }

  async countBefore(conversation: number, before: number, limit: number): Promise<number> {
    this.#assertOpen();
    return Math.min(limit, this.#inbox.countBefore(conversation, before));
  }

  async recent(conversation: number, limit: number): Promise<readonly MessageRow[]> {
    this.#assertOpen();
    return this.#inbox.recent(conversation, limit);
  }

  async usedFor(scope: string, idempotencyKey: string) {
    this.#assertOpen();
    return this.#inbox.usedFor(scope, idempotencyKey);
  }

  async item(key: number): Promise<ItemRow | OutcomeRow | undefined> {
    this.#assertOpen();
    return this.#inbox.item(key);
  }

  async items(keys: readonly number[]): Promise<readonly FedItem[]> {
    this.#assertOpen();
    return keys.flatMap((key) => this.#inbox.undecided(key) ?? []);
  }

  async itemsOf(message: MessageRow): Promise<readonly (ItemRow | OutcomeRow)[]> {
    this.#assertOpen();
    return this.#inbox.itemsOf(message);
  }

  async turn(key: number): Promise<TurnRow | undefined> {
    this.#assertOpen();
    return this.#turns.get(key);
  }

  async deadLetter(item: number): Promise<DeadLetterRow | undefined> {
    this.#assertOpen();
    return this.#inbox.deadLetter(item);
  }

  async deadLetters(page: DeadLetterPage): Promise<readonly DeadLetterRow[]> {
    this.#assertOpen();
    return this.#inbox.deadLetters(page, (conversation) => this.#conversations.find(conversation)?.owner);
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
    return this.#inbox.counts;
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
    this.#mapping.close();
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

  #forget(): void {
    this.#inbox.forget(this.#maxMessages);
    for (const key of takeSurplus(this.#settledTurns, this.#maxMessages)) this.#turns.delete(key);
    this.#spending.forget(this.#maxMessages);
    this.#sessions.forget(this.#maxMessages);
  }

  #assertOpen(): void {
    if (this.#closed) throw new PersonaError("runtime_closed", "The store is closed; open it again.");
  }
}

function entryName({ kind, tenant, id }: Pick<EntryRow, "kind" | "tenant" | "id">): string {
  return `${kind}\0${tenant}\0${id}`;
}
