import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { execute, ROOT, temporaryFolder } from "../support/command-line.ts";

test("without its native addon it says so, and how to get it", async () => {
  const folder = temporaryFolder();
  for (const part of ["package.json", "dist", "native/index.cjs"])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const ended = await execute(process.execPath, [
    join(folder, "dist/cli/main.js"),
    "serve",
    "--store",
    "memory",
    "--port",
    "0",
  ]);
  expect(ended).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^persona-runtime: addon_missing: .*npm run build.*\n$/),
  });
});
