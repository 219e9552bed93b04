import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KEYS, keyName } from "../../src/config/keys.ts";
import { configAsJson, exampleConfig, printConfig } from "../../src/config/print.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ROOT, temporaryFolder } from "../support/command-line.ts";

/** Resolves a text as the configuration file. */
function resolved(toml: string, environment: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "persona-runtime.toml"), toml);
  return resolveConfig({ environment, flags: [], folder });
}

test("what is printed is TOML that gives the same again, with the origin of each value", async () => {
  const first = await resolved("[server]\nport = 1\n[runtime]\nseed = 7", { PERSONA_RUNTIME_LOG_LEVEL: "info" });
  const printed = printConfig(first);
  expect(printed).toMatch(/^port = 1 +# persona-runtime\.toml:2:1$/m);
  expect(printed).toMatch(/^level = "info" +# PERSONA_RUNTIME_LOG_LEVEL$/m);
  expect(printed).toMatch(/^host = "127\.0\.0\.1" +# default$/m);
  expect(printed).toMatch(/^# store +# not set$/m);
  expect((await resolved(printed)).config).toEqual(first.config);
});

test("as JSON it has every key", async () => {
  const { settings } = configAsJson(await resolved("[server]\nport = 1")) as { settings: Record<string, unknown> };
  expect(settings["server.port"]).toEqual({
    value: 1,
    origin: { from: "file", file: "persona-runtime.toml", line: 2, column: 1 },
  });
  for (const { path } of KEYS) if (!path.includes("*")) expect(settings).toHaveProperty([keyName(path)]);
});

test("the example names every key, and is right when it is uncommented", async () => {
  const example = exampleConfig();
  const lines = example.split("\n").map((line) => line.replace(/^# (?=\[|[\w-]+ = )/, ""));
  // They stand for others, which are there.
  const instead = ["server.store", "auth.jwt.secret"];
  const toml = lines.filter((line) => !/^(?:store|secret) = /.test(line)).join("\n");
  const variables = [...toml.matchAll(/env = "(\w+)"/g)].map(([, name = ""]) => [name, "secret"] as const);
  const { settings } = await resolved(toml, Object.fromEntries(variables));
  const given = settings.filter(({ origin }) => origin.from === "file").map(({ path }) => keyName(path));
  expect(given).toEqual(KEYS.map(({ example: path }) => keyName(path)).filter((name) => !instead.includes(name)));
  await expect(resolved(example)).resolves.toMatchObject({ config: (await resolved("")).config });
});

test("the example at the top of the repository is that of this version", () => {
  // `npm run generate` writes it.
  expect(readFileSync(join(ROOT, "server.example.toml"), "utf8")).toBe(exampleConfig());
});

test("a secret is not printed", async () => {
  const secret = "0123456789abcdef0123456789abcdef";
  const toml = `[auth.jwt]\nissuer = "i"\naudience = "a"\nsecret = "${secret}"`;
  const configuration = await resolved(toml);
  expect(printConfig(configuration)).toMatch(/^secret = "<set>" +# persona-runtime\.toml:4:1$/m);
  const everything = printConfig(configuration) + JSON.stringify(configAsJson(configuration));
  expect(everything).not.toContain(secret);
});
