import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { execute, inOneProcess, MAIN, personaRuntime, temporaryFolder } from "../support/command-line.ts";

/** Runs the command where a configuration file may lie. */
function runIn(folder: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return execute(process.execPath, [MAIN, ...words], { cwd: folder, env: { ...process.env, ...environment } });
}

test("words that are wrong are told in one line, and the exit code is 2", async () => {
  const wrong: readonly [string, string][] = [
    ["", "A command is missing; `serve` starts the server."],
    ["config", "A command is missing: `config print`, `config check`, `config example`."],
    ["mapper", "A command is missing: `mapper validate`."],
    ["server", "Unknown command 'server'. Did you mean serve?"],
    ["serve now", "Too many arguments for 'serve'."],
    ["serve --prot 1", "Unknown option '--prot'. Did you mean --port?"],
    ["serve --port", "Option '--port <PORT>' argument missing."],
    ["serve --port x", '--port: server.port must be a whole number from 0 to 65535, not "x"'],
    ["serve --port 65536", "not 65536"],
    ["serve --port 1.5", "not 1.5"],
    ["serve --port=-1", "not -1"],
    ["serve --grace-ms 3600001", "--grace-ms: server.grace_ms must be "],
    ["serve --data a --store b", "--store: server.store must not be given together with server.data (--data)"],
    ["serve --seeds a --seeds b", "--seeds: catalogue.seeds was given before (--seeds)"],
    ["serve --no-built-in --set catalogue.built_in=true", "catalogue.built_in was given before (--no-built-in)"],
    ["serve --set port", '--set takes KEY=VALUE, such as log.level=info, not "port".'],
    ["config print --set server.prot=1", "--set: server.prot is no known key; did you mean server.port?"],
  ];
  for (const [words, message] of wrong) {
    const ended = await inOneProcess(...words.split(" ").filter((word) => word !== ""));
    expect(ended, words).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
    expect(ended.stderr, words).toMatch(/^persona-runtime: (invalid_input|config_invalid): .*\n$/);
  }
});

test("every command says how it is used, with an example", async () => {
  const { stdout } = await personaRuntime("--help");
  const [, list = ""] = /Commands:\n(.*?)\n\n/s.exec(stdout) ?? [];
  const names = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name ?? "");
  expect(names).toContain("serve");
  for (const name of names) {
    const help = await inOneProcess(name, "--help");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(
      new RegExp(`^Usage: persona-runtime ${name}.*Examples?:\n  persona-runtime ${name}`, "s"),
    );
  }
});

describe("config", () => {
  test("print shows what is in force and why", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "persona-runtime.toml"), "[server]\nport = 1\ngrace_ms = 5\n");
    const environment = { PERSONA_RUNTIME_SERVER_GRACE_MS: "6", PERSONA_RUNTIME_LOG_LEVEL: "info" };
    const { stdout, code } = await runIn(folder, ["config", "print", "--set", "log.level=debug"], environment);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^port = 1 +# persona-runtime\.toml:2:1$/m);
    expect(stdout).toMatch(/^grace_ms = 6 +# PERSONA_RUNTIME_SERVER_GRACE_MS$/m);
    expect(stdout).toMatch(/^level = "debug" +# --set$/m);
    const json = await runIn(folder, ["config", "print", "--json"], environment);
    expect(JSON.parse(json.stdout)).toMatchObject({
      file: "persona-runtime.toml",
      settings: { "log.level": { value: "info", origin: { from: "environment", name: "PERSONA_RUNTIME_LOG_LEVEL" } } },
    });
  });

  test("check names everything that is wrong", async () => {
    const folder = temporaryFolder();
    expect(await runIn(folder, ["config", "check"])).toMatchObject({ code: 0, stderr: "" });
    writeFileSync(join(folder, "persona-runtime.toml"), "[server]\nport = 'x'\nprot = 1\n");
    expect(await runIn(folder, ["config", "check"])).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^persona-runtime: config_invalid: Several .*\n {2}persona-runtime\.toml:2:1: .*\n {2}persona-runtime\.toml:3:1: .*\n$/,
      ),
    });
  });

  test("example gives a file that is right", async () => {
    const folder = temporaryFolder();
    const { stdout } = await personaRuntime("config", "example");
    writeFileSync(join(folder, "mine.toml"), stdout);
    expect(await runIn(folder, ["config", "check", "--config", "mine.toml"])).toMatchObject({ code: 0, stderr: "" });
  });
});

test("whoever has read enough ends it quietly", async () => {
  const line = `"${process.execPath}" "${MAIN}" config example | head -1; exit "\${PIPESTATUS[0]}"`;
  const { code, stdout, stderr } = await execute("bash", ["-c", line]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^# Every key/);
});

test("serve does what the configuration says", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "persona-runtime.toml"), "[server]\nstore = 'memory'\nhost = '0.0.0.0'\n");
  expect(await runIn(folder, ["serve"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^persona-runtime: bind_refused: 0\.0\.0\.0 /),
  });
});
