import type BetterSqlite3 from "better-sqlite3";
import { PersonaError } from "../errors.ts";
import { API_KEY, CONVERSATION, ENROLLMENT, ITEM, MESSAGE, SPENDING, TURN, type Values } from "./columns.ts";
import type { Ledger } from "./ledger.ts";
import type { Appended, Discarded, Outcome, Replayed, Settled } from "./port.ts";

export type ConversationArguments = readonly [tenant: string, key: number, row: Values];

/** A message and the items it makes, as values in column order; all items in one list, which is cheaper to copy. */
export type MessageArguments = readonly [tenant: string, key: number, message: Values, items: Values];

/** `[item, outcome, reason, error, failures]`, or `[item, "retry", not before, failures, flags]` (null: as they are). */
export type DecisionArguments =
  | readonly [item: number, outcome: Outcome, reason: string | null, error: string | null, failures: number | null]
  | readonly [item: number, outcome: "retry", notBefore: number, failures: number | null, flags: number | null];

/** Thrown by a command that finds it must not write: what it wrote is rolled back, and this is its result. */
export class Refused<Result> {
  readonly result: Result;
  constructor(result: Result) {
    this.result = result;
  }
}

/**
 * Everything that is ever written, by name: the closed list of commands the writer understands.
 * Each is taken back whole when it throws; plain values in, plain values out, because both cross threads.
 */
