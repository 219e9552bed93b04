/** Each key of the schema, broken in each source. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { KEYS, type Key, keyName } from "../../src/config/keys.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { type Flag, variableName } from "../../src/config/sources.ts";
import { temporaryFolder } from "../support/command-line.ts";

/** Wrong for one kind of key or another; each key must refuse at least one that is written as a text, and one of TOML. */
const WRONG_TEXTS = ["wrong", " ", "-1", "[]", '{ env = "PERSONA_TEST_NOWHERE" }', "1e99"];
const WRONG_TOML = ["{ wrong = 1 }", "1979-05-27", "[[]]"];

interface Written {
  readonly toml?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: readonly Flag[];
}

/** What is said of one key. */
async function faultsOf({ example }: Key, { toml = "", environment = {}, flags = [] }: Written) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "persona-runtime.toml"), toml);
  const error = await resolveConfig({ environment, flags, folder }).catch((reason: unknown) => reason);
  if (!(error instanceof ConfigError)) return undefined;
  expect(error.code).toBe("config_invalid");
  const said = error.fields.filter(({ field }) => field === keyName(example));
  return said.length === 0 ? undefined : { message: error.message, said, usage: error.usage };
}

/** The first of several ways to write it that is refused. */
async function refusal(key: Key, ways: readonly Written[]) {
  for (const way of ways) {
    const faults = await faultsOf(key, way);
    if (faults !== undefined) return faults;
  }
  return undefined;
}

/** `Example`s of chosen names stand in the file, so that the environment can name them. */
const inFile = ({ example }: Key, value: string) => `${keyName(example)} = ${value}`;

describe.each(KEYS.map((key) => ({ name: keyName(key.path), key })))("$name", ({ key }) => {
  const right = /\bmust (?:not )?be |\bmust (?:have|hold|name) |names the /;

  test("in the file", async () => {
    const found = await refusal(
      key,
      WRONG_TOML.map((value) => ({ toml: inFile(key, value) })),
    );
    expect(found?.message).toContain("persona-runtime.toml:1:1: ");
    expect(found?.said[0]?.message).toMatch(right);
  });

  test("in the environment", async () => {
    const name = variableName(key.example);
    const found = await refusal(
      key,
      WRONG_TEXTS.map((text) => ({ environment: { [name]: text } })),
    );
    // A name with characters that no variable has cannot be told from another one: the file must name it first.
    if (found === undefined) expect(key.path).toContain("*");
    else expect(found.message).toContain(`${name}: `);
    if (found !== undefined) expect(found.said[0]?.message).toMatch(right);
  });

  test("by --set", async () => {
    const found = await refusal(
      key,
      WRONG_TEXTS.map((text) => ({ flags: [{ flag: "--set", path: key.example, text }] })),
    );
    expect(found?.message).toContain("--set: ");
    expect(found?.said[0]?.message).toMatch(right);
  });
});

test("what is wrong with a secret never shows it", async () => {
  for (const key of KEYS.filter(({ about }) => about.secret === true)) {
    const toml = inFile(key, '{ hidden = "s3cret-s3cret" }');
    expect((await faultsOf(key, { toml }))?.message ?? "").not.toContain("s3cret");
  }
});

test("every key says something of its own", () => {
  // Two keys with one schema object would have one description, too.
  const said = KEYS.map(({ about }) => about);
  expect(new Set(said).size).toBe(KEYS.length);
});
