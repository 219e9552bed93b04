import { join } from "node:path";
import Database from "better-sqlite3";
import pg from "pg";
import { inSqlite, MIGRATIONS } from "../../src/store/migrations.ts";
import { temporaryFolder } from "../support/command-line.ts";

/** Writes the rows of a PostgreSQL store into a file of SQLite, so that one audit is for both. */
export async function copied(url: string): Promise<string> {
  const file = join(temporaryFolder(), "copied.db");
  const copy = new Database(file);
  const { searchParams } = new URL(url.replace("@/", "@localhost/"));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // The server may still be committing what a killed process has sent.
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query(`SET search_path = ${searchParams.get("schema")}`);
    for (const migration of MIGRATIONS) copy.exec(inSqlite(migration));
    // Each database indexes narratives in its own way.
    const tables = copy
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'narrative%'")
      .pluck()
      .all() as string[];
    for (const table of tables) {
      const { rows, fields } = await client.query({ text: `SELECT * FROM ${table}`, rowMode: "array" });
      const columns = fields.map(({ name }) => `"${name}"`).join(", ");
      const insert = copy.prepare(`INSERT INTO ${table} (${columns}) VALUES (${fields.map(() => "?").join(", ")})`);
      const isNumber = fields.map(({ dataTypeID }) => dataTypeID === pg.types.builtins.INT8);
      const values = (row: unknown[]) =>
        row.map((value, index) => (isNumber[index] && value !== null ? Number(value) : value));
      copy.transaction(() => rows.forEach((row) => void insert.run(values(row))))();
    }
    return file;
  } finally {
    copy.close();
    await client.end();
  }
}
