/**
 * What stands between the store and its database. Each statement is written once, in the words that SQLite and
 * PostgreSQL share (`?` for a value, `ON CONFLICT`, `RETURNING`, `count(*) FILTER`), and each decision once: as a
 * function that runs statements on a `Connection`, or as a program where it must know rows before it can go on.
 * SQLite runs a program at a stretch; PostgreSQL sends what nobody waits for, and answers what a program yields.
 */
import type { PersonaError } from "../errors.ts";
import type { Values } from "./columns.ts";

/** A statement that gives no rows. */
export interface Statement {
  readonly sql: string;
  /** Counts all statements of the process, so that a connection finds what it has prepared in a list. */
  readonly number: number;
}

/** A statement that gives rows, also an `UPDATE … RETURNING`. */
export interface Query<Row> extends Statement {
  /** For the compiler only. */
  readonly row?: Row;
}

/** The connection that writes. What is run is run in this order, but maybe later. */
export interface Connection {
  /** Runs what can only fail with the database. */
  run(statement: Statement, values?: Values): void;
  /**
   * Runs it and tells `judge` how many rows it changed: at once, or later but before anything is committed. What the
   * judge throws takes back the whole command, with whatever it has run after this.
   */
  check(statement: Statement, values: Values, judge: (changes: number) => void): void;
  /** The same for the first row of a query. */
  look<Row>(query: Query<Row>, values: Values, judge: (row: Row | undefined) => void): void;
  /** Whether an answer is there at once, and takes no round trip. */
  readonly isNear: boolean;
  /** Grows with each statement that may have changed something. */
  readonly written: number;
  begin(): void;
  /** Takes the transaction back, if there is one. */
  rollback(): void;
  /** The error with a code for whatever the driver threw; the driver's own words are in its `cause`. */
  coded(error: unknown): PersonaError;
}

/** What a program waits for: rows, or that all it has run is done and judged, or that this is on the disk. */
export type Wait = { readonly query: Query<unknown>; readonly values: Values } | "done" | "committed";

/** A function that waits in between; its connection goes on with it when it can. */
export type Program<Result> = Generator<Wait, Result, unknown>;

/** The rows of a query, for a program: `yield* all(…)`. */
export function* all<Row>(query: Query<Row>, values: Values = []): Program<readonly Row[]> {
  return (yield { query, values }) as readonly Row[];
}

/** Its first row. */
export function* first<Row>(query: Query<Row>, values: Values = []): Program<Row | undefined> {
  return (yield* all(query, values))[0];
}

export function isProgram(answer: unknown): answer is Program<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.iterator in answer && "next" in answer;
}

/** Where rows are read from. Those of SQLite are there at once. */
export interface Source {
  all<Row>(query: Query<Row>, values?: Values): readonly Row[] | Promise<readonly Row[]>;
  /** The rows of one query for each of several lists of values. */
  each<Row>(
    query: Query<Row>,
    lists: readonly Values[],
  ): readonly (readonly Row[])[] | Promise<readonly (readonly Row[])[]>;
}

export function statement(sql: string): Statement {
  return { sql, number: statements++ };
}

export function query<Row>(sql: string): Query<Row> {
  return statement(sql);
}

let statements = 0;
