import { describe } from "vitest";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { behavesLikeAStore } from "../behaviour.ts";
import { postgres } from "./server.ts";

describe("the PostgreSQL store", () => {
  const database = postgres();
  behavesLikeAStore((options) => openPostgresStore(database.url(), options));
});
