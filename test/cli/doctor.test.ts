import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { addon, clock, eventLoop } from "../../src/cli/doctor/machine.ts";
import { PersonaError } from "../../src/errors.ts";
import { personaRuntime, startServer, temporaryFolder } from "../support/command-line.ts";

/** What it finds, by name; and its exit code. */
async function doctor(...words: string[]) {
  const { code, stdout, stderr } = await personaRuntime("doctor", "--json", ...words);
  expect(stderr).toBe("");
  const findings = JSON.parse(stdout) as Finding[];
  for (const { state, advice } of findings) expect(advice === undefined).toBe(state === "ok");
  return { code, of: (name: string) => findings.find((finding) => finding.name === name) };
}

/** Something else that listens on a port of this machine. */
async function listening(status: number): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(status).end("{}");
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("where all is well it says so, line by line", async () => {
  const { code, stdout } = await personaRuntime("doctor", "--port", "0", "--data", join(temporaryFolder(), "new"));
  expect(stdout).not.toContain("FAILURE");
  for (const name of ["node", "addon", "event loop", "configuration", "folder", "disk", "database", "clock", "port"])
    expect(stdout).toMatch(new RegExp(`^(ok|warning) +${name} `, "m"));
  expect(code).toBe(0);
});

test("a wrong configuration is told with its line, and what hangs on it is not looked at", async () => {
  const file = join(temporaryFolder(), "x.toml");
  writeFileSync(file, "[server]\nprot = 1\n");
  const { code, of } = await doctor("--config", file);
  expect(code).toBe(1);
  expect(of("configuration")).toMatchObject({ state: "failure", found: expect.stringContaining(`${file}:2:1: `) });
  expect(of("database")).toBeUndefined();
});

test("a server that runs is no fault: neither its port nor its database", async () => {
  const store = join(temporaryFolder(), "x.db");
  const server = await startServer("--store", store);
  const { code, of } = await doctor("--store", store, "--port", new URL(server.url).port);
  expect(of("port")).toMatchObject({ state: "ok", found: expect.stringContaining("a persona-runtime server runs") });
  expect(of("owner")).toMatchObject({ state: "ok", found: expect.stringContaining(`Process ${server.pid} `) });
  expect(of("database")).toMatchObject({ state: "ok", found: expect.stringContaining("is whole") });
  expect(code).toBe(0);
  server.kill("SIGTERM");
  await server.ended;
  expect((await doctor("--store", store, "--port", "0")).of("owner")?.found).toBe("no server has it open");
});

describe("what fails, and what to do", () => {
  test.each<[string, string, Partial<Finding>]>([
    ["that is right", '[[roles]]\nid = "a"\ndisplay_name = "A"\nsystem_prompt = "x"\n', { state: "ok" }],
    ["with a broken entry", '[[roles]]\nid = "a"\n', { state: "warning", found: expect.stringContaining("2 faults") }],
    ["that is no TOML", "[[roles]\n", { state: "failure", found: expect.stringContaining("is not TOML (line ") }],
  ])("a seed file %s", async (_, toml, finding) => {
    const file = join(temporaryFolder(), "seeds.toml");
    writeFileSync(file, toml);
    const { code, of } = await doctor("--seeds", file, "--store", "memory", "--port", "0");
    expect(of("seeds")).toMatchObject(finding);
    expect(code).toBe(finding.state === "failure" ? 1 : 0);
  });

  test("a port of another program", async () => {
    const { code, of } = await doctor("--store", "memory", "--port", String(await listening(200)));
    expect(code).toBe(1);
    expect(of("port")).toMatchObject({ state: "failure", advice: expect.stringContaining("--port") });
    expect(of("database")).toMatchObject({ state: "warning" });
  });

  test("an address that others reach, without authentication", async () => {
    const { of } = await doctor("--store", "memory", "--port", "0", "--host", "0.0.0.0");
    expect(of("port")).toMatchObject({ state: "failure", advice: expect.stringContaining("auth.mode") });
  });

  test("a damaged and a foreign database", async () => {
    const store = join(temporaryFolder(), "x.db");
    writeFileSync(store, "This is not a database. ".repeat(1000));
    const { code, of } = await doctor("--store", store, "--port", "0");
    expect(code).toBe(1);
    expect(of("database")).toMatchObject({ state: "failure", advice: expect.stringContaining("backup") });
  });

  test("providers that do not answer, do not take the key, or may not be called", async () => {
    const file = join(temporaryFolder(), "x.toml");
    const [well, refuses, broken] = [await listening(200), await listening(401), await listening(503)];
    const provider = (name: string, port: number, more = "") =>
      `[providers.${name}]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:${port}/v1"\nallow_private = true\n${more}`;
    const metadata = '[providers.inner]\nkind = "openai-compatible"\nbase_url = "https://169.254.169.254/v1"\n';
    const toml = [
      provider("well", well),
      provider("refuses", refuses, 'api_key = "k-secret"\n'),
      provider("broken", broken),
      provider("gone", 9),
      metadata,
    ];
    writeFileSync(file, toml.join(""));
    const { code, of } = await doctor("--config", file, "--store", "memory", "--port", "0");
    expect(code).toBe(1);
    expect(of("provider well")).toMatchObject({ state: "ok" });
    expect(of("provider refuses")).toMatchObject({ state: "failure", advice: expect.stringContaining("api_key") });
    expect(of("provider broken")).toMatchObject({ state: "warning" });
    expect(of("provider gone")).toMatchObject({ state: "failure", found: expect.stringContaining("does not answer") });
    expect(of("provider inner")).toMatchObject({
      state: "failure",
      found: "https://169.254.169.254 may not be called",
    });
  });
});

test("an addon that is missing, a clock that is wrong, a machine that is busy", async () => {
  const missing = () => {
    throw new PersonaError("addon_missing", "Build it.");
  };
  expect(addon(missing)).toMatchObject({ state: "failure", advice: "Build it." });
  const now = Date.UTC(2026, 0, 1);
  expect(clock(Date.UTC(2001, 0, 1), undefined)).toMatchObject({ state: "failure" });
  expect(clock(now, now + 3_600_000)).toMatchObject({ state: "warning" });
  expect(clock(now, now - 1)).toMatchObject({ state: "ok" });
  const block = async (ms: number) => {
    const end = performance.now() + ms + 120;
    while (performance.now() < end);
  };
  let first = true;
  const once = async (ms: number) => {
    if (first) await block(ms);
    first = false;
  };
  expect(await eventLoop(once)).toMatchObject({ state: "warning", advice: expect.stringContaining("busy") });
});
