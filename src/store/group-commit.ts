import type Database from "better-sqlite3";
import { type Call, GroupProgram, type GroupResult } from "./group-program.ts";
import { type LedgerOptions, openLedger } from "./ledger.ts";
import { SqliteConnection } from "./sqlite-connection.ts";

export type { Call } from "./group-program.ts";

/** Commits groups of commands into an open SQLite database, each at a stretch. */
export class GroupCommit {
  readonly #connection: SqliteConnection;
  readonly #program: GroupProgram;

  constructor(database: Database.Database, options: LedgerOptions) {
    this.#connection = new SqliteConnection(database);
    this.#program = new GroupProgram(this.#connection, this.#connection.execute(openLedger(this.#connection, options)));
  }

  /** @param lastKey The greatest key that was allocated so far, kept so that none is given twice. */
  run(lastKey: number, group: readonly Call[]): GroupResult {
    return this.#connection.execute(this.#program.run(lastKey, group));
  }
}
