import { expect, it } from "vitest";
import { ManualClock } from "../../../src/clock.ts";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { anObservation } from "../mapping/rows.ts";
import { NOW, withItems } from "../rows.ts";
import { postgres } from "./server.ts";

const database = postgres();

it("keeps observations as they are in PostgreSQL, whoever asks", async () => {
  const schema = database.schema();
  const store = await openPostgresStore(database.server.url(schema), { clock: new ManualClock(NOW) });
  const row = anObservation(store);
  await store.append({ ...withItems(store, 1), along: { observations: [row] } });
  await store.close();
  const run = (sql: string) => database.server.query(`SET search_path = ${schema}; ${sql}`);
  await expect(run("UPDATE observation SET content = '{}'")).rejects.toThrow("never changed");
  await expect(run("DELETE FROM observation")).rejects.toThrow("only with their person");
  await expect(run("TRUNCATE observation")).rejects.toThrow("never changed");
  const found = await run("SELECT key, content FROM observation");
  expect(found).toEqual([{ key: String(row.key), content: row.content }]);
});

it("goes by the erasures of its own schema, wherever a session looks first", async () => {
  const [schema, other] = [database.schema(), database.schema()];
  const store = await openPostgresStore(database.server.url(schema), { clock: new ManualClock(NOW) });
  const row = anObservation(store);
  await store.append({ ...withItems(store, 1), along: { observations: [row] } });
  await store.close();
  const remove = (session: string) => database.server.query(`${session}; DELETE FROM ${schema}.observation`);
  const erasing = `erasing AS SELECT tenant, person FROM ${schema}.observation`;
  // Each is undone with the statement that fails.
  for (const session of [
    `CREATE SCHEMA ${other}; SET search_path = ${other}`,
    `CREATE SCHEMA ${other}; CREATE TABLE ${other}.${erasing}; SET search_path = ${other}`,
    `CREATE TEMPORARY TABLE ${erasing}; SET search_path = ${schema}`,
  ]) {
    await expect(remove(session), session).rejects.toThrow("observations go only with their person");
  }
  await database.server.query(`
    INSERT INTO ${schema}.erasing (tenant, person) SELECT tenant, person FROM ${schema}.observation;
    DELETE FROM ${schema}.observation`);
  expect(await database.server.query(`SELECT key FROM ${schema}.observation`)).toEqual([]);
});
