import { PersonaError } from "../errors.ts";
import {
  API_KEY,
  CONVERSATION,
  ENROLLMENT,
  ITEM,
  insertInto,
  itemsOf,
  MESSAGE,
  replaceInto,
  SEQUENCE_STEP,
  SESSION,
  SPENDING,
  TURN,
  type Value,
  type Values,
} from "./columns.ts";
import { assertWritten, INSERT_ENTRY, REPLACE_ENTRY } from "./entries.ts";
import { insertion, insertRows } from "./insertion.ts";
import { type Ledger, stampFrom } from "./ledger.ts";
import { MappingCommands } from "./mapping/commands.ts";
import type { Along } from "./mapping/port.ts";
import type { MappingCommandName } from "./mapping/table.ts";
import type { Appended, Discarded, Outcome, Replayed, SessionChanged, Settled } from "./port.ts";
import { type Connection, first, type Program, query, statement } from "./query.ts";
import { Refused } from "./refused.ts";

export type ConversationArguments = readonly [tenant: string, key: number, row: Values];

/** A message and the items it makes, as values in column order; all items in one list, which is cheaper to copy. */
export type MessageArguments = readonly [tenant: string, key: number, message: Values, items: Values];

/** The items of a message that never wait: where and when it was said, and of each `item, persona, reason`, in one list. */
export type DeclinedArguments = readonly [conversation: number, at: number, items: Values];
const DECLINED_WIDTH = 3;

export type ReplyArguments = readonly [...MessageArguments, declined?: DeclinedArguments];

/** `[item, outcome, reason, error, failures]`, or `[item, "retry", not before, failures, flags]` (null: as they are). */
export type DecisionArguments =
  | readonly [item: number, outcome: Outcome, reason: string | null, error: string | null, failures: number | null]
  | readonly [item: number, outcome: "retry", notBefore: number, failures: number | null, flags: number | null];

/** Steps as values in column order, each with its tenant and key. */
export type StepArguments = readonly (readonly [tenant: string, key: number, step: Values])[];
export type OpeningArguments = readonly [conversation: number, session: Values, snapshot: string, steps: StepArguments];
export type ChangeArguments = readonly [
  conversation: number,
  expected: number,
  snapshot: string | null,
  progress: string,
  at: number,
  steps: StepArguments,
];

/**
 * Everything that is ever written, by name: the closed list of commands the writer understands.
 * Each is taken back whole when it throws; plain values in, plain values out, because both cross threads. A command is a
 * function that runs statements, or gives a program if it must see rows before it knows what to run.
 */
export class Commands {
  readonly #connection: Connection;
  readonly #ledger: Ledger;
  readonly #mapping: MappingCommands;

  constructor(connection: Connection, ledger: Ledger) {
    this.#connection = connection;
    this.#ledger = ledger;
    this.#mapping = new MappingCommands(connection, (...line) => ledger.stamp(...line));
  }

  /** Tries whether anything can be written. A value must change: SQLite does not write one that stays the same. */
  probe(): void {
    this.#connection.run(PROBE);
  }

  saveEnrollment(tenant: string, key: number, row: Values, removed: boolean): number {
    const rev = this.#ledger.stamp("enrollment", tenant, key, removed);
    this.#connection.run(SAVE_ENROLLMENT, [...row, rev]);
    return rev;
  }

  createRoom(room: ConversationArguments, members: readonly number[], at: number): number {
    const rev = this.#insertConversation(...room);
    for (const persona of members) this.#connection.run(ADD_MEMBER, [room[1], persona, at, rev]);
    return rev;
  }

  addMember(conversation: number, persona: number, at: number): number {
    const rev = this.#stampConversation(conversation);
    this.#connection.run(ADD_MEMBER, [conversation, persona, at, rev]);
    return rev;
  }

  removeMember(conversation: number, persona: number): number {
    const rev = this.#stampConversation(conversation);
    this.#connection.run(REMOVE_MEMBER, [conversation, persona]);
    return rev;
  }

  openSession(session: ConversationArguments, opening: OpeningArguments): number {
    const rev = this.#insertConversation(...session);
    return this.#insertSession(...opening).at(-1) ?? rev;
  }

