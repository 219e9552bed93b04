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
