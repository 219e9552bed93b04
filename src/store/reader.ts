import {
  API_KEY,
  CONVERSATION,
  DEAD_LETTER,
  ENROLLMENT,
  ITEM,
  MESSAGE,
  messageRow,
  OUTCOME,
  SEQUENCE_STEP,
  SESSION,
  type StoredMessage,
  type StoredTurn,
  type Table,
  TURN,
  turnRow,
  type Value,
  type Values,
} from "./columns.ts";
import { ENTRIES, ENTRY_OF } from "./entries.ts";
import {
  type ApiKeyPage,
  type ApiKeyRow,
  CHANGE_KINDS,
  type ChangeRow,
  type ConversationRow,
  type Counts,
  type DeadLetterPage,
  type DeadLetterRow,
  type EnrollmentRow,
  type EntryPage,
  type EntryRow,
  type FedItem,
  type ItemRow,
  type MessageRow,
  type OutcomeRow,
  type Page,
  type SequenceStepRow,
  type SessionRow,
  type Spender,
  type SpendingQuery,
  type SpendingSum,
  type TurnRow,
} from "./port.ts";
import { type Query, query, type Source } from "./query.ts";

/** Messages whose lengths are looked at together, when a history is read. */
const LENGTHS = 256;

/** All reads; each sees whatever was committed before it. */
export class Reader {
  readonly #source: Source;
  /** Reports of spending by their text: there are few kinds, and most are never asked for. */
  readonly #reports = new Map<string, Query<SpendingSum>>();

  constructor(source: Source) {
    this.#source = source;
  }

  async enrollments(): Promise<readonly EnrollmentRow[]> {
    return this.#source.all(ENROLLMENTS);
  }

  async enrollment(key: number): Promise<EnrollmentRow | undefined> {
    return this.#first(ENROLLMENT_OF, [key]);
  }

  async enrollmentNamed(tenant: string, id: string): Promise<EnrollmentRow | undefined> {
    return this.#first(ENROLLMENT_NAMED, [tenant, id]);
  }

  async conversation(key: number): Promise<ConversationRow | undefined> {
    return this.#first(CONVERSATION_OF, [key]);
  }

  async directSession(tenant: string, caller: string, persona: number): Promise<ConversationRow | undefined> {
    return this.#first(DIRECT_SESSION, [tenant, caller, persona]);
  }

  async session(conversation: number): Promise<SessionRow | undefined> {
    return this.#first(SESSION_OF, [conversation]);
  }

  async sequenceStep(key: number): Promise<SequenceStepRow | undefined> {
    return this.#first(SEQUENCE_STEP_OF, [key]);
  }