  changeSession(...change: ChangeArguments): SessionChanged {
    this.#updateSession(...change);
    return { status: "changed", rev: this.#insertSteps(change[5]).at(-1) };
  }

  closeSession(conversation: number, at: number, change: ChangeArguments | null): SessionChanged {
    if (change !== null) this.#updateSession(...change);
    const rev = this.#stampConversation(conversation);
    this.#connection.check(CLOSE_CONVERSATION, [at, rev, conversation], assertClosed);
    const revs = change === null ? [] : this.#insertSteps(change[5]);
    return { status: "changed", rev: revs.at(-1) ?? rev };
  }

  append(
    tenant: string,
    key: number,
    message: Values,
    items: Values,
    open: ConversationArguments | null,
    idempotency: readonly [scope: string, key: string, fingerprint: string, at: number, keepMs: number] | null,
    session: OpeningArguments | null = null,
    along: Along | null = null,
    declined: DeclinedArguments | null = null,
  ): Appended | Program<Appended> {
    if (idempotency !== null) {
      const [scope, name, fingerprint, at, keepMs] = idempotency;
      this.#connection.run(FORGET_IDEMPOTENCY, [at - keepMs, FORGOTTEN_AT_ONCE]);
      this.#connection.look(IDEMPOTENCY, [scope, name], (earlier) => {
        if (earlier === undefined) return;
        const same = earlier.fingerprint === fingerprint;
        throw new Refused<Appended>(same ? { status: "replayed", message: earlier.message } : { status: "conflict" });
      });
      this.#connection.run(ADD_IDEMPOTENCY, [scope, name, fingerprint, key, at]);
    }
    const repeated = along === null ? undefined : this.#mapping.along(along);
    if (open !== null || session !== null) {
      return this.#appendAndOpen([tenant, key, message, items, declined], open, session, repeated);
    }
    return appended(this.#insertMessage(tenant, key, message, items, declined), repeated);
  }

  begin(key: number, items: readonly number[], row: Values): void {
    for (const item of items) this.#connection.check(BEGIN_ITEM, [key, item], assertWaiting);
    this.#connection.run(INSERT_TURN, row);
    this.#ledger.count("waiting", -items.length);
    this.#ledger.count("inTurn", items.length);
  }

