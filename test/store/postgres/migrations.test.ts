import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../../src/clock.ts";
import { inPostgres, MIGRATIONS } from "../../../src/store/migrations.ts";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { NOW } from "../rows.ts";
import { isBroughtForward, ROWS_OF_VERSION_1 } from "../version-1.ts";
import { postgres } from "./server.ts";

const database = postgres();

it("brings a schema of version 1 forward: what waits goes on, what was dead can be replayed", async () => {
  const schema = database.schema();
  const url = database.server.url(schema);
  // What a new schema has beside its migrations, made for another so that it is here as well.
  await (await openPostgresStore(database.server.url("other"), { clock: new ManualClock(NOW) })).close();
  await database.server.query(`
    CREATE SCHEMA ${schema};
    CREATE TABLE ${schema}.persona_runtime (LIKE other.persona_runtime);
    INSERT INTO ${schema}.persona_runtime SELECT * FROM other.persona_runtime;
    SET search_path = ${schema};
    UPDATE persona_runtime SET version = 1;
    ${inPostgres(MIGRATIONS[0] ?? "")}
    ${ROWS_OF_VERSION_1}`);
  const store = await openPostgresStore(url, { clock: new ManualClock(NOW) });
  onTestFinished(() => store.close());
  await isBroughtForward(store);
  const [{ version } = {}] = await database.server.query(`SELECT version FROM ${schema}.persona_runtime`);
  expect(version).toBe(String(MIGRATIONS.length));
});
