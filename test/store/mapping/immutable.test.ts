/** What the database itself refuses, whoever asks: to change an observation, or to delete it without its person. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../../src/clock.ts";
import type { Store } from "../../../src/store/port.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { NOW, withItems } from "../rows.ts";
import { tempFolder } from "../temp-folder.ts";
import { ADA, anObservation } from "./rows.ts";

it("keeps observations as they are in SQLite", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: new ManualClock(NOW) });
  const row = await observed(store);
  await store.close();
  const database = new Database(file);
  onTestFinished(() => void database.close());
  const run = (sql: string) => () => void database.prepare(sql).run();
  expect(run("UPDATE observation SET content = '{}'")).toThrow("never changed");
  expect(run("DELETE FROM observation")).toThrow("only with their person");
  expect(run("DELETE FROM mapping_subject")).not.toThrow();
  run("REPLACE INTO observation SELECT key, tenant, person, id, type, '{}', '{}', 0, 0, 'x' FROM observation")();
  run("REPLACE INTO observation SELECT key + 1, tenant, person, id, type, '{}', '{}', 0, 0, 'x' FROM observation")();
  expect(database.prepare("SELECT key, content FROM observation").all()).toEqual([
    { key: row.key, content: row.content },
  ]);
});

async function observed(store: Store) {
  const row = anObservation(store, ADA);
  await store.append({ ...withItems(store, 1), along: { observations: [row] } });
  return row;
}