  settle(
    turn: readonly [key: number, attempt: number, outcome: string, error: string | null, explanation: string] | null,
    reply: ReplyArguments | null,
    decisions: readonly DecisionArguments[],
    at: number,
    spending: readonly Values[] = [],
    session: ChangeArguments | null = null,
  ): Settled {
    // The guards come first: a settlement that is late is nothing else, whatever it brings along.
    if (turn !== null) this.#checkRunning(turn[0], turn[1], decisions.length);
    for (const decision of decisions) this.#decide(turn?.[0] ?? null, decision, at);
    if (session !== null) this.#updateSession(...session);
    this.spend(spending);
    const revs: number[] = [];
    if (reply !== null) revs.push(this.#insertMessage(...reply));
    if (turn !== null) {
      const [key, , outcome, error, explanation] = turn;
      // What answers a turn is of its tenant; without it the database is asked.
      const rev =
        reply === null
          ? this.#ledger.stampFrom(TURN_TENANT, { kind: "turn", key }, [key], lostTurn)
          : this.#ledger.stamp("turn", reply[0], key);
      this.#connection.run(SETTLE_TURN, [outcome, at, reply?.[1] ?? null, error, explanation, rev, key]);
      revs.push(rev);
    }
    for (const [item, outcome] of decisions) {
      if (outcome !== "retry" && outcome !== "answered") revs.push(this.#stampItem(item, item));
    }
    if (session !== null) revs.push(...this.#insertSteps(session[5]));
    return { status: "settled", revs };
  }

  spend(rows: readonly Values[]): void {
    for (const row of rows) this.#connection.run(SPEND, row);
  }

  replayDeadLetter(item: number, key: number, fresh: Values): Replayed {
    this.#connection.check(DELETE_DEAD_LETTER, [item], assertThere);
    this.#insertItems(fresh);
    return { status: "replayed", rev: this.#stampItem(key, item) };
  }

  discardDeadLetter(item: number): Discarded {
    this.#connection.check(DELETE_DEAD_LETTER, [item], assertThere);
    return { status: "discarded", rev: this.#stampItem(item, item, true) };
  }

  addApiKey(row: Values): void {
    this.#connection.run(ADD_API_KEY, row);
  }

  touchApiKey(key: number, at: number): void {
    this.#connection.run(TOUCH_API_KEY, [at, key]);
  }

  revokeApiKey(key: number, at: number): void {
    this.#connection.run(REVOKE_API_KEY, [at, key]);
  }

  /** @param row With `expected` 0 that of `ENTRY`, else that of `replacement`. */
  saveEntry(row: Values, expected: number): void {
    this.#connection.look(expected === 0 ? INSERT_ENTRY : REPLACE_ENTRY, row, assertWritten);
  }

  /** Anything that is written of mapping, but for what comes along with a message. */
  mapping(name: MappingCommandName, args: readonly unknown[]): unknown {
    const command = this.#mapping[name] as (...args: readonly unknown[]) => unknown;
    return command.apply(this.#mapping, args as unknown[]);
  }

  *#appendAndOpen(
    message: readonly [...MessageArguments, declined: DeclinedArguments | null],
    open: ConversationArguments | null,
    session: OpeningArguments | null,
    repeated: readonly number[] | undefined,
  ): Program<Appended> {
    if (open !== null && (yield* first(CONVERSATION_KEY, [open[1]])) === undefined) this.#insertConversation(...open);
    if (session !== null && (yield* first(SESSION_KEY, [session[0]])) === undefined) this.#insertSession(...session);
    return appended(this.#insertMessage(...message), repeated);
  }

  #checkRunning(turn: number, attempt: number, decisions: number): void {
    this.#connection.look(RUNNING_TURN, [turn, attempt], (running) => {
      if (running === undefined) throw LATE;
      if (itemsOf(running).length !== decisions) {
        throw new PersonaError("turn_conflict", "Settle a turn with one decision for each of its items.");
      }
    });
  }

  #decide(turn: number | null, decision: DecisionArguments, at: number): void {
    const [item, outcome, ...details] = decision;
    const guard = turn === null ? [item] : [item, turn];
    const from = turn === null ? "waiting" : "inTurn";
    if (outcome === "retry") {
      const retry = turn === null ? RETRY_WAITING : RETRY_IN_TURN;
      this.#connection.check(retry, [...details, ...guard], assertInTime);
    } else {
      const [reason, error, failures] = details;
      const decide = turn === null ? DECIDE_WAITING : DECIDE_IN_TURN;
      this.#connection.check(decide, [outcome, reason, error, at, ...guard], assertInTime);
      if (outcome === "dead") this.#connection.run(INSERT_DEAD_LETTER, [reason, error, at, failures, item]);
      this.#connection.run(DELETE_ITEM, [item]);
    }
    this.#ledger.count(from, -1);
    this.#ledger.count(outcome === "retry" ? "waiting" : outcome, 1);
  }

  #insertConversation(...[tenant, key, row]: ConversationArguments): number {
    const rev = this.#ledger.stamp("conversation", tenant, key);
    this.#connection.run(INSERT_CONVERSATION, [...row, rev]);
    return rev;
  }

  #insertSession(...[conversation, session, snapshot, steps]: OpeningArguments): readonly number[] {
    this.#connection.run(INSERT_SESSION, session);
    this.#connection.run(SAVE_SNAPSHOT, [conversation, snapshot]);
    return this.#insertSteps(steps);
  }

