import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { personaRuntime, startServer, temporaryFolder } from "../support/command-line.ts";

/** Changes a database that a server has made and let go. */
async function usedDatabase(file: string, sql: string): Promise<void> {
  const server = await startServer("--store", file, "--no-built-in");
  server.kill("SIGTERM");
  await server.ended;
  sqlite(file, sql);
}

function sqlite(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

test.each<[string, (file: string) => void | Promise<void>]>([
  ["store_corrupt", (file) => writeFileSync(file, "This is not a database. ".repeat(1000))],
  ["store_foreign", (file) => sqlite(file, "CREATE TABLE theirs (x)")],
  ["store_newer", (file) => usedDatabase(file, "PRAGMA user_version = 9999")],
  ["store_read_only", (file) => void mkdirSync(file)],
])("%s is one line on stderr", async (code, spoil) => {
  const file = join(temporaryFolder(), "persona-runtime.db");
  await spoil(file);
  expect(await personaRuntime("serve", "--port", "0", "--store", file)).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(new RegExp(`^persona-runtime: ${code}: .*\\n$`)),
  });
});