  async members(conversation: number): Promise<readonly number[]> {
    return (await this.#source.all(MEMBERS, [conversation])).map(({ persona }) => persona);
  }

  async message(key: number): Promise<MessageRow | undefined> {
    const row = await this.#first(MESSAGE_OF, [key]);
    return row && messageRow(row);
  }

  async messages({ conversation, after = 0, limit }: Page): Promise<readonly MessageRow[]> {
    return (await this.#source.all(MESSAGES, [conversation, after, limit])).map(messageRow);
  }

  async history(conversation: number, before: number, tokens: number): Promise<readonly MessageRow[]> {
    const oldest = await this.#oldestWithin(conversation, before, tokens);
    return (await this.#source.all(MESSAGES_BETWEEN, [conversation, oldest, before])).map(messageRow);
  }

  async countBefore(conversation: number, before: number, limit: number): Promise<number> {
    return (await this.#first(COUNT_BEFORE, [conversation, before, limit]))?.count ?? 0;
  }

  async recent(conversation: number, limit: number): Promise<readonly MessageRow[]> {
    return (await this.#source.all(RECENT, [conversation, limit])).map(messageRow).reverse();
  }

  async usedFor(scope: string, idempotencyKey: string) {
    return this.#first(IDEMPOTENCY, [scope, idempotencyKey]);
  }

  /** An item only ever moves from the inbox to the outcomes: read in this order, it is not missed. */
  async item(key: number): Promise<ItemRow | OutcomeRow | undefined> {
    return (await this.#first(ITEM_OF, [key])) ?? (await this.#first(OUTCOME_OF, [key]));
  }

  async items(keys: readonly number[]): Promise<readonly FedItem[]> {
    const found = await this.#source.each(
      FED_ITEM,
      keys.map((key) => [key]),
    );
    return found.flat();
  }

  async itemsOf({ firstItem, itemCount }: MessageRow): Promise<readonly (ItemRow | OutcomeRow)[]> {
    if (firstItem === null) return [];
    const range = [firstItem, firstItem + itemCount];
    const rows = new Map<number, ItemRow | OutcomeRow>();
    // In the order of `item`; one that was decided in between is in both.
    for (const row of await this.#source.all(ITEMS_BETWEEN, range)) rows.set(row.key, row);
    for (const row of await this.#source.all(OUTCOMES_BETWEEN, range)) rows.set(row.item, row);
    return [...rows].sort(([a], [b]) => a - b).map(([, row]) => row);
  }

  async turn(key: number): Promise<TurnRow | undefined> {
    const row = await this.#first(TURN_OF, [key]);
    return row && turnRow(row);
  }

  async deadLetter(item: number): Promise<DeadLetterRow | undefined> {
    return this.#first(DEAD_LETTER_OF, [item]);
  }

  async deadLetters({ tenant, owner, persona, after = 0, limit }: DeadLetterPage): Promise<readonly DeadLetterRow[]> {
    const page = [tenant, after, owner ?? null, owner ?? null, limit];
    return persona === undefined
      ? this.#source.all(DEAD_LETTERS, page)
      : this.#source.all(DEAD_LETTERS_OF, [persona, ...page]);
  }

  async apiKey(key: number): Promise<ApiKeyRow | undefined> {
    return this.#first(API_KEY_OF, [key]);
  }

  async apiKeys({ tenant, after = 0, limit }: ApiKeyPage): Promise<readonly ApiKeyRow[]> {
    return this.#source.all(API_KEYS, [tenant, after, limit]);
  }

  async entry(kind: EntryRow["kind"], tenant: string, id: string): Promise<EntryRow | undefined> {
    return this.#first(ENTRY_OF, [kind, tenant, id]);
  }

  async entries({ kind, after, limit }: EntryPage): Promise<readonly EntryRow[]> {
    return this.#source.all(ENTRIES, [kind, after?.tenant ?? "", after?.id ?? "", limit]);
  }

  async changes(tenant: string, after: number, limit: number): Promise<{ oldest: number; rows: ChangeRow[] }> {
    const rows = (await this.#source.all(CHANGES, [tenant, after, limit])).map(({ rev, kind, key, tombstone }) => ({
      rev,
      tenant,
      kind: CHANGE_KINDS[kind] ?? "item",
      key,
      tombstone: tombstone === 1,
    }));
    // Read after the rows: what was pruned in between is then reported as missing, never hidden.
    const oldest = (await this.#first(OLDEST_CHANGE))?.oldest ?? 1;
    return { oldest, rows };
  }

  async counts(): Promise<Counts> {
    return (await this.#first(COUNTS)) ?? { waiting: 0, inTurn: 0, answered: 0, declined: 0, dead: 0 };
  }

  async spending(asked: SpendingQuery): Promise<readonly SpendingSum[]> {
    const { sql, values } = reportOf(asked);
    const known = this.#reports.get(sql);
    const report = known ?? query<SpendingSum>(sql);
    if (known === undefined) this.#reports.set(sql, report);
    return this.#source.all(report, values);
  }

  /** Undecided items with a greater key. */
  async backlog(after: number, limit: number): Promise<readonly FedItem[]> {
    return this.#source.all(BACKLOG, [after, limit]);
  }

  async #first<Row>(query: Query<Row>, values?: Values): Promise<Row | undefined> {
    return (await this.#source.all(query, values))[0];
  }

  /** The key of the oldest message that still fits: lengths are read first, so that no text is read in vain. */
  async #oldestWithin(conversation: number, before: number, tokens: number): Promise<number> {
    let left = tokens;
    let oldest = before;
    for (;;) {
      const lengths = await this.#source.all(LENGTHS_BEFORE, [conversation, oldest, LENGTHS]);
      for (const { key, tokens: length } of lengths) {
        left -= length;
        if (left < 0) return oldest;
        oldest = key;
      }
      if (lengths.length < LENGTHS) return oldest;
    }
  }
}

const ENROLLMENTS = select<EnrollmentRow>(ENROLLMENT, "WHERE removed_at IS NULL ORDER BY key");
const ENROLLMENT_OF = select<EnrollmentRow>(ENROLLMENT, "WHERE key = ?");
const ENROLLMENT_NAMED = select<EnrollmentRow>(ENROLLMENT, "WHERE tenant = ? AND id = ?");
const CONVERSATION_OF = select<ConversationRow>(CONVERSATION, "WHERE key = ?");
const DIRECT_SESSION = select<ConversationRow>(
  CONVERSATION,
  "WHERE tenant = ? AND caller = ? AND persona = ? AND direct = 1 AND closed_at IS NULL",
);
const SESSION_OF = query<SessionRow>(`
  SELECT ${SESSION.selection}, coalesce((
    SELECT snapshot FROM session_snapshot WHERE session_snapshot.conversation = session.conversation
  ), '') AS snapshot
  FROM session WHERE conversation = ?`);
const SEQUENCE_STEP_OF = select<SequenceStepRow>(SEQUENCE_STEP, "WHERE key = ?");
const IDEMPOTENCY = query<{ fingerprint: string; message: number }>(
  "SELECT fingerprint, message FROM idempotency WHERE scope = ? AND key = ?",
);
const MEMBERS = query<{ persona: number }>("SELECT persona FROM member WHERE conversation = ? ORDER BY persona");
const MESSAGE_OF = select<StoredMessage>(MESSAGE, "WHERE key = ?");
const MESSAGES = select<StoredMessage>(MESSAGE, "WHERE conversation = ? AND key > ? ORDER BY key LIMIT ?");
const MESSAGES_BETWEEN = select<StoredMessage>(MESSAGE, "WHERE conversation = ? AND key >= ? AND key < ? ORDER BY key");
const LENGTHS_BEFORE = query<{ key: number; tokens: number }>(
  "SELECT key, tokens FROM message WHERE conversation = ? AND key < ? ORDER BY key DESC LIMIT ?",
);
const COUNT_BEFORE = query<{ count: number }>(
  "SELECT count(*) AS count FROM (SELECT 1 FROM message WHERE conversation = ? AND key < ? LIMIT ?) AS counted",
);
const RECENT = select<StoredMessage>(MESSAGE, "WHERE conversation = ? ORDER BY key DESC LIMIT ?");
const ITEM_OF = select<ItemRow>(ITEM, "WHERE key = ?");
const ITEMS_BETWEEN = select<ItemRow>(ITEM, "WHERE key >= ? AND key < ?");
const FED_ITEM = fed("WHERE key = ?");
const OUTCOME_OF = select<OutcomeRow>(OUTCOME, "WHERE item = ?");
const OUTCOMES_BETWEEN = select<OutcomeRow>(OUTCOME, "WHERE item >= ? AND item < ?");
const TURN_OF = select<StoredTurn>(TURN, "WHERE key = ?");
const DEAD_LETTER_OF = select<DeadLetterRow>(DEAD_LETTER, "WHERE item = ?");
const LETTER_PAGE = `tenant = ? AND item > ?
  AND (CAST(? AS TEXT) IS NULL OR EXISTS (
    SELECT 1 FROM conversation WHERE conversation.key = dead_letter.conversation AND conversation.owner = ?))
  ORDER BY item LIMIT ?`;
const DEAD_LETTERS = select<DeadLetterRow>(DEAD_LETTER, `WHERE ${LETTER_PAGE}`);
const DEAD_LETTERS_OF = select<DeadLetterRow>(DEAD_LETTER, `WHERE persona = ? AND ${LETTER_PAGE}`);
const API_KEY_OF = select<ApiKeyRow>(API_KEY, "WHERE key = ?");
const API_KEYS = select<ApiKeyRow>(API_KEY, "WHERE tenant = ? AND key > ? ORDER BY key LIMIT ?");
const CHANGES = query<{ rev: number; kind: number; key: number; tombstone: number }>(
  "SELECT rev, kind, key, tombstone FROM change_log WHERE tenant = ? AND rev > ? ORDER BY rev LIMIT ?",
);
const OLDEST_CHANGE = query<{ oldest: number }>("SELECT rev AS oldest FROM change_log ORDER BY rev LIMIT 1");
const COUNTS = query<Counts>('SELECT waiting, in_turn AS "inTurn", answered, declined, dead FROM database');
const BACKLOG = fed("WHERE key > ? ORDER BY key LIMIT ?");

function select<Row>({ name, selection }: Table<never>, rest: string): Query<Row> {
  return query(`SELECT ${selection} FROM ${name} ${rest}`);
}

function fed(rest: string): Query<FedItem> {
  return query(`SELECT ${ITEM.selection}, unknown_items AS "turnItems" FROM inbox ${rest}`);
}

const SPENDER: Readonly<Record<Spender, string>> = {
  persona: "persona",
  owner: "owner",
  model: "model",
  fleet: "NULL",
};

function reportOf({ by, from, to, tenant, persona, owner, limit }: SpendingQuery): { sql: string; values: Values } {
  const conditions = ["at >= ?", "at < ?", "state <> 'reserved'"];
  const values: Value[] = [from, to];
  for (const [column, value] of Object.entries({ tenant, persona, owner })) {
    if (value === undefined) continue;
    conditions.push(`${column} = ?`);
    values.push(value);
  }
  if (limit !== undefined) values.push(limit);
  const sum = (column: string) => `CAST(coalesce(sum(${column}), 0) AS BIGINT)`;
  const sql = `
    SELECT ${SPENDER[by]} AS "of", count(*) AS calls, ${sum("input_tokens")} AS "inputTokens",
      ${sum("output_tokens")} AS "outputTokens", ${sum("nano_usd")} AS "nanoUsd",
      count(*) FILTER (WHERE state = 'unconfirmed') AS unconfirmed, count(*) FILTER (WHERE nano_usd IS NULL) AS unpriced
    FROM spending WHERE ${conditions.join(" AND ")} GROUP BY 1
    ORDER BY ${sum("nano_usd")} DESC, ${sum("input_tokens + output_tokens")} DESC, 1 NULLS FIRST
    ${limit === undefined ? "" : "LIMIT ?"}`;
  return { sql, values };
}
