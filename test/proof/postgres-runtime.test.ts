/** The suites of the runtime, which run in memory elsewhere, over a real PostgreSQL server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { needs } from "../support/needs.ts";
import { PostgresServer } from "../support/postgres-server.ts";

needs("postgres");

it("holds whatever holds in memory", { timeout: 3_600_000 }, async () => {
  const server = await PostgresServer.start({ settings: { max_connections: "500" } });
  onTestFinished(() => server.close());
  const url = `postgres://postgres@/postgres?${new URLSearchParams({ host: server.folder })}`;
  const run = spawn("vitest", ["run", "test/runtime"], {
    env: { ...process.env, PERSONA_TEST_STORE: url, VITEST_RESULTS: undefined, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const hear = (chunk: Buffer) => {
    said += chunk;
  };
  for (const stream of [run.stdout, run.stderr]) stream.on("data", hear);
  const [code] = await once(run, "exit");
  expect(code, said.slice(-20_000)).toBe(0);
  const [{ schemas } = {}] = await server.query(
    "SELECT count(*) AS schemas FROM pg_namespace WHERE nspname LIKE 't\\_%'",
  );
  expect(Number(schemas)).toBeGreaterThan(200);
});
