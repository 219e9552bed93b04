/** What learns does so over every store; `test/mapping/learning.test.ts` is the one in memory. */
import { join } from "node:path";
import { describe } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { learns } from "../mapping/learns.ts";
import { tempFolder } from "../store/temp-folder.ts";

describe("learning over SQLite", () =>
  learns((options) => openSqliteStore(join(tempFolder(), "personas.db"), options)));
