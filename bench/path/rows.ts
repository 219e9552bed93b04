import Database from "better-sqlite3";
import { assertCounts } from "./workload.ts";

/** One message, turn, reply and outcome each: nothing was lost, repeated or merged. */
export function assertRows(file: string, total: number): void {
  const database = new Database(file, { readonly: true });
  const found = database
    .prepare(`
      SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM inbox) AS waiting,
        (SELECT count(*) FROM turn WHERE outcome = 'answered') AS turns,
        (SELECT count(DISTINCT message) FROM outcome WHERE outcome = 'answered') AS answered`)
    .get() as Record<string, number>;
  database.close();
  assertCounts(found, { messages: 2 * total, waiting: 0, turns: total, answered: total });
}
