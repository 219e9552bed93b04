import { join } from "node:path";
import { describe } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { behavesLikeAStore } from "./behaviour.ts";
import { tempFolder } from "./temp-folder.ts";

describe("the SQLite store", () =>
  behavesLikeAStore((options) => openSqliteStore(join(tempFolder(), "personas.db"), options)));
