import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ended, execute, ROOT } from "../support/command-line.ts";
import { layOut } from "../support/packed.ts";

let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  layOut(project);
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

/** Runs a program in the project that has the package installed; the ending of the name says which module system. */
function runInProject(name: string, source: string): Promise<Ended> {
  writeFileSync(join(project, name), source);
  return execute(process.execPath, [join(project, name)], { cwd: project });
}

const ANSWER = `
(async () => {
  const runtime = await createRuntime({ store: "memory" });
  await runtime.enroll({ id: "ada", name: "Ada", cognition: ({ text }) => "You said: " + text });
  console.log((await runtime.send("ada", "Hello", { from: "user:7" })).text);
  await runtime.close();
})();`;

test.each([
  ["import.mjs", 'import { createRuntime } from "persona-runtime";'],
  ["require.cjs", 'const { createRuntime } = require("persona-runtime");'],
])("it works after %s", async (name, load) => {
  expect(await runInProject(name, `${load}\n${ANSWER}`)).toEqual({ code: 0, stdout: "You said: Hello\n", stderr: "" });
});

test("the README's example runs", async () => {
  const [, example = ""] = /^```js\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
  expect(await runInProject("readme.mjs", example)).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/^\[rehearsal: .*What is a prime\?.*outcome: 'answered'/s),
  });
});

test("the server is an entry of its own, and the library does not load it", async () => {
  const source = (entry: string) => `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
const module = await import(${JSON.stringify(entry)});
console.log(Object.keys(module).sort().join(), loaded.some((url) => url.includes("/fastify/")));`;
  const library = await runInProject("library.mjs", source("persona-runtime"));
  expect(library.stdout).toMatch(/\bcreateRuntime\b.* false\n$/);
  const server = await runInProject("server.mjs", source("persona-runtime/server"));
  expect(server.stdout).toMatch(/\bserve\b.* true\n$/);
});

test("nothing but the named entries can be imported", async () => {
  const { stderr } = await runInProject("inner.mjs", 'import "persona-runtime/dist/addon.js";');
  expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
});

test("its types are found", async () => {
  writeFileSync(
    join(project, "types.mts"),
    `import { createRuntime } from "persona-runtime";
import { serve } from "persona-runtime/server";
const runtime = await createRuntime({ store: "memory" });
const server: { url: string } = await serve({ runtime, port: 0 });
// @ts-expect-error: a store is a file name or "memory".
await createRuntime({ store: 7 });
export { server };
`,
  );
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const words = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "", "types.mts"];
  expect(await execute(process.execPath, [tsc, ...words], { cwd: project })).toMatchObject({ code: 0, stdout: "" });
});