  /** All but the steps. */
  #updateSession(...[conversation, expected, snapshot, progress, at]: ChangeArguments): void {
    this.#connection.check(UPDATE_SESSION, [progress, at, conversation, expected], assertCurrent);
    if (snapshot !== null) this.#connection.run(SAVE_SNAPSHOT, [conversation, snapshot]);
  }

  #insertSteps(steps: StepArguments): readonly number[] {
    return steps.map(([tenant, key, step]) => {
      this.#connection.run(INSERT_STEP, step);
      return this.#ledger.stamp("sequence_step", tenant, key);
    });
  }

  /** Gives the newest rev. */
  #insertMessage(
    tenant: string,
    key: number,
    message: Values,
    items: Values,
    declined: DeclinedArguments | null = null,
  ): number {
    this.#connection.run(INSERT_MESSAGE, message);
    if (items.length > 0) this.#insertItems(items);
    const rev = this.#ledger.stamp("message", tenant, key);
    return declined === null ? rev : this.#insertDeclined(tenant, key, ...declined);
  }

  #insertDeclined(tenant: string, message: number, ...[conversation, at, items]: DeclinedArguments): number {
    const keys: number[] = [];
    const rows: Value[] = [];
    for (let start = 0; start < items.length; start += DECLINED_WIDTH) {
      const [item, persona, reason] = items.slice(start, start + DECLINED_WIDTH);
      keys.push(item as number);
      rows.push(item as number, persona as number, reason as string, message, conversation, at, at);
    }
    insertRows(this.#connection, DECLINED, rows);
    this.#ledger.count("declined", keys.length);
    return this.#ledger.stampAll("item", tenant, keys);
  }

  #insertItems(items: Values): void {
    insertRows(this.#connection, ITEMS, items);
    this.#ledger.count("waiting", items.length / ITEM.width);
  }

  /** @param decided An item of the same message that has its outcome: what tells the tenant. */
  #stampItem(key: number, decided: number, tombstone = false): number {
    const lost = () => new PersonaError("store_corrupt", `The database has lost the message of item ${key}.`);
    return this.#ledger.stampFrom(ITEM_TENANT, { kind: "item", key, tombstone }, [decided], lost);
  }

  #stampConversation(key: number): number {
    return this.#ledger.stampFrom(CONVERSATION_TENANT, { kind: "conversation", key }, [key], noRoom);
  }
}

function appended(rev: number, repeated: readonly number[] | undefined): Appended {
  return repeated === undefined ? { status: "appended", rev } : { status: "appended", rev, repeated };
}

const LATE = new Refused<Settled>({ status: "late" });
const STALE = new Refused<{ readonly status: "stale" }>({ status: "stale" });
const CLOSED = new Refused<SessionChanged>({ status: "changed", rev: undefined });
const GONE = new Refused<{ readonly status: "gone" }>({ status: "gone" });

function assertInTime(changes: number): void {
  if (changes === 0) throw LATE;
}

function assertCurrent(changes: number): void {
  if (changes === 0) throw STALE;
}

function assertClosed(changes: number): void {
  if (changes === 0) throw CLOSED;
}

function assertThere(changes: number): void {
  if (changes === 0) throw GONE;
}

function assertWaiting(changes: number): void {
  if (changes === 0) {
    throw new PersonaError("turn_conflict", "Begin a turn only with items that wait, each of them once.");
  }
}

function noRoom(): PersonaError {
  return new PersonaError("room_not_found", "Create the room before changing its members.");
}

function lostTurn(): PersonaError {
  return new PersonaError("store_corrupt", "The database has lost a turn that runs.");
}

/** An item that waits: in no turn, or in one whose outcome nobody knows. */
const WAITING = "(turn IS NULL OR unknown_items > 0)";
const IN_TURN = "turn = ? AND unknown_items = 0";

/** What a dead item leaves to its dead letter as it is. */
const LEFT_BEHIND =
  'message, conversation, persona, "partition", lane, priority, flags, merge_key, enqueued_at, attempt';

/** Old idempotency keys that are forgotten for each one that comes: more than one, so that they become fewer. */
const FORGOTTEN_AT_ONCE = 2;

const PROBE = statement("UPDATE database SET probes = probes + 1");
const SAVE_ENROLLMENT = statement(`
  INSERT INTO enrollment (${ENROLLMENT.columns}, rev) VALUES (${ENROLLMENT.places}, ?)
  ON CONFLICT (key) DO UPDATE SET definition = excluded.definition, updated_at = excluded.updated_at,
    removed_at = excluded.removed_at, rev = excluded.rev`);

const INSERT_CONVERSATION = statement(
  `INSERT INTO conversation (${CONVERSATION.columns}, rev) VALUES (${CONVERSATION.places}, ?)`,
);
const CONVERSATION_KEY = query<{ key: number }>("SELECT key FROM conversation WHERE key = ?");
const CONVERSATION_TENANT = stampFrom("conversation", "conversation WHERE key = ?");
const CLOSE_CONVERSATION = statement(
  "UPDATE conversation SET closed_at = ?, rev = ? WHERE key = ? AND closed_at IS NULL",
);
const SESSION_KEY = query<{ key: number }>('SELECT conversation AS "key" FROM session WHERE conversation = ?');
const INSERT_SESSION = insertInto(SESSION);
const UPDATE_SESSION = statement(`
  UPDATE session SET progress = ?, updated_at = ?, version = version + 1 WHERE conversation = ? AND version = ?`);
