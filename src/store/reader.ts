import Database from "better-sqlite3";
import {
  API_KEY,
  CONVERSATION,
  DEAD_LETTER,
  ENROLLMENT,
  ITEM,
  MESSAGE,
  messageRow,
  OUTCOME,
  type StoredMessage,
  type StoredTurn,
  TURN,
  turnRow,
} from "./columns.ts";
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
  type FedItem,
  type ItemRow,
  type MessageRow,
  type OutcomeRow,
  type Page,
  type Spender,
  type SpendingQuery,
  type SpendingSum,
  type TurnRow,
} from "./port.ts";

/** All reads, on a connection that cannot write; each sees whatever was committed before it. */
export class Reader {
  readonly #database: Database.Database;
  readonly #statements: ReturnType<typeof prepare>;
  /** Reports of spending by their text: there are few kinds, and most are never asked for. */
  readonly #reports = new Map<string, Database.Statement<[SpendingQuery], SpendingSum>>();

  constructor(file: string) {
    this.#database = new Database(file, { readonly: true, fileMustExist: true });
    this.#statements = prepare(this.#database);
  }

  enrollments(): EnrollmentRow[] {
    return this.#statements.enrollments.all();
  }

  enrollment(key: number): EnrollmentRow | undefined {
    return this.#statements.enrollment.get(key);
  }

  enrollmentNamed(tenant: string, id: string): EnrollmentRow | undefined {
    return this.#statements.enrollmentNamed.get(tenant, id);
  }

  conversation(key: number): ConversationRow | undefined {
    return this.#statements.conversation.get(key);
  }

  directSession(tenant: string, caller: string, persona: number): ConversationRow | undefined {
    return this.#statements.directSession.get(tenant, caller, persona);
  }

  members(conversation: number): number[] {
    return this.#statements.members.all(conversation).map(({ persona }) => persona);
  }

  message(key: number): MessageRow | undefined {
    const row = this.#statements.message.get(key);
    return row && messageRow(row);
  }

  messages({ conversation, after = 0, limit }: Page): MessageRow[] {
    return this.#statements.messages.all(conversation, after, limit).map(messageRow);
  }

  history(conversation: number, before: number, tokens: number): MessageRow[] {
    const rows: MessageRow[] = [];
    let left = tokens;
    for (const row of this.#statements.history.iterate(conversation, before)) {
      left -= row.tokens;
      if (left < 0) break;
      rows.push(messageRow(row));
    }
    return rows.reverse();
  }

  countBefore(conversation: number, before: number, limit: number): number {
    return this.#statements.countBefore.get(conversation, before, limit)?.count ?? 0;
  }

  recent(conversation: number, limit: number): MessageRow[] {
    return this.#statements.recent.all(conversation, limit).map(messageRow).reverse();
  }

  usedFor(scope: string, idempotencyKey: string): { fingerprint: string; message: number } | undefined {
    return this.#statements.idempotency.get(scope, idempotencyKey);
  }

  /** An item only ever moves from the inbox to the outcomes: read in this order, it is not missed. */
  item(key: number): ItemRow | OutcomeRow | undefined {
    return this.#statements.item.get(key) ?? this.#statements.outcome.get(key);
  }

  items(keys: readonly number[]): FedItem[] {
    return keys.map((key) => this.#statements.fedItem.get(key)).filter((row) => row !== undefined);
  }

  itemsOf({ firstItem, itemCount }: MessageRow): (ItemRow | OutcomeRow)[] {
    if (firstItem === null) return [];
    return Array.from({ length: itemCount }, (_, index) => this.item(firstItem + index)).filter(
      (row) => row !== undefined,
    );
  }

  turn(key: number): TurnRow | undefined {
    const row = this.#statements.turn.get(key);
    return row && turnRow(row);
  }

  deadLetter(item: number): DeadLetterRow | undefined {
    return this.#statements.deadLetter.get(item);
  }

  deadLetters({ tenant, owner, persona, after = 0, limit }: DeadLetterPage): DeadLetterRow[] {
    const page = { tenant, owner: owner ?? null, persona: persona ?? null, after, limit };
    return (persona === undefined ? this.#statements.deadLetters : this.#statements.deadLettersOf).all(page);
  }

  apiKey(key: number): ApiKeyRow | undefined {
    return this.#statements.apiKey.get(key);
  }

  apiKeys({ tenant, after = 0, limit }: ApiKeyPage): ApiKeyRow[] {
    return this.#statements.apiKeys.all(tenant, after, limit);
  }

  changes(tenant: string, after: number, limit: number): { oldest: number; rows: ChangeRow[] } {
    const rows = this.#statements.changes.all(tenant, after, limit).map(([rev, kind, key, tombstone]) => ({
      rev,
      tenant,
      kind: CHANGE_KINDS[kind] ?? "item",
      key,
      tombstone: tombstone === 1,
    }));
    // Read after the rows: what was pruned in between is then reported as missing, never hidden.
    const oldest = this.#statements.oldestChange.get()?.oldest ?? 1;
    return { oldest, rows };
  }

  counts(): Counts {
    return this.#statements.counts.get() ?? { waiting: 0, inTurn: 0, answered: 0, declined: 0, dead: 0 };
  }

  spending(query: SpendingQuery): SpendingSum[] {
    const sql = reportOf(query);
    const known = this.#reports.get(sql);
    const statement = known ?? this.#database.prepare<[SpendingQuery], SpendingSum>(sql);
    if (known === undefined) this.#reports.set(sql, statement);
    return statement.all(query);
  }

  /** Undecided items with a greater key. */
  backlog(after: number, limit: number): FedItem[] {
    return this.#statements.backlog.all(after, limit);
  }

  close(): void {
    this.#database.close();
  }
}

