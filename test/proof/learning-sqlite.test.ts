/** What learns, and what is made of it, is the same over every store; `test/mapping` has the one in memory. */
import { join } from "node:path";
import { describe } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { learns } from "../mapping/learns.ts";
import { publishes } from "../mapping/publishes.ts";
import type { OpenStore } from "../mapping/study.ts";
import { tempFolder } from "../store/temp-folder.ts";

describe("over SQLite", () => {
  const open: OpenStore = (options) => openSqliteStore(join(tempFolder(), "personas.db"), options);
  learns(open);
  publishes(open);
});
