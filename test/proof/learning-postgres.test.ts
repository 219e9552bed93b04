/** What learns, and what is made of it, is the same over every store; `test/mapping` has the one in memory. */
import { describe } from "vitest";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { learns } from "../mapping/learns.ts";
import { publishes } from "../mapping/publishes.ts";
import type { OpenStore } from "../mapping/study.ts";
import { postgres } from "../store/postgres/server.ts";

describe("over PostgreSQL", () => {
  const database = postgres();
  const open: OpenStore = (options) => openPostgresStore(database.url(), options);
  learns(open);
  publishes(open);
});
