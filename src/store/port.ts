/**
 * The store's port: the durable inbox and what stands around it. SQLite, PostgreSQL and memory implement it, and one
 * suite of behaviour runs against each.
 *
 * Keys are allocated by the owner of the database before anything is written; public ids are made from them
 * (`src/ids.ts`). Every write is a named command, runs whole or not at all, and is applied in the order in which it was
 * called; its promise settles after the commit is on the disk.
 */

import type { Along, AlongRefusal, MappingTable } from "./mapping/port.ts";
import type {
  ApiKeyRow,
  ChangeRow,
  ConversationRow,
  DeadLetterRow,
  EnrollmentRow,
  EntryRow,
  ItemRow,
  MessageRow,
  Outcome,
  OutcomeRow,
  SequenceStepRow,
  SessionRow,
  SpendingRow,
  TurnOutcome,
  TurnRow,
} from "./rows.ts";

export * from "./rows.ts";

/** The first row of a session, and the steps that it begins with. */
export interface SessionOpening {
  readonly session: SessionRow;
  readonly steps: readonly SequenceStepRow[];
}

export interface SessionChange {
  readonly conversation: number;
  /** The version that was read. If another one is stored by now, nothing is written. */
  readonly expected: number;
  /** Default: as it is. */
  readonly snapshot?: string;
  readonly progress: string;
  readonly steps: readonly SequenceStepRow[];
  readonly at: number;
}

export type SessionChanged =
  /** `rev` of the newest line of the change log; undefined if it got none. */
  { readonly status: "changed"; readonly rev: number | undefined } | { readonly status: "stale" };

/** Where entries of the catalogue are kept. They are no part of the change log. */
export interface EntryTable {
  /** Writes a row in place of that of the version `expected` (0: none is there), else rejects with `version_conflict`. */
  saveEntry(row: EntryRow, expected: number): Promise<void>;
  entry(kind: EntryRow["kind"], tenant: string, id: string): Promise<EntryRow | undefined>;
  /** Those behind `after`, by tenant and id. */
  entries(page: EntryPage): Promise<readonly EntryRow[]>;
}

export interface EntryPage {
  readonly kind: EntryRow["kind"];
  readonly after?: Pick<EntryRow, "tenant" | "id"> | undefined;
  readonly limit: number;
}

export interface Idempotency {
  /** Within what the key is unique: a tenant, or one person there. */
  readonly scope: string;
  /** 1..255 characters, made by the caller. */
  readonly key: string;
  /** Hash of what was asked; another hash under the same key is a conflict. */
  readonly fingerprint: string;
}

/** An item that never waits: it is written with its outcome. What else there is to say of it its message says. */
export interface DeclinedItem {
  readonly key: number;
  readonly persona: number;
  readonly reason: string;
}

export interface Append {
  readonly message: MessageRow;
  readonly items: readonly ItemRow[];
  /** The items of the message that are declined from the start. They are in `itemCount`, too. */
  readonly declined?: readonly DeclinedItem[] | undefined;
  /** A conversation that may not exist yet: created first, ignored when it is there. */
  readonly open?: ConversationRow | undefined;
  /** What the session follows from here on; ignored when it follows something already. */
  readonly session?: SessionOpening | undefined;
  readonly idempotency?: Idempotency | undefined;
  /** Rows of mapping that the message is about. */
  readonly along?: Along | undefined;
}

export type Appended =
  /** `rev`: the newest. `repeated`: of what was to be written along, the places of what was there before. */
  | { readonly status: "appended"; readonly rev: number; readonly repeated?: readonly number[] }
  /** The key was used for the same message before: nothing was written; this is that message. */
  | { readonly status: "replayed"; readonly message: number }
  /** The key was used for another message: nothing was written. */
  | { readonly status: "conflict" }
  | AlongRefusal;

export type Decision =
  /** Leaves the inbox with this outcome; `failures`, if they are more by now, go into its dead letter. */
  | {
      readonly item: number;
      readonly outcome: Outcome;
      readonly reason: string | null;
      readonly error: string | null;
      readonly failures?: number;
    }
  /** Stays accepted and may be tried again from `notBefore` on; what is not given stays as it is. */
  | {
      readonly item: number;
      readonly outcome: "retry";
      readonly notBefore: number;
      readonly failures?: number;
      readonly flags?: number;
    };

export const SPENDERS = ["persona", "owner", "model", "fleet"] as const;
export type Spender = (typeof SPENDERS)[number];

export interface SpendingQuery {
  readonly by: Spender;
  /** Only what was reserved at or after `from` and before `to`. */
  readonly from: number;
  readonly to: number;
  readonly tenant?: string;
  /** Key of an enrollment. */
  readonly persona?: number;
  readonly owner?: string;
  /** So many at most. Default: all. */
  readonly limit?: number;
}

