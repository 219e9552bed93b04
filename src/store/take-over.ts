import { randomInt } from "node:crypto";
import { PersonaError } from "../errors.ts";
import { openLedger } from "./ledger.ts";
import { all, type Connection, first, type Program, query, statement } from "./query.ts";

export interface DatabaseOptions {
  readonly now: number;
  /** Of a new database; an existing one keeps its own. */
  readonly salt: number | undefined;
  readonly keepChanges: number;
}

export interface DatabaseIdentity {
  readonly salt: number;
  /** One more than the owner before had. */
  readonly epoch: number;
  readonly lastKey: number;
}

/** Fills the one row of a database whose tables were just made. */
export function found(connection: Connection, { now, salt }: DatabaseOptions): void {
  connection.run(FOUND, [salt ?? randomInt(2 ** 31), now]);
}

/**
 * Makes a database ready for its new owner, within a transaction: raises the epoch, and closes the turns and calls that
 * the owner before did not live to settle.
 */
export function* takeOver(connection: Connection, options: DatabaseOptions): Program<DatabaseIdentity> {
  const identity = yield* first(RAISE_EPOCH);
  if (identity === undefined) {
    throw new PersonaError("store_corrupt", "The database is damaged; restore it from a backup.");
  }
  yield* endUnknownTurns(connection, identity.epoch, options);
  // What was reserved for calls that were cut off may have been billed: it stays booked, as it was reserved.
  connection.run(BOOK_RESERVATIONS);
  yield "done";
  return identity;
}

/**
 * Turns without an outcome were cut off. They get the outcome `unknown`, and their items remember how
 * many they were until each is decided, tried again or put off: also if this process dies as well.
 * All items of such a turn are still in the inbox, so that its row, which may be damaged, need not be read.
 */
function* endUnknownTurns(connection: Connection, epoch: number, { now, keepChanges }: DatabaseOptions): Program<void> {
  const cutOff = Map.groupBy(yield* all(CUT_OFF_ITEMS), ({ turn }) => turn);
  const ledger = yield* openLedger(connection, { epoch, keepChanges });
  for (const [turn, items] of cutOff) {
    const tenant = items[0]?.tenant ?? null;
    if (tenant !== null) connection.run(END_TURN, [now, ledger.stamp("turn", tenant, turn), turn]);
    for (const { key } of items) connection.run(REMEMBER_TURN, [items.length, key]);
  }
}

const FOUND = statement(`
  INSERT INTO database
    (one, salt, epoch, last_key, waiting, in_turn, answered, declined, dead, probes, created_at)
  VALUES (1, ?, 0, 0, 0, 0, 0, 0, 0, 0, ?)`);
const RAISE_EPOCH = query<DatabaseIdentity>(`
  UPDATE database SET epoch = epoch + 1, waiting = waiting + in_turn, in_turn = 0
  RETURNING salt, epoch, last_key AS "lastKey"`);
const CUT_OFF_ITEMS = query<{ key: number; turn: number; tenant: string | null }>(`
  SELECT inbox.key AS "key", inbox.turn AS "turn", turn.tenant AS "tenant"
  FROM inbox LEFT JOIN turn ON turn.key = inbox.turn
  WHERE inbox.turn IS NOT NULL AND inbox.unknown_items = 0
  ORDER BY inbox.turn, inbox.key`);
const END_TURN = statement("UPDATE turn SET outcome = 'unknown', settled_at = ?, rev = ? WHERE key = ?");
const REMEMBER_TURN = statement("UPDATE inbox SET unknown_items = ? WHERE key = ?");
const BOOK_RESERVATIONS = statement("UPDATE spending SET state = 'unconfirmed' WHERE state = 'reserved'");
