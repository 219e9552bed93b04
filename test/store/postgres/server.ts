import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import { lockNumber } from "../../../src/store/postgres/schema.ts";
import { needs } from "../../support/needs.ts";
import { PostgresServer, type PostgresServerOptions } from "../../support/postgres-server.ts";

/** One server for all tests of a file, and names of schemas that no test has had before. */
export function postgres(options: PostgresServerOptions = {}) {
  needs("postgres");
  let server: PostgresServer | undefined;
  let schemas = 0;
  beforeAll(async () => {
    if (PostgresServer.programs() !== undefined) server = await PostgresServer.start(options);
  });
  afterAll(() => server?.close());
  return {
    get server(): PostgresServer {
      if (server === undefined) throw new Error("the server is started before the first test");
      return server;
    },
    /** A schema that does not exist yet. */
    schema(): string {
      schemas += 1;
      return `test_${schemas}`;
    },
    /** Counts rows of the store behind its back. */
    async count(url: string, rows: string): Promise<number> {
      const [row] = await this.server.query<{ count: string }>(
        `SET search_path = ${schemaOf(url)}; SELECT count(*) FROM ${rows}`,
      );
      return Number(row?.count);
    },
    /** Resolves when nobody owns the schema: of a process that was killed the server may hear a moment later. */
    async unowned(url: string): Promise<void> {
      const lock = lockNumber(schemaOf(url));
      const owners = () => this.server.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lock}`);
      while ((await owners()).length > 0) await setTimeout(5);
    },
    /** The URL of a schema that does not exist yet. */
    url(): string {
      return this.server.url(this.schema());
    },
  };
}

function schemaOf(url: string): string {
  return new URL(url.replace("@/", "@localhost/")).searchParams.get("schema") ?? "";
}
