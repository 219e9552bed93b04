import type BetterSqlite3 from "better-sqlite3";
import { CHANGE_KINDS, type ChangeKind, type Counts } from "./port.ts";

type Numbers = { rev: number } & { -readonly [K in keyof Counts]: number };

/**
 * The numbers of the writer's transaction: the newest rev of the change log, and by how much the
 * counts change. They are part of the transaction, so they can be rolled back with it.
 */
export class Ledger {
  readonly #epoch: number;
  readonly #keepChanges: number;
  readonly #insertChange: BetterSqlite3.Statement;
  readonly #deleteChanges: BetterSqlite3.Statement;
  readonly #updateDatabase: BetterSqlite3.Statement;
  #oldest: number;
  #numbers: Numbers;

  constructor(database: BetterSqlite3.Database, options: { readonly epoch: number; readonly keepChanges: number }) {
    this.#epoch = options.epoch;
    this.#keepChanges = options.keepChanges;
    this.#insertChange = database.prepare("INSERT INTO change_log VALUES (?, ?, ?, ?, ?)");
    this.#deleteChanges = database.prepare("DELETE FROM change_log WHERE rev < ?");
    this.#updateDatabase = database.prepare(`
      UPDATE database SET last_key = max(last_key, ?), waiting = waiting + ?, in_turn = in_turn + ?,
        answered = answered + ?, declined = declined + ?, dead = dead + ?
      WHERE epoch = ?`);
    const log = database.prepare<[], { oldest: number; newest: number }>(
      "SELECT coalesce(min(rev), 1) AS oldest, coalesce(max(rev), 0) AS newest FROM change_log",
    );
    const { oldest, newest } = log.get() ?? { oldest: 1, newest: 0 };
    this.#oldest = oldest;
    this.#numbers = { rev: newest, ...NOTHING };
  }

  get rev(): number {
    return this.#numbers.rev;
  }

  /** Writes one line into the change log; every change that others may want to hear of goes through here. */
  stamp(kind: ChangeKind, tenant: string, key: number, tombstone = false): number {
    this.#numbers.rev += 1;
    this.#insertChange.run(this.#numbers.rev, tenant, CHANGE_KINDS.indexOf(kind), key, tombstone ? 1 : 0);
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
   * Writes the numbers, at the end of a transaction. False: another owner has raised the epoch, and
   * nothing of the transaction may stay. To find that out last is early enough: it holds the write lock.
   */
  write(lastKey: number): boolean {
    const { waiting, inTurn, answered, declined, dead } = this.#numbers;
    const { changes } = this.#updateDatabase.run(lastKey, waiting, inTurn, answered, declined, dead, this.#epoch);
    if (changes === 0) return false;
    const oldest = this.#oldestToKeep();
    if (oldest > this.#oldest) this.#deleteChanges.run(oldest);
    return true;
  }

  /** The transaction is on the disk. */
  committed(): void {
    this.#oldest = this.#oldestToKeep();
    this.#numbers = { ...this.#numbers, ...NOTHING };
  }

  /** The log grows by a tenth more than asked for before it is cut, so that not every transaction deletes. */
  #oldestToKeep(): number {
    const { rev } = this.#numbers;
    return rev - this.#oldest < this.#keepChanges * 1.1 ? this.#oldest : rev - this.#keepChanges + 1;
  }
}

const NOTHING: Counts = { waiting: 0, inTurn: 0, answered: 0, declined: 0, dead: 0 };
