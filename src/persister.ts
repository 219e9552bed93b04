import type { Persister } from "./catalogue/port.ts";
import { tablePersister } from "./catalogue/table-persister.ts";
import { type HostDatabase, openHostTable } from "./store/host-table.ts";

/**
 * Keeps a catalogue in a database that the host has opened: a `Database` of better-sqlite3, or a `Pool` or `Client` of
 * pg. It makes the table `catalogue_entry` there if it is missing, and never closes the database.
 *
 * Rejects with a `PersonaError`: `invalid_input` for anything else, `store_foreign` when another program's table
 * has that name, `store_*` when it cannot be made.
 */
export async function persister(options: { readonly database: HostDatabase }): Promise<Persister> {
  return tablePersister(await openHostTable(options?.database));
}