export class Commands {
  readonly #ledger: Ledger;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: BetterSqlite3.Database, ledger: Ledger) {
    this.#ledger = ledger;
    this.#statements = prepare(database);
  }

  /** Tries whether anything can be written. A value must change: SQLite does not write one that stays the same. */
  probe(): void {
    this.#statements.probe.run();
  }

  saveEnrollment(tenant: string, key: number, row: Values, removed: boolean): number {
    const rev = this.#ledger.stamp("enrollment", tenant, key, removed);
    this.#statements.saveEnrollment.run(row, rev);
    return rev;
  }

  createRoom(room: ConversationArguments, members: readonly number[], at: number): number {
    const rev = this.#insertConversation(...room);
    for (const persona of members) this.#statements.addMember.run(room[1], persona, at, rev);
    return rev;
  }

  addMember(conversation: number, persona: number, at: number): number {
    const rev = this.#stampConversation(conversation);
    this.#statements.addMember.run(conversation, persona, at, rev);
    return rev;
  }

  removeMember(conversation: number, persona: number): number {
    const rev = this.#stampConversation(conversation);
    this.#statements.removeMember.run(conversation, persona);
    return rev;
  }

  append(
    tenant: string,
    key: number,
    message: Values,
    items: Values,
    open: ConversationArguments | null,
    idempotency: readonly [scope: string, key: string, fingerprint: string, at: number, keepMs: number] | null,
  ): Appended {
    if (idempotency !== null) {
      const [scope, name, fingerprint, at, keepMs] = idempotency;
      this.#statements.forgetIdempotency.run(at - keepMs, FORGOTTEN_AT_ONCE);
      const earlier = this.#statements.idempotency.get(scope, name);
      if (earlier !== undefined) {
        return earlier.fingerprint === fingerprint
          ? { status: "replayed", message: earlier.message }
          : { status: "conflict" };
      }
      this.#statements.addIdempotency.run(scope, name, fingerprint, key, at);
    }
    if (open !== null && this.#statements.conversationTenant.get(open[1]) === undefined) {
      this.#insertConversation(...open);
    }
    return { status: "appended", rev: this.#insertMessage(tenant, key, message, items) };
  }

  begin(key: number, items: readonly number[], row: Values): void {
    for (const item of items) {
      if (this.#statements.begin.run(key, item).changes === 0) {
        throw new PersonaError("turn_conflict", "Begin a turn only with items that wait, each of them once.");
      }
    }
    this.#statements.insertTurn.run(row);
    this.#ledger.count("waiting", -items.length);
    this.#ledger.count("inTurn", items.length);
  }

  settle(
    turn: readonly [key: number, attempt: number, outcome: string, error: string | null, explanation: string] | null,
    reply: MessageArguments | null,
    decisions: readonly DecisionArguments[],
    at: number,
    spending: readonly Values[] = [],
  ): Settled {
    const tenant = turn === null ? null : this.#tenantOfRunning(turn[0], turn[1], decisions.length);
    // The guards come first: a settlement that is late is nothing else, whatever it brings along.
    for (const decision of decisions) this.#decide(turn?.[0] ?? null, decision, at);
    this.spend(spending);
    const revs: number[] = [];
    if (reply !== null) revs.push(this.#insertMessage(...reply));
    if (turn !== null && tenant !== null) {
      const [key, , outcome, error, explanation] = turn;
      const rev = this.#ledger.stamp("turn", tenant, key);
      this.#statements.settleTurn.run(outcome, at, reply?.[1] ?? null, error, explanation, rev, key);
      revs.push(rev);
    }
    for (const [item, outcome] of decisions) {
      if (outcome !== "retry" && outcome !== "answered") revs.push(this.#stampItem(item, item));
    }
    return { status: "settled", revs };
  }

  spend(rows: readonly Values[]): void {
    for (const row of rows) this.#statements.spend.run(row);
  }

  replayDeadLetter(item: number, key: number, fresh: Values): Replayed {
    if (this.#statements.deleteDeadLetter.run(item).changes === 0) return { status: "gone" };
    this.#insertItem(fresh);
    return { status: "replayed", rev: this.#stampItem(key, item) };
  }

  discardDeadLetter(item: number): Discarded {
    if (this.#statements.deleteDeadLetter.run(item).changes === 0) return { status: "gone" };
    return { status: "discarded", rev: this.#stampItem(item, item, true) };
  }

  addApiKey(row: Values): void {
    this.#statements.addApiKey.run(row);
  }

  touchApiKey(key: number, at: number): void {
    this.#statements.touchApiKey.run(at, key);
  }

  revokeApiKey(key: number, at: number): void {
    this.#statements.revokeApiKey.run(at, key);
  }

  #tenantOfRunning(turn: number, attempt: number, decisions: number): string {
    const running = this.#statements.runningTurn.get(turn, attempt);
    if (running === undefined) throw LATE;
    if (running.size !== decisions) {
      throw new PersonaError("turn_conflict", "Settle a turn with one decision for each of its items.");
    }
    return running.tenant;
  }

  #decide(turn: number | null, decision: DecisionArguments, at: number): void {
    const [item, outcome, ...details] = decision;
    const guard = turn === null ? [item] : [item, turn];
    const from = turn === null ? "waiting" : "inTurn";
    if (outcome === "retry") {
      const retry = turn === null ? this.#statements.retryWaiting : this.#statements.retryInTurn;
      if (retry.run(...details, ...guard).changes === 0) throw LATE;
    } else {
      const decide = turn === null ? this.#statements.decideWaiting : this.#statements.decideInTurn;
      const [reason, error, failures] = details;
      if (decide.run(outcome, reason, error, at, ...guard).changes === 0) throw LATE;
      if (outcome === "dead") this.#statements.insertDeadLetter.run(reason, error, at, failures, item);
      this.#statements.deleteItem.run(item);
    }
    this.#ledger.count(from, -1);
    this.#ledger.count(outcome === "retry" ? "waiting" : outcome, 1);
  }

  #insertConversation(...[tenant, key, row]: ConversationArguments): number {
    const rev = this.#ledger.stamp("conversation", tenant, key);
    this.#statements.insertConversation.run(row, rev);
    return rev;
  }

  #insertMessage(...[tenant, key, message, items]: MessageArguments): number {
    this.#statements.insertMessage.run(message);
    for (let start = 0; start < items.length; start += ITEM.width) {
      this.#insertItem(items.slice(start, start + ITEM.width));
    }
    return this.#ledger.stamp("message", tenant, key);
  }

  #insertItem(item: Values): void {
    this.#statements.insertItem.run(item);
    this.#ledger.count("waiting", 1);
  }

  /** @param decided An item of the same message that has its outcome: what tells the tenant. */
  #stampItem(key: number, decided: number, tombstone = false): number {
    const row = this.#statements.itemTenant.get(decided);
    if (row === undefined) throw new PersonaError("store_corrupt", `The database has lost the message of item ${key}.`);
    return this.#ledger.stamp("item", row.tenant, key, tombstone);
  }

  #stampConversation(key: number): number {
    const row = this.#statements.conversationTenant.get(key);
    if (row === undefined) throw new PersonaError("room_not_found", "Create the room before changing its members.");
    return this.#ledger.stamp("conversation", row.tenant, key);
  }
}

const LATE = new Refused<Settled>({ status: "late" });

/** An item that waits: in no turn, or in one whose outcome nobody knows. */
const WAITING = "(turn IS NULL OR unknown_items > 0)";
const IN_TURN = "turn = ? AND unknown_items = 0";

