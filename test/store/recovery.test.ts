import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect } from "vitest";
import { recovers } from "./recovery.ts";
import { tempFolder } from "./temp-folder.ts";

describe("the SQLite store", () =>
  recovers({
    fresh: () => join(tempFolder(), "personas.db"),
    count: (file, rows) =>
      reading(file, (database) => database.prepare(`SELECT count(*) FROM ${rows}`).pluck().get() as number),
    check: (file) => {
      expect(reading(file, (database) => database.pragma("integrity_check", { simple: true }))).toBe("ok");
    },
  }));

function reading<T>(file: string, read: (database: Database.Database) => T): T {
  const database = new Database(file, { readonly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
