import { mkdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import Database from "better-sqlite3";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { prepareDatabase } from "./database.ts";
import { Feed } from "./feed.ts";
import { Keys } from "./keys.ts";
import { claimOwnership } from "./owner.ts";
import type { Store } from "./port.ts";
import { SqlStore, type SqlStoreOptions } from "./sql-store.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { storeError } from "./sqlite-errors.ts";
import { WriterThread } from "./writer-thread.ts";

export interface SqliteStoreOptions extends SqlStoreOptions {
  readonly clock: Clock;
}

/**
 * Opens a database file, or makes it together with its folder. Fails with `store_locked` if another
 * process, or this one, has it open; `store_foreign`, `store_newer`, `store_corrupt`, `store_read_only`.
 */
export async function openSqliteStore(file: string, options: SqliteStoreOptions): Promise<Store> {
  const { clock, salt, keepChanges = 100_000, keepIdempotencyMs = 24 * 3_600_000 } = options;
  let release: (() => void) | undefined;
  let database: Database.Database | undefined;
  try {
    const path = canonicalPath(file);
    release = claimOwnership(path, clock);
    const { lastKey, ...identity } = prepareDatabase(path, { now: clock.now(), salt, keepChanges });
    const keys = new Keys(clock, lastKey);
    const feed = new Feed();
    const reading = new Database(path, { readonly: true, fileMustExist: true });
    database = reading;
    const writer = await WriterThread.start({
      file: path,
      epoch: identity.epoch,
      keepChanges,
      lastKey: () => keys.last,
      deliver: (items) => feed.deliver(items),
    });
    const number = fileNumber(path);
    return new SqlStore({
      ...identity,
      kind: "sqlite",
      keepIdempotencyMs,
      keys,
      feed,
      queue: writer.queue,
      source: new SqliteConnection(reading),
      coded: storeError,
      assertThere: () => assertSameFile(path, number),
      shut: async () => {
        // The writer must be the last to leave: only a connection that writes can clear the log away.
        reading.close();
        await writer.close();
        release?.();
      },
    });
  } catch (error) {
    database?.close();
    release?.();
    throw storeError(error);
  }
}

/** What is written into a file that was deleted or replaced is lost, although nothing says so. */
function assertSameFile(path: string, number: number | undefined): void {
  if (fileNumber(path) !== number) {
    throw new PersonaError(
      "store_unavailable",
      "The database's file was deleted or replaced; restart with the right one.",
    );
  }
}

function fileNumber(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** One name for one file, whatever links lead to it: the owner's file stands beside the real one. */
function canonicalPath(file: string): string {
  const path = resolve(file);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing === undefined) return join(realpathSync(dirname(path)), basename(path));
    if (existing.isFile()) return realpathSync(path);
  } catch (cause) {
    throw new PersonaError("store_read_only", "The database's folder cannot be used; name another.", { cause });
  }
  throw new PersonaError("store_read_only", "The database's name is that of a folder or device; name a file.");
}
