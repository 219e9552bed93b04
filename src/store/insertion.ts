import type { Values } from "./columns.ts";
import { type Connection, type Statement, statement } from "./query.ts";

/** Rows of one statement: written one by one they take more than twice as long. */
const TOGETHER = 16;

/** How rows are inserted into a table. */
export interface Insertion {
  /** Values of a row. */
  readonly width: number;
  readonly one: Statement;
  readonly several: Statement;
}

/** @param into The table with its columns. @param row What is written into these: `?, ?, 'declined'`. */
export function insertion(into: string, row: string): Insertion {
  const rows = (count: number) => statement(`INSERT INTO ${into} VALUES ${Array(count).fill(`(${row})`).join(", ")}`);
  return { width: row.split("?").length - 1, one: rows(1), several: rows(TOGETHER) };
}

/** @param values Those of all rows, one after the other. */
export function insertRows(connection: Connection, { width, one, several }: Insertion, values: Values): void {
  if (values.length === width) {
    connection.run(one, values);
    return;
  }
  let start = 0;
  const run = (insert: Statement, size: number) => {
    for (; start + size <= values.length; start += size) connection.run(insert, values.slice(start, start + size));
  };
  run(several, TOGETHER * width);
  run(one, width);
}
