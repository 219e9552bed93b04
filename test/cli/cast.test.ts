import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadCast } from "../../src/cli/cast.ts";
import { temporaryFolder } from "../support/command-line.ts";

function load(content: string | Uint8Array) {
  const file = join(temporaryFolder(), "cast.json");
  writeFileSync(file, content);
  return loadCast(file);
}

test("the built-in cast keeps the rules of any other", async () => {
  const cast = await loadCast("built-in");
  expect(cast.length).toBeGreaterThanOrEqual(3);
  await expect(load(JSON.stringify(cast))).resolves.toMatchObject(cast);
});

test("a cast file may be empty, and may carry everything that a persona is", async () => {
  await expect(load("[]")).resolves.toEqual([]);
  const persona = { id: "a", name: "A", instructions: "Be brief.", model: "p:m", settings: { maxParallelTurns: 3 } };
  await expect(load(JSON.stringify([persona]))).resolves.toMatchObject([persona]);
});

test.each<[string, string, readonly string[]]>([
  ["no persona", "{}", ["[0].id:", "[0].name:"]],
  ["no list", "7", ["must be a list of personas"]],
  ["no JSON", "[{", ["is not JSON"]],
  ["an empty file", "", ["is not JSON"]],
  ["several broken fields", '[{"id":"a","name":"A"},{"id":"B","name":" ","nick":1}]', ["[1].id:", "[1].name:", "nick"]],
  ["a broken setting", '[{"id":"a","name":"A","settings":{"maxQueued":0}}]', ["[0].settings.maxQueued:"]],
  ["one id twice", '[{"id":"a","name":"A"},{"id":"a","name":"B"}]', ['[1].id: "a" stands here twice']],
])("a cast file with %s is refused, naming what is wrong", async (_, content, parts) => {
  const failure = await load(content).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "invalid_input" });
  for (const part of parts) expect(String(failure)).toContain(part);
});

test("a cast file that is not there says how to name one", async () => {
  await expect(loadCast("nowhere.json")).rejects.toThrow(
    /nowhere\.json cannot be read \(ENOENT\); name a file with personas/,
  );
});
