import type { Clock } from "../../clock.ts";
import { Feed } from "../feed.ts";
import { Keys } from "../keys.ts";
import type { Store } from "../port.ts";
import { SqlStore, type SqlStoreOptions } from "../sql-store.ts";
import { loadDriver } from "./driver.ts";
import { postgresError } from "./errors.ts";
import { Link } from "./link.ts";
import { Reading } from "./reading.ts";
import { lock, prepareSchema } from "./schema.ts";
import { targetOf } from "./target.ts";
import { PostgresWriter } from "./writer.ts";

export interface PostgresStoreOptions extends SqlStoreOptions {
  readonly clock: Clock;
  /** So long commands and reads wait for a server that is away; then they fail, until it is back. Default 10 s. */
  readonly patienceMs?: number;
  /** So long the server may be silent while it is asked something; then its connection is given up. Default 40 s. */
  readonly answerMs?: number;
}

/** The server gives a statement up before we give up the connection. */
const STATEMENT_MS = 30_000;

/**
 * Opens a schema of a PostgreSQL database (`targetOf`), or makes it. It needs sessions of its own: no pooler that hands
 * them on between transactions. Fails with `store_locked` if another process, or this one, has it open; `store_foreign`,
 * `store_newer`, `store_corrupt`, `store_read_only`, `store_unavailable`, `package_missing`, `invalid_input`.
 */
export async function openPostgresStore(url: string, options: PostgresStoreOptions): Promise<Store> {
  const { clock, salt, keepChanges = 100_000, keepIdempotencyMs = 24 * 3_600_000 } = options;
  const { patienceMs = 10_000, answerMs = STATEMENT_MS + 10_000 } = options;
  const target = targetOf(url);
  const { schema } = target;
  const driver = await loadDriver();
  const open = (settings: Readonly<Record<string, string>>) => Link.open({ driver, target, clock, settings, answerMs });
  let link: Link | undefined;
  try {
    // Statements may take long here: an old database is made ready.
    link = await open(WRITING);
    await lock(link, schema);
    const { lastKey, ...identity } = await prepareSchema(link, schema, clock, { now: clock.now(), salt, keepChanges });
    await link.run(`SET statement_timeout = ${STATEMENT_MS}`);
    const keys = new Keys(clock, lastKey);
    const feed = new Feed();
    const writer = await PostgresWriter.start(link, {
      clock,
      schema,
      epoch: identity.epoch,
      keepChanges,
      patienceMs,
      open: () => open({ ...WRITING, statement_timeout: `${STATEMENT_MS}` }),
      lastKey: () => keys.last,
      deliver: (items) => feed.deliver(items),
    });
    const reading = new Reading({
      clock,
      patienceMs,
      open: () => open({ default_transaction_read_only: "on", statement_timeout: `${STATEMENT_MS}` }),
    });
    return new SqlStore({
      ...identity,
      kind: "postgres",
      keepIdempotencyMs,
      keys,
      feed,
      queue: writer.queue,
      source: reading,
      coded: postgresError,
      shut: async () => {
        await reading.close();
        await writer.close();
      },
    });
  } catch (error) {
    await link?.close();
    throw postgresError(error);
  }
}

/** What was acknowledged is on the disk, whatever the server's default; a lock that nobody uses ends nothing. */
const WRITING = { synchronous_commit: "on", idle_session_timeout: "0", idle_in_transaction_session_timeout: "0" };
