import { describe } from "vitest";
import { recovers } from "../recovery.ts";
import { postgres } from "./server.ts";

describe("the PostgreSQL store", () => {
  const database = postgres();
  recovers({
    fresh: () => database.url(),
    count: (url, rows) => database.count(url, rows),
    check: () => {},
    unowned: (url) => database.unowned(url),
  });
});