/** What was booked on one persona, owner or model, or altogether; what is only reserved is not in it. */
export interface SpendingSum {
  /** Key of the enrollment, name of the owner or model; null for the fleet, and for what has no owner or model. */
  readonly of: number | string | null;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly nanoUsd: number;
  /** Of the calls, those that are `unconfirmed`, and those without a price. */
  readonly unconfirmed: number;
  readonly unpriced: number;
}

export interface Settle {
  /** The turn that ends here, or null when native ended items that were in none (expired, unenrolled). */
  readonly turn: {
    readonly key: number;
    readonly attempt: number;
    readonly outcome: TurnOutcome;
    readonly error: string | null;
    readonly explanation: string;
  } | null;
  /** Of an answered turn: what was said, and the items it makes for the other members of a room. */
  readonly reply?: Pick<Append, "message" | "items" | "declined">;
  readonly decisions: readonly Decision[];
  /** What the turn's calls to models were booked at; left out if there were none. */
  readonly spending?: readonly SpendingRow[];
  /** Of an answered turn in a session: how far that has come by it. */
  readonly session?: SessionChange;
  readonly at: number;
}

export type Settled =
  /** `revs` in the order: reply (the newest of its items, if some were declined), turn, then one for each item that was decided without being answered, and each step. */
  | { readonly status: "settled"; readonly revs: readonly number[] }
  /** The turn was already settled, or one of its items is no longer in it: nothing was written. */
  | { readonly status: "late" }
  /** The session is not where the change to it expects it: nothing was written. */
  | { readonly status: "stale" };

export interface Page {
  readonly conversation: number;
  /** Only messages with a greater key. */
  readonly after?: number;
  readonly limit: number;
}

/** `gone`: it was replayed or discarded before, or never was; nothing was written. */
export type Replayed = { readonly status: "replayed"; readonly rev: number } | { readonly status: "gone" };
export type Discarded = { readonly status: "discarded"; readonly rev: number } | { readonly status: "gone" };

export interface DeadLetterPage {
  readonly tenant: string;
  /** Only those of this person's conversations. */
  readonly owner?: string | undefined;
  /** Key of the enrollment whose dead letters are asked for; absent: those of all. */
  readonly persona?: number;
  /** Only items with a greater key. */
  readonly after?: number;
  readonly limit: number;
}

export interface ApiKeyPage {
  readonly tenant: string;
  /** Only keys with a greater key. */
  readonly after?: number;
  readonly limit: number;
}

/** An item on its way into the native cycle. */
export interface FedItem extends ItemRow {
  /** How many items the turn had that it was in when the process died; absent or 0 if it was in none. */
  readonly turnItems?: number;
}

/** Called with the items of one commit (or one page of the backlog), in commit order. */
export type FeedSink = (items: readonly FedItem[]) => void;

/** `mapping`: rows of all tables of mapping. */
export const KEY_KINDS = [
  "enrollment",
  "conversation",
  "message",
  "item",
  "turn",
  "api_key",
  "sequence_step",
  "mapping",
] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

export interface Counts {
  readonly waiting: number;
  readonly inTurn: number;
  readonly answered: number;
  readonly declined: number;
  readonly dead: number;
}

/** What was written since the store was opened. */
export interface Commits {
  /** Transactions. */
  readonly count: number;
  /** Commands in them, also those that were refused. */
  readonly commands: number;
  /** Milliseconds from handing a transaction to the writer until its answer was read, of all of them together. */
  readonly ms: number;
}

export interface Store extends EntryTable {
  readonly kind: "sqlite" | "postgres" | "memory";
  /** Of this database, for public ids. */
  readonly salt: number;
  /** Raised by each owner; a write of an older owner is refused (`store_fenced`). */
  readonly epoch: number;
  /** The newest rev of the change log; 0 when it is empty. */
  readonly rev: number;
  /** Undefined where nothing has to be waited for. */
  readonly commits: Commits | undefined;
  readonly mapping: MappingTable;

  /**
   * The first of `count` (default 1) consecutive free keys, by `nextKey` of `src/ids.ts`: they grow
   * with the clock and are never given twice, also across restarts and when the clock goes back.
   */
  allocate(kind: KeyKind, count?: number): number;

  /** Writes an enrollment: new, changed, or (with `removedAt`, a tombstone in the change log) removed. Resolves to its rev. */
  saveEnrollment(row: EnrollmentRow): Promise<number>;
  /** Writes a room and its first members (keys of enrollments) in one transaction. Resolves to its rev. */
  createRoom(row: ConversationRow, members: readonly number[]): Promise<number>;
  addMember(conversation: number, persona: number, at: number): Promise<number>;
  removeMember(conversation: number, persona: number, at: number): Promise<number>;
  /** Writes a session that is not direct, and what it follows, in one transaction. Resolves to the newest rev. */
  openSession(row: ConversationRow, opening: SessionOpening): Promise<number>;
  /** Writes how far a session has come outside of turns. */
  changeSession(change: SessionChange): Promise<SessionChanged>;
  /** Closes a session, with the last change to what it follows if it follows something; the first time counts. */
  closeSession(conversation: number, at: number, change?: SessionChange): Promise<SessionChanged>;

