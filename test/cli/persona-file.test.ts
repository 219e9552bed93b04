import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPersonas } from "../../src/cli/persona-file.ts";
import { temporaryFolder } from "../support/command-line.ts";

function load(content: string | Uint8Array) {
  const file = join(temporaryFolder(), "personas.json");
  writeFileSync(file, content);
  return readPersonas(file);
}

test("a file may be empty, and may carry everything that a persona is", async () => {
  await expect(load("[]")).resolves.toEqual([]);
  const persona = { id: "a", name: "A", instructions: "Be brief.", model: "p:m", settings: { maxParallelTurns: 3 } };
  await expect(load(JSON.stringify([persona]))).resolves.toMatchObject([persona]);
});

test.each<[string, string | Uint8Array, readonly string[]]>([
  ["no persona", "{}", ["[0].id:"]],
  ["no list", "7", ["must be a list of personas"]],
  ["no JSON", "[{", ["is not JSON"]],
  ["no UTF-8", new Uint8Array([0x5b, 0xff, 0x5d]), ["is not valid UTF-8"]],
  ["an empty file", " \n", ["is empty; write personas as JSON or TOML into it"]],
  ["several broken fields", '[{"id":"a","name":"A"},{"id":"B","name":" ","nick":1}]', ["[1].id:", "[1].name:", "nick"]],
  ["a broken setting", '[{"id":"a","name":"A","settings":{"maxQueued":0}}]', ["[0].settings.maxQueued:"]],
  ["one id twice", '[{"id":"a","name":"A"},{"id":"a","name":"B"}]', ['[1].id: "a" stands here twice']],
  [
    "one name twice in JSON",
    '[{"id":"a",\n  "name":"A", "id":"b"}]',
    ['(line 2, column 15): the name "id" stands here twice'],
  ],
  [
    "a fault in line 2 of a list",
    '[{"id":"a","name":"A"},\n {"id":"b","name":7}]',
    ["[1].name:", "(line 2, column 12)"],
  ],
  ["a fault in a list with a name", '{"personas":\n[{"id":"a","name":7}]}', ["[0].name:", "(line 2, column 12)"]],
  ["a fault in its only persona", '{"id":"a",\n"name":7}', ["[0].name:", "(line 2, column 1)"]],
  ["a stranger in JSON", '{"id":"a","name":"A",\n"nick":7}', ["nick", "(line 2, column 1)"]],
  ["a broken setting by its wire name", '{"id":"a","name":"A","settings":{\n"max_queued":0}}', ["(line 2, column 1)"]],
])("a file with %s is refused, naming what is wrong", async (_, content, parts) => {
  const failure = await load(content).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "invalid_input" });
  for (const part of parts) expect(String(failure)).toContain(part);
});

test("a file that is not there says how to name one", async () => {
  await expect(readPersonas("nowhere.json")).rejects.toThrow(
    /nowhere\.json cannot be read \(ENOENT\); name a file with personas/,
  );
});