const SAVE_SNAPSHOT = statement(`
  INSERT INTO session_snapshot (conversation, snapshot) VALUES (?, ?)
  ON CONFLICT (conversation) DO UPDATE SET snapshot = excluded.snapshot`);
const INSERT_STEP = insertInto(SEQUENCE_STEP);
const ADD_MEMBER = statement(`
  INSERT INTO member (conversation, persona, added_at, rev) VALUES (?, ?, ?, ?)
  ON CONFLICT (conversation, persona) DO UPDATE SET rev = excluded.rev`);
const REMOVE_MEMBER = statement("DELETE FROM member WHERE conversation = ? AND persona = ?");

const IDEMPOTENCY = query<{ fingerprint: string; message: number }>(
  "SELECT fingerprint, message FROM idempotency WHERE scope = ? AND key = ?",
);
const ADD_IDEMPOTENCY = statement(
  "INSERT INTO idempotency (scope, key, fingerprint, message, created_at) VALUES (?, ?, ?, ?, ?)",
);
const FORGET_IDEMPOTENCY = statement(`
  DELETE FROM idempotency WHERE (scope, key) IN (
    SELECT scope, key FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?)`);

const INSERT_MESSAGE = insertInto(MESSAGE);
const ITEMS = insertion(`${ITEM.name} (${ITEM.columns})`, ITEM.places);
const DECLINED = insertion(
  "outcome (item, persona, reason, message, conversation, enqueued_at, decided_at, outcome, attempt)",
  "?, ?, ?, ?, ?, ?, ?, 'declined', 0",
);
const INSERT_TURN = insertInto(TURN);
const BEGIN_ITEM = statement(
  `UPDATE inbox SET turn = ?, unknown_items = 0, attempt = attempt + 1 WHERE key = ? AND ${WAITING}`,
);
const RUNNING_TURN = query<{ items: string }>(
  "SELECT items FROM turn WHERE key = ? AND attempt = ? AND outcome IS NULL",
);
const TURN_TENANT = stampFrom("turn", "turn WHERE key = ?");
const SETTLE_TURN = statement(
  "UPDATE turn SET outcome = ?, settled_at = ?, reply = ?, error = ?, explanation = ?, rev = ? WHERE key = ?",
);
const SPEND = replaceInto(SPENDING, "at, turn, call");
const DECIDE_IN_TURN = decide(IN_TURN);
const DECIDE_WAITING = decide(WAITING);
const RETRY_IN_TURN = retry(IN_TURN);
const RETRY_WAITING = retry(WAITING);
const DELETE_ITEM = statement("DELETE FROM inbox WHERE key = ?");
const ITEM_TENANT = stampFrom(
  "message",
  "outcome JOIN message ON message.key = outcome.message WHERE outcome.item = ?",
);

const INSERT_DEAD_LETTER = statement(`
  INSERT INTO dead_letter (reason, error, died_at, failures, tenant, item, ${LEFT_BEHIND})
  SELECT ?, ?, ?, coalesce(?, failures), (SELECT tenant FROM message WHERE key = inbox.message), key, ${LEFT_BEHIND}
  FROM inbox WHERE key = ?`);
const DELETE_DEAD_LETTER = statement("DELETE FROM dead_letter WHERE item = ?");

const ADD_API_KEY = insertInto(API_KEY);
const TOUCH_API_KEY = statement("UPDATE api_key SET last_used_at = ? WHERE key = ?");
const REVOKE_API_KEY = statement("UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE key = ?");

function decide(guard: string) {
  return statement(`
    INSERT INTO outcome (outcome, reason, error, decided_at, item, message, conversation, persona, turn, attempt, enqueued_at, replay_of)
    SELECT ?, ?, ?, ?, key, message, conversation, persona, turn, attempt, enqueued_at, replay_of
    FROM inbox WHERE key = ? AND ${guard}`);
}

function retry(guard: string) {
  return statement(`
    UPDATE inbox SET turn = NULL, unknown_items = 0, not_before = ?,
      failures = coalesce(?, failures), flags = coalesce(?, flags)
    WHERE key = ? AND ${guard}`);
}