/** What a dead item leaves to its dead letter as it is. */
const LEFT_BEHIND =
  'message, conversation, persona, "partition", lane, priority, flags, merge_key, enqueued_at, attempt';

/** Old idempotency keys that are forgotten for each one that comes: more than one, so that they become fewer. */
const FORGOTTEN_AT_ONCE = 2;

function prepare(database: BetterSqlite3.Database) {
  const run = (sql: string) => database.prepare(sql);
  const get = <Row>(sql: string) => database.prepare<unknown[], Row>(sql);
  const insert = (table: { readonly name: string; readonly columns: string; readonly places: string }) =>
    run(`INSERT INTO ${table.name} (${table.columns}) VALUES (${table.places})`);
  const decide = (guard: string) =>
    run(`
      INSERT INTO outcome (outcome, reason, error, decided_at, item, message, conversation, persona, turn, attempt, enqueued_at, replay_of)
      SELECT ?, ?, ?, ?, key, message, conversation, persona, turn, attempt, enqueued_at, replay_of
      FROM inbox WHERE key = ? AND ${guard}`);
  const retry = (guard: string) =>
    run(`
      UPDATE inbox SET turn = NULL, unknown_items = 0, not_before = ?,
        failures = coalesce(?, failures), flags = coalesce(?, flags)
      WHERE key = ? AND ${guard}`);
  return {
    probe: run("UPDATE database SET probes = probes + 1"),
    saveEnrollment: run(`
      INSERT INTO enrollment (${ENROLLMENT.columns}, rev) VALUES (${ENROLLMENT.places}, ?)
      ON CONFLICT (key) DO UPDATE SET definition = excluded.definition, updated_at = excluded.updated_at,
        removed_at = excluded.removed_at, rev = excluded.rev`),
    insertConversation: run(
      `INSERT INTO conversation (${CONVERSATION.columns}, rev) VALUES (${CONVERSATION.places}, ?)`,
    ),
    conversationTenant: get<{ tenant: string }>("SELECT tenant FROM conversation WHERE key = ?"),
    addMember: run("INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET rev = excluded.rev"),
    removeMember: run("DELETE FROM member WHERE conversation = ? AND persona = ?"),
    idempotency: get<{ fingerprint: string; message: number }>(
      "SELECT fingerprint, message FROM idempotency WHERE scope = ? AND key = ?",
    ),
    addIdempotency: run("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)"),
    forgetIdempotency: run(`
      DELETE FROM idempotency WHERE (scope, key) IN (
        SELECT scope, key FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?)`),
    insertMessage: insert(MESSAGE),
    insertItem: insert(ITEM),
    insertTurn: insert(TURN),
    begin: run(`UPDATE inbox SET turn = ?, unknown_items = 0, attempt = attempt + 1 WHERE key = ? AND ${WAITING}`),
    runningTurn: get<{ tenant: string; size: number }>(
      "SELECT tenant, json_array_length(items) AS size FROM turn WHERE key = ? AND attempt = ? AND outcome IS NULL",
    ),
    settleTurn: run(
      "UPDATE turn SET outcome = ?, settled_at = ?, reply = ?, error = ?, explanation = ?, rev = ? WHERE key = ?",
    ),
    spend: run(`INSERT OR REPLACE INTO spending (${SPENDING.columns}) VALUES (${SPENDING.places})`),
    decideInTurn: decide(IN_TURN),
    decideWaiting: decide(WAITING),
    retryInTurn: retry(IN_TURN),
    retryWaiting: retry(WAITING),
    deleteItem: run("DELETE FROM inbox WHERE key = ?"),
    insertDeadLetter: run(`
      INSERT INTO dead_letter (reason, error, died_at, failures, tenant, item, ${LEFT_BEHIND})
      SELECT ?, ?, ?, coalesce(?, failures), (SELECT tenant FROM message WHERE key = inbox.message), key, ${LEFT_BEHIND}
      FROM inbox WHERE key = ?`),
    deleteDeadLetter: run("DELETE FROM dead_letter WHERE item = ?"),
    addApiKey: insert(API_KEY),
    touchApiKey: run("UPDATE api_key SET last_used_at = ? WHERE key = ?"),
    revokeApiKey: run("UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE key = ?"),
    itemTenant: get<{ tenant: string }>(
      "SELECT message.tenant FROM outcome JOIN message ON message.key = outcome.message WHERE outcome.item = ?",
    ),
  };
}
