import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { execute, ROOT, temporaryFolder } from "../support/command-line.ts";

/** The rule is young and needs types: a version of Biome that no longer sees this would be silent about it. */
test("a promise that nobody waits for is an error of `npm run lint`", async () => {
  const folder = temporaryFolder();
  cpSync(join(ROOT, "biome.json"), join(folder, "biome.json"));
  writeFileSync(join(folder, "work.ts"), "export async function work(): Promise<number> {\n  return 1;\n}\n");
  writeFileSync(
    join(folder, "start.ts"),
    'import { work } from "./work.ts";\n\nexport function start(): void {\n  work();\n}\n',
  );
  const ended = await execute(process.execPath, [join(ROOT, "node_modules/.bin/biome"), "check"], {
    cwd: folder,
  });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/start\.ts:4:3 lint\/nursery\/noFloatingPromises/);
});
