import { PersonaError } from "../errors.ts";
import type { Value, Values } from "./columns.ts";
import { insertion, insertRows } from "./insertion.ts";
import { CHANGE_KINDS, type ChangeKind, type Counts } from "./port.ts";
import { type Connection, first, type Program, query, type Statement, statement } from "./query.ts";

type Numbers = { rev: number } & { -readonly [K in keyof Counts]: number };

export interface LedgerOptions {
  readonly epoch: number;
  /** Revs of the change log that are kept. */
  readonly keepChanges: number;
}

/** The ledger of a database, as its change log is now. */
export function* openLedger(connection: Connection, options: LedgerOptions): Program<Ledger> {
  const { oldest, newest } = (yield* first(LOG_ENDS)) ?? { oldest: 1, newest: 0 };
  return new Ledger(connection, options, oldest, newest);
}

/**
 * The numbers of the writer's transaction: the newest rev of the change log, and by how much the
 * counts change. They are part of the transaction, so they can be rolled back with it.
 */
export class Ledger {
  readonly #connection: Connection;
  readonly #options: LedgerOptions;
  #oldest: number;
  #numbers: Numbers;

  constructor(connection: Connection, options: LedgerOptions, oldest: number, newest: number) {
    this.#connection = connection;
    this.#options = options;
    this.#oldest = oldest;
    this.#numbers = { rev: newest, ...NOTHING };
  }

  get rev(): number {
    return this.#numbers.rev;
  }

  /** Writes one line into the change log; every change that others may want to hear of goes through here. */
  stamp(kind: ChangeKind, tenant: string, key: number, tombstone = false): number {
    this.#numbers.rev += 1;
    const values = [this.#numbers.rev, tenant, CHANGE_KINDS.indexOf(kind), key, tombstone ? 1 : 0];
    this.#connection.run(LINES.one, values);
    return this.#numbers.rev;
  }

  /** A line for each of these, in this order; gives the rev of the last. */
  stampAll(kind: ChangeKind, tenant: string, keys: readonly number[]): number {
    const values: Value[] = [];
    for (const key of keys) {
      this.#numbers.rev += 1;
      values.push(this.#numbers.rev, tenant, CHANGE_KINDS.indexOf(kind), key, 0);
    }
    insertRows(this.#connection, LINES, values);
    return this.#numbers.rev;
  }

  /**
   * The same with the tenant that the database knows.
   * @param source Made by `stampFrom`; `values` are those of its condition.
   * @param missing Makes what is thrown if no row says it.
   */
  stampFrom(source: Statement, line: ChangeLine, values: Values, missing: () => Error): number {
    this.#numbers.rev += 1;
    const { kind, key, tombstone = false } = line;
    this.#connection.check(
      source,
      [this.#numbers.rev, CHANGE_KINDS.indexOf(kind), key, tombstone ? 1 : 0, ...values],
      (changes) => {
        if (changes === 0) throw missing();
      },
    );
    return this.#numbers.rev;
  }

  count(which: keyof Counts, by: number): void {
    this.#numbers[which] += by;
  }

  /** What `restore` brings back after a rollback. */
  save(): Readonly<Numbers> {
    return { ...this.#numbers };
  }

  restore(saved: Readonly<Numbers>): void {
    this.#numbers = { ...saved };
  }

  /**
   * Writes the numbers, at the end of a transaction. Fails with `store_fenced` if another owner has raised the
   * epoch, and nothing of the transaction may stay. To find that out last is early enough: the row is locked.
   */
  write(lastKey: number): void {
    const { waiting, inTurn, answered, declined, dead } = this.#numbers;
    const values = [lastKey, lastKey, waiting, inTurn, answered, declined, dead, this.#options.epoch];
    this.#connection.check(WRITE_NUMBERS, values, assertOwned);
    const oldest = this.#oldestToKeep();
    if (oldest > this.#oldest) this.#connection.run(FORGET_CHANGES, [oldest]);
  }

  /** The transaction is on the disk. */
  committed(): void {
    this.#oldest = this.#oldestToKeep();
    this.#numbers = { ...this.#numbers, ...NOTHING };
  }

  /** The log grows by a tenth more than asked for before it is cut, so that not every transaction deletes. */
  #oldestToKeep(): number {
    const { rev } = this.#numbers;
    const { keepChanges } = this.#options;
    return rev - this.#oldest < keepChanges * 1.1 ? this.#oldest : rev - keepChanges + 1;
  }
}

export interface ChangeLine {
  readonly kind: ChangeKind;
  readonly key: number;
  readonly tombstone?: boolean;
}

/** The statement for `Ledger.stampFrom`: the table that knows the tenant, and how its row is found. */
export function stampFrom(table: string, condition: string): Statement {
  return statement(`
    INSERT INTO change_log (rev, kind, key, tombstone, tenant)
    SELECT ?, ?, ?, ?, ${table}.tenant FROM ${condition}`);
}

function assertOwned(changes: number): void {
  if (changes === 0) {
    throw new PersonaError("store_fenced", "Another process took this database over; end this one.");
  }
}

const NOTHING: Counts = { waiting: 0, inTurn: 0, answered: 0, declined: 0, dead: 0 };

const LOG_ENDS = query<{ oldest: number; newest: number }>(`
  SELECT coalesce((SELECT min(rev) FROM change_log), 1) AS oldest,
    coalesce((SELECT max(rev) FROM change_log), 0) AS newest`);
const LINES = insertion("change_log (rev, tenant, kind, key, tombstone)", "?, ?, ?, ?, ?");
const FORGET_CHANGES = statement("DELETE FROM change_log WHERE rev < ?");
const WRITE_NUMBERS = statement(`
  UPDATE database SET last_key = CASE WHEN last_key < ? THEN ? ELSE last_key END,
    waiting = waiting + ?, in_turn = in_turn + ?, answered = answered + ?, declined = declined + ?, dead = dead + ?
  WHERE epoch = ?`);
