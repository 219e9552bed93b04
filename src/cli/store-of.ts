import { join } from "node:path";
import type { Config } from "../config/schema.ts";

/** The database file, the URL of a PostgreSQL database, or `"memory"`. */
export function storeOf({ data, store }: Config["server"]): string {
  return store ?? join(data, "persona-runtime.db");
}
