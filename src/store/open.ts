import type { Clock } from "../clock.ts";
import { openMemoryStore } from "./memory.ts";
import type { Store } from "./port.ts";
import { isPostgresUrl } from "./postgres/target.ts";
import { openSqliteStore } from "./sqlite.ts";

/** Opens the store that a name stands for: `"memory"`, the URL of a PostgreSQL database, or a file of SQLite. */
export async function openStore(name: string, options: { readonly clock: Clock }): Promise<Store> {
  if (name === "memory") return openMemoryStore(options);
  if (!isPostgresUrl(name)) return openSqliteStore(name, options);
  const { openPostgresStore } = await import("./postgres/store.ts");
  return openPostgresStore(name, options);
}
