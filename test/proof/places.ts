import { join } from "node:path";
import { postgres } from "../store/postgres/server.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { audit, type Found } from "./audit.ts";
import { copied } from "./copied.ts";

export interface Place {
  /** The name of a store that does not exist yet. */
  fresh(): string;
  /** Of a store that nobody has open. */
  audit(store: string): Found | Promise<Found>;
}

/** Where a store can be that outlives its process; each is called in the `describe` of its tests. And how often processes are killed under load there. */
export const PLACES: readonly (readonly [name: string, placed: () => Place, kills: number])[] = [
  ["SQLite", () => ({ fresh: () => join(temporaryFolder(), "fleet.db"), audit }), 50],
  [
    "PostgreSQL",
    () => {
      const database = postgres();
      return {
        fresh: () => database.url(),
        async audit(url) {
          await database.unowned(url);
          return audit(await copied(url));
        },
      };
    },
    // Rows are copied for each audit.
    10,
  ],
];
