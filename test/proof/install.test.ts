import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { execute, temporaryFolder } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { pack } from "../support/packed.ts";

needs("registry");

test("npm installs the packed package into an empty project, and its command runs", async () => {
  const project = temporaryFolder();
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  const installed = await execute("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", pack(project)], {
    cwd: project,
  });
  expect(installed.code, installed.stderr).toBe(0);
  expect(await execute("npx", ["--no", "persona-runtime", "--version"], { cwd: project })).toMatchObject({ code: 0 });
  const source =
    'import("persona-runtime").then(({ createRuntime }) => createRuntime({ store: "kept.db" })).then((runtime) => runtime.close());';
  expect(await execute(process.execPath, ["--eval", source], { cwd: project })).toEqual({
    code: 0,
    stdout: "",
    stderr: "",
  });
});
