import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { execute, MAIN, ROOT, temporaryFolder } from "../support/command-line.ts";
import { needs, oldNode } from "../support/needs.ts";

needs("oldNode");

test("the command says which Node.js it needs", async () => {
  expect(await execute(oldNode() ?? "", [MAIN, "serve"])).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^persona-runtime: node_too_old: .* 22\.14 or newer .*\n$/),
  });
});

test("the library says so, too, before it opens a database", async () => {
  const program = `import(${JSON.stringify(join(ROOT, "dist/index.js"))}).then(({ createRuntime }) =>
    createRuntime({ store: "memory" })).catch(({ code }) => console.log(code))`;
  expect(await execute(oldNode() ?? "", ["-e", program])).toMatchObject({ code: 0, stdout: "node_too_old\n" });
});

test("the scripts of a checkout say so before they build anything, also where nothing is installed", async () => {
  const checkout = temporaryFolder();
  mkdirSync(join(checkout, "native"));
  for (const file of ["package.json", "native/prepare.mjs"]) cpSync(join(ROOT, file), join(checkout, file));
  const ended = await execute(oldNode() ?? "", [join(checkout, "native/prepare.mjs")]);
  expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^node_too_old: .*`npm ci`.*\n$/) });
});
