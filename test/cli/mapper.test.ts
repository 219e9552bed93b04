/** `persona-runtime mapper validate`, as a process of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inOneProcess, personaRuntime, temporaryFolder } from "../support/command-line.ts";

const RIGHT = join(import.meta.dirname, "../../src/mapping/examples/team_host.yaml");

test("says what is in a file that is right, without a server", async () => {
  expect(await personaRuntime("mapper", "validate", RIGHT)).toEqual({
    code: 0,
    stdout: `${RIGHT} is valid: team_host 1.0.0, 3 rules.\n`,
    stderr: "",
  });
});

test("names every fault of all files with its line", async () => {
  const file = join(temporaryFolder(), "mine.yaml");
  const text = [
    "metadata: {id: mine, version: 1, description: d}",
    "rules:",
    "  - id: a",
    "    conditions: {trait_check: {path: x, operator: is}}",
    "    actions: [{generate_suggestion: {type: t, template: u}}]",
    "templates: {t: {title: x, description: y}}",
  ];
  writeFileSync(file, text.join("\n"));
  const { code, stdout, stderr } = await inOneProcess("mapper", "validate", RIGHT, file);
  expect([code, stdout]).toEqual([1, `${RIGHT} is valid: team_host 1.0.0, 3 rules.\n`]);
  expect(stderr).toContain(`  ${file}:4: /rules/0/conditions/trait_check/operator: `);
  expect(stderr).toContain(`  ${file}:5: /rules/0/actions/0/generate_suggestion/template: `);
  const json = await inOneProcess("mapper", "validate", file, "--json");
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject([{ file, faults: [{ line: 4 }, { line: 5 }] }]);
});
