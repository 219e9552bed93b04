/** A PostgreSQL database on the command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { printConfig } from "../../src/config/print.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { postgres } from "../store/postgres/server.ts";
import { personaRuntime, startServer, temporaryFolder } from "../support/command-line.ts";

const database = postgres();

test("a server keeps its catalogue there, and the doctor says who has it open", async () => {
  const url = database.url();
  const look = async () => {
    const { stdout, code } = await personaRuntime("doctor", "--json", "--store", url, "--port", "0");
    const findings = JSON.parse(stdout) as Finding[];
    return { code, of: (name: string) => findings.find((finding) => finding.name === name) };
  };
  expect((await look()).of("database")).toMatchObject({ state: "ok", found: expect.stringContaining("will be made") });
  const first = await startServer("--store", url);
  const made = await fetch(`${first.url}/v1/roles`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id: "aide", display_name: "Aide", system_prompt: "Be brief." }),
  });
  expect(made.status).toBe(201);
  const served = await look();
  expect(served.code).toBe(0);
  expect(served.of("database")).toMatchObject({ state: "ok", found: expect.stringContaining("is there (version ") });
  expect(served.of("owner")?.found).toContain(`process ${first.pid} on `);
  first.kill("SIGTERM");
  expect((await first.ended).code).toBe(0);
  expect((await look()).of("owner")?.found).toBe("no server has it open");
  const second = await startServer("--store", url);
  expect(await (await fetch(`${second.url}/v1/roles/aide`)).json()).toEqual(await made.json());
  second.kill("SIGTERM");
  await second.ended;
});

test("a database that cannot be reached is told without its password", async () => {
  const url = "postgres://user:s3cret@127.0.0.1:9/personas";
  const file = join(temporaryFolder(), "x.toml");
  writeFileSync(file, `[server]\nstore = "${url}"\nport = 0\n`);
  const doctor = await personaRuntime("doctor", "--config", file);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(/^FAILURE +database +The database cannot be reached/m);
  const served = await personaRuntime("serve", "--config", file);
  expect(served).toMatchObject({ code: 1, stderr: expect.stringMatching(/^persona-runtime: store_unavailable: /) });
  // A URL is not meant from the folder of the file, and what is printed has no password.
  const configuration = await resolveConfig({ file, environment: {}, flags: [] });
  expect(configuration.config.server.store).toBe(url);
  const printed = printConfig(configuration);
  expect(printed).toContain('store = "postgres://127.0.0.1:9/personas?schema=persona_runtime"');
  expect(printed + doctor.stdout + served.stderr).not.toContain("s3cret");
});
