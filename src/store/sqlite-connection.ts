import type Database from "better-sqlite3";
import type { PersonaError } from "../errors.ts";
import type { Values } from "./columns.ts";
import { type Connection, type Program, type Query, type Source, type Statement, statement } from "./query.ts";
import { storeError } from "./sqlite-errors.ts";

/**
 * Statements on an open SQLite database, each prepared when it is first run. Everything happens at once. Values are
 * handed to the driver as arguments: it takes a fifth of a statement to read them out of an array.
 */
export class SqliteConnection implements Connection, Source {
  readonly #database: Database.Database;
  readonly #prepared: Database.Statement[] = [];
  readonly isNear = true;
  written = 0;

  /** @param database Stays its owner's, who closes it. */
  constructor(database: Database.Database) {
    this.#database = database;
  }

  run(statement: Statement, values: Values = NONE): void {
    if (this.#statement(statement).run(...values).changes > 0) this.written += 1;
  }

  check(statement: Statement, values: Values, judge: (changes: number) => void): void {
    const { changes } = this.#statement(statement).run(...values);
    if (changes > 0) this.written += 1;
    judge(changes);
  }

  look<Row>(query: Query<Row>, values: Values, judge: (row: Row | undefined) => void): void {
    judge(this.#statement(query).get(...values) as Row | undefined);
  }

  all<Row>(query: Query<Row>, values: Values = NONE): readonly Row[] {
    return this.#statement(query).all(...values) as Row[];
  }

  each<Row>(query: Query<Row>, lists: readonly Values[]): readonly (readonly Row[])[] {
    return lists.map((values) => this.all(query, values));
  }

  begin(): void {
    this.#statement(BEGIN).run();
  }

  rollback(): void {
    // Some storage errors have rolled back already.
    if (this.#database.inTransaction) this.#statement(ROLLBACK).run();
  }

  coded(error: unknown): PersonaError {
    return storeError(error);
  }

  /** Runs a program from its beginning to its end. */
  execute<Result>(program: Program<Result>): Result {
    let step = program.next();
    while (!step.done) {
      let answer: unknown;
      try {
        if (step.value === "committed") this.#statement(COMMIT).run();
        else if (step.value !== "done") answer = this.all(step.value.query, step.value.values);
      } catch (error) {
        step = program.throw(error);
        continue;
      }
      step = program.next(answer);
    }
    return step.value;
  }

  #statement({ sql, number }: Statement): Database.Statement {
    const known = this.#prepared[number];
    if (known !== undefined) return known;
    // SQLite looks into a bound value that is a LIMIT by itself when it plans, and plans anew whenever that is bound again,
    // which takes several times as long as what is asked.
    const prepared = this.#database.prepare(sql.replaceAll("LIMIT ?", "LIMIT CAST(? AS INTEGER)"));
    this.#prepared[number] = prepared;
    return prepared;
  }
}

const NONE: Values = [];
const BEGIN = statement("BEGIN IMMEDIATE");
const COMMIT = statement("COMMIT");
const ROLLBACK = statement("ROLLBACK");
