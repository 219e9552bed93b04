/** What learns does so over every store; `test/mapping/learning.test.ts` is the one in memory. */
import { describe } from "vitest";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { learns } from "../mapping/learns.ts";
import { postgres } from "../store/postgres/server.ts";

describe("learning over PostgreSQL", () => {
  const database = postgres();
  learns((options) => openPostgresStore(database.url(), options));
});