  append(command: Append): Promise<Appended>;
  /**
   * Starts the committed feed: first every undecided item by key, in pages, then each commit. Called
   * again it starts anew, with another sink in place of the first.
   */
  feed(sink: FeedSink): Promise<void>;
  /** Writes the turn and puts its items in it (attempt + 1). Rejects with `turn_conflict` when one of them is not waiting. */
  begin(turn: TurnRow): Promise<void>;
  /** Writes what became of a turn. Rejects with `turn_conflict` unless there is one decision for each of its items. */
  settle(command: Settle): Promise<Settled>;
  /** Writes what is reserved before a call, or was spent without a settlement; in place of the row of the same call. */
  spend(rows: readonly SpendingRow[]): Promise<void>;
  /**
   * Puts `fresh`, which is `replayOf` this item and of the same message, into the inbox in place of a
   * dead letter; the outcome stays. The feed brings it. It is no part of `itemsOf`, which are the items
   * that came with the message.
   */
  replayDeadLetter(item: number, fresh: ItemRow): Promise<Replayed>;
  /** Its line in the change log is a tombstone under the key of the item. */
  discardDeadLetter(item: number): Promise<Discarded>;
  /** API keys are no part of the change log. */
  addApiKey(row: ApiKeyRow): Promise<void>;
  /** Notes the use of a key. */
  touchApiKey(key: number, at: number): Promise<void>;
  /** The first time counts. */
  revokeApiKey(key: number, at: number): Promise<void>;

  /** Those that are not removed, by key. */
  enrollments(): Promise<readonly EnrollmentRow[]>;
  /** By key or by (tenant, id), removed or not. */
  enrollment(key: number): Promise<EnrollmentRow | undefined>;
  enrollmentNamed(tenant: string, id: string): Promise<EnrollmentRow | undefined>;
  conversation(key: number): Promise<ConversationRow | undefined>;
  /** The open direct session of this caller with this persona. */
  directSession(tenant: string, caller: string, persona: number): Promise<ConversationRow | undefined>;
  /** What a session follows. */
  session(conversation: number): Promise<SessionRow | undefined>;
  sequenceStep(key: number): Promise<SequenceStepRow | undefined>;
  /** Keys of the enrollments that are members. */
  members(conversation: number): Promise<readonly number[]>;
  message(key: number): Promise<MessageRow | undefined>;
  /** Oldest first. */
  messages(page: Page): Promise<readonly MessageRow[]>;
  /** The newest messages with a key below `before` that fit into `tokens` together, oldest first. */
  history(conversation: number, before: number, tokens: number): Promise<readonly MessageRow[]>;
  /** How many messages have a key below `before`, counted up to `limit`. */
  countBefore(conversation: number, before: number, limit: number): Promise<number>;
  /** The newest messages, so many at most, oldest first. */
  recent(conversation: number, limit: number): Promise<readonly MessageRow[]>;
  /** What an idempotency key was used for. */
  usedFor(
    scope: string,
    idempotencyKey: string,
  ): Promise<{ readonly fingerprint: string; readonly message: number } | undefined>;
  item(key: number): Promise<ItemRow | OutcomeRow | undefined>;
  /** Undecided items as the feed gives them, in the order of `keys`; those that are decided or unknown are left out. */
  items(keys: readonly number[]): Promise<readonly FedItem[]>;
  /** What became of the items of a message, decided or not. */
  itemsOf(message: MessageRow): Promise<readonly (ItemRow | OutcomeRow)[]>;
  turn(key: number): Promise<TurnRow | undefined>;
  deadLetter(item: number): Promise<DeadLetterRow | undefined>;
  /** By item, which is oldest first. */
  deadLetters(page: DeadLetterPage): Promise<readonly DeadLetterRow[]>;
  apiKey(key: number): Promise<ApiKeyRow | undefined>;
  /** Those of a tenant, revoked or not, by key, which is oldest first. */
  apiKeys(page: ApiKeyPage): Promise<readonly ApiKeyRow[]>;
  /** Changes of a tenant with a greater rev, oldest first. `oldest` is the first rev that the log still holds, whosever. */
  changes(
    tenant: string,
    after: number,
    limit: number,
  ): Promise<{ readonly oldest: number; readonly rows: readonly ChangeRow[] }>;
  counts(): Promise<Counts>;
  /** Who spent what: the most expensive first, then those with the most tokens. */
  spending(query: SpendingQuery): Promise<readonly SpendingSum[]>;

  /** Resolves while the store can be written, rejects with the reason otherwise. */
  probe(): Promise<void>;
  /** Finishes what was called, checkpoints, lets the file go. A second call does nothing. */
  close(): Promise<void>;
}
