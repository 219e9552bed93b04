import Database from "better-sqlite3";
import pg from "pg";
import { assertCounts } from "./workload.ts";

const COUNT = `
  SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM inbox) AS waiting,
    (SELECT count(*) FROM turn WHERE outcome = 'answered') AS turns,
    (SELECT count(DISTINCT message) FROM outcome WHERE outcome = 'answered') AS answered`;

/** One message, turn, reply and outcome each: nothing was lost, repeated or merged. `store`: a file or a URL. */
export async function assertRows(store: string, total: number): Promise<void> {
  const found = store.startsWith("postgres:") ? await countInPostgres(store) : countInFile(store);
  assertCounts(found, { messages: 2 * total, waiting: 0, turns: total, answered: total });
}

function countInFile(file: string): Record<string, number> {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare(COUNT).get() as Record<string, number>;
  } finally {
    database.close();
  }
}

async function countInPostgres(url: string): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET search_path = ${new URL(url.replace("@/", "@localhost/")).searchParams.get("schema")}`);
    const { rows } = await client.query<Record<string, string>>(COUNT);
    return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, count]) => [name, Number(count)]));
  } finally {
    await client.end();
  }
}
