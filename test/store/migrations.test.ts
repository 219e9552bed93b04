import { join } from "node:path";
import Database from "better-sqlite3";
import { it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { inSqlite, MIGRATIONS } from "../../src/store/migrations.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { NOW } from "./rows.ts";
import { tempFolder } from "./temp-folder.ts";
import { isBroughtForward, ROWS_OF_VERSION_1 } from "./version-1.ts";

it("brings a database of version 1 forward: what waits goes on, what was dead can be replayed", async () => {
  const file = join(tempFolder(), "personas.db");
  const before = new Database(file);
  before.exec(inSqlite(MIGRATIONS[0] ?? ""));
  before.exec(ROWS_OF_VERSION_1);
  before.pragma("application_id = 0x7072736e");
  before.pragma("user_version = 1");
  before.close();

  const store = await openSqliteStore(file, { clock: new ManualClock(NOW) });
  onTestFinished(() => store.close());
  await isBroughtForward(store);
});
