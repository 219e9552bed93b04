/** What learns does so over every store; `test/mapping/learning.test.ts` is the one in memory. */
import { join } from "node:path";
import { describe } from "vitest";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { learns } from "../mapping/learns.ts";
import { postgres } from "../store/postgres/server.ts";
import { tempFolder } from "../store/temp-folder.ts";

describe("learning over SQLite", () =>
  learns((options) => openSqliteStore(join(tempFolder(), "personas.db"), options)));

describe("learning over PostgreSQL", () => {
  const database = postgres();
  learns((options) => openPostgresStore(database.url(), options));
});