const LETTER_PAGE = `
  AND item > @after
  AND (@owner IS NULL OR EXISTS (
    SELECT 1 FROM conversation WHERE conversation.key = dead_letter.conversation AND conversation.owner = @owner))
  ORDER BY item LIMIT @limit`;

const SPENDER: Readonly<Record<Spender, string>> = {
  persona: "persona",
  owner: "owner",
  model: "model",
  fleet: "NULL",
};

function reportOf({ by, tenant, persona, owner, limit }: SpendingQuery): string {
  const conditions = ["at >= @from", "at < @to", "state <> 'reserved'"];
  if (tenant !== undefined) conditions.push("tenant = @tenant");
  if (persona !== undefined) conditions.push("persona = @persona");
  if (owner !== undefined) conditions.push("owner = @owner");
  return `
    SELECT ${SPENDER[by]} AS "of", count(*) AS calls, sum(input_tokens) AS "inputTokens",
      sum(output_tokens) AS "outputTokens", coalesce(sum(nano_usd), 0) AS "nanoUsd",
      sum(state = 'unconfirmed') AS unconfirmed, sum(nano_usd IS NULL) AS unpriced
    FROM spending WHERE ${conditions.join(" AND ")} GROUP BY 1
    ORDER BY "nanoUsd" DESC, "inputTokens" + "outputTokens" DESC, 1 ${limit === undefined ? "" : "LIMIT @limit"}`;
}

function prepare(database: Database.Database) {
  const read = <Row>(sql: string) => database.prepare<unknown[], Row>(sql);
  const select = <Row>(table: { readonly name: string; readonly selection: string }, rest: string) =>
    read<Row>(`SELECT ${table.selection} FROM ${table.name} ${rest}`);
  const fed = (rest: string) =>
    read<FedItem>(`SELECT ${ITEM.selection}, unknown_items AS "turnItems" FROM inbox ${rest}`);
  return {
    enrollments: select<EnrollmentRow>(ENROLLMENT, "WHERE removed_at IS NULL ORDER BY key"),
    enrollment: select<EnrollmentRow>(ENROLLMENT, "WHERE key = ?"),
    enrollmentNamed: select<EnrollmentRow>(ENROLLMENT, "WHERE tenant = ? AND id = ?"),
    conversation: select<ConversationRow>(CONVERSATION, "WHERE key = ?"),
    directSession: select<ConversationRow>(
      CONVERSATION,
      "WHERE tenant = ? AND caller = ? AND persona = ? AND kind = 'session' AND closed_at IS NULL",
    ),
    idempotency: read<{ fingerprint: string; message: number }>(
      "SELECT fingerprint, message FROM idempotency WHERE scope = ? AND key = ?",
    ),
    members: read<{ persona: number }>("SELECT persona FROM member WHERE conversation = ? ORDER BY persona"),
    message: select<StoredMessage>(MESSAGE, "WHERE key = ?"),
    messages: select<StoredMessage>(MESSAGE, "WHERE conversation = ? AND key > ? ORDER BY key LIMIT ?"),
    history: select<StoredMessage>(MESSAGE, "WHERE conversation = ? AND key < ? ORDER BY key DESC"),
    countBefore: read<{ count: number }>(
      "SELECT count(*) AS count FROM (SELECT 1 FROM message WHERE conversation = ? AND key < ? LIMIT ?)",
    ),
    recent: select<StoredMessage>(MESSAGE, "WHERE conversation = ? ORDER BY key DESC LIMIT ?"),
    item: select<ItemRow>(ITEM, "WHERE key = ?"),
    fedItem: fed("WHERE key = ?"),
    outcome: select<OutcomeRow>(OUTCOME, "WHERE item = ?"),
    turn: select<StoredTurn>(TURN, "WHERE key = ?"),
    deadLetter: select<DeadLetterRow>(DEAD_LETTER, "WHERE item = ?"),
    deadLetters: select<DeadLetterRow>(DEAD_LETTER, `WHERE tenant = @tenant ${LETTER_PAGE}`),
    deadLettersOf: select<DeadLetterRow>(DEAD_LETTER, `WHERE persona = @persona AND tenant = @tenant ${LETTER_PAGE}`),
    apiKey: select<ApiKeyRow>(API_KEY, "WHERE key = ?"),
    apiKeys: select<ApiKeyRow>(API_KEY, "WHERE tenant = ? AND key > ? ORDER BY key LIMIT ?"),
    changes: read<[rev: number, kind: number, key: number, tombstone: number]>(
      "SELECT rev, kind, key, tombstone FROM change_log WHERE tenant = ? AND rev > ? ORDER BY rev LIMIT ?",
    ).raw(),
    oldestChange: read<{ oldest: number }>("SELECT rev AS oldest FROM change_log ORDER BY rev LIMIT 1"),
    counts: read<Counts>('SELECT waiting, in_turn AS "inTurn", answered, declined, dead FROM database'),
    backlog: fed("WHERE key > ? ORDER BY key LIMIT ?"),
  };
}
