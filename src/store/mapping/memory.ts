import Database from "better-sqlite3";
import type { ChangeKind } from "../port.ts";
import { isProgram, type Program } from "../query.ts";
import { Refused } from "../refused.ts";
import { SqliteConnection } from "../sqlite-connection.ts";
import { storeError } from "../sqlite-errors.ts";
import { MappingCommands } from "./commands.ts";
import { MappingReader } from "./reader.ts";
import { MAPPING_INDEXES, MAPPING_TABLES } from "./tables.ts";
import { FTS5 } from "./word-index.ts";

type Line = readonly [kind: ChangeKind, tenant: string, key: number, tombstone?: boolean | undefined];

/** The tables of mapping for a store in memory: in a database of SQLite that is nowhere else, made when it is needed. */
export class MemoryMapping {
  readonly #salt: number;
  readonly #rev: () => number;
  readonly #stamp: (...line: Line) => void;
  #made: { database: Database.Database; connection: SqliteConnection; commands: MappingCommands } | undefined;
  /** What the transaction has to tell; told when nothing can take it back any more. */
  #lines: Line[] = [];

  /** @param rev The newest of the change log; `stamp` writes a line into it. */
  constructor(salt: number, rev: () => number, stamp: (...line: Line) => void) {
    this.#salt = salt;
    this.#rev = rev;
    this.#stamp = stamp;
  }

  get reader(): MappingReader {
    return new MappingReader(this.#open().connection, FTS5, this.#salt);
  }

  /** Runs commands in one transaction: what they throw takes them back, and what is `Refused` is their result. */
  run(commands: (commands: MappingCommands) => unknown): unknown {
    const { connection, commands: known } = this.#open();
    connection.begin();
    try {
      const answer = commands(known);
      const result = isProgram(answer) ? connection.execute(answer) : answer;
      connection.execute(commit());
      for (const line of this.#lines) this.#stamp(...line);
      return result;
    } catch (error) {
      connection.rollback();
      if (error instanceof Refused) return error.result;
      throw storeError(error);
    } finally {
      this.#lines = [];
    }
  }

  close(): void {
    this.#made?.database.close();
  }

  #open() {
    if (this.#made !== undefined) return this.#made;
    const database = new Database(":memory:");
    database.exec(MAPPING_TABLES.common + MAPPING_TABLES.sqlite + MAPPING_INDEXES);
    const connection = new SqliteConnection(database);
    const commands = new MappingCommands(connection, (...line) => this.#rev() + this.#lines.push(line));
    this.#made = { database, connection, commands };
    return this.#made;
  }
}

function* commit(): Program<void> {
  yield "committed";
}
