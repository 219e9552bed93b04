import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { execute, ROOT, temporaryFolder } from "../support/command-line.ts";

/** A checkout whose tools only note that they were called. */
function checkout() {
  const folder = temporaryFolder();
  for (const part of ["native/src", "crates/core", "src", "node_modules/.bin"])
    mkdirSync(join(folder, part), { recursive: true });
  for (const file of ["package.json", "native/prepare.mjs"]) cpSync(join(ROOT, file), join(folder, file));
  for (const source of ["crates/core/lib.rs", "native/src/lib.rs", "src/index.ts"])
    writeFileSync(join(folder, source), "");
  const calls = join(folder, "calls");
  const tool = (name: string, script: string) => {
    const file = join(folder, "node_modules/.bin", name);
    writeFileSync(file, `#!/bin/sh\necho ${name} >>calls\n${script}\n`);
    chmodSync(file, 0o755);
  };
  tool("cargo", "");
  tool("napi", ": >native/persona-runtime.node");
  tool("tsc", "/bin/mkdir dist && : >dist/index.js");
  return {
    folder,
    tool,
    change: (source: string) => appendFileSync(join(folder, source), "// changed\n"),
    /** What was built, and how the run ended. */
    async prepare(...words: string[]) {
      rmSync(calls, { force: true });
      const ended = await execute(process.execPath, [join(folder, "native/prepare.mjs"), ...words], {
        env: { PATH: join(folder, "node_modules/.bin") },
      });
      const called = existsSync(calls) ? readFileSync(calls, "utf8").split("\n") : [];
      return { ...ended, built: called.filter((name) => name === "napi" || name === "tsc") };
    },
  };
}

test("it builds what is missing, and nothing twice", async () => {
  const { prepare } = checkout();
  expect(await prepare()).toMatchObject({
    code: 0,
    built: ["napi", "tsc"],
    stderr: expect.stringContaining("missing"),
  });
  expect(await prepare()).toEqual({ code: 0, built: [], stdout: "", stderr: "" });
});

test.each([
  ["crates/core/lib.rs", "napi"],
  ["native/src/lib.rs", "napi"],
  ["src/index.ts", "tsc"],
])("a change of %s calls %s alone", async (source, tool) => {
  const { prepare, change } = checkout();
  await prepare();
  change(source);
  expect(await prepare()).toMatchObject({
    code: 0,
    built: [tool],
    stderr: expect.stringContaining("its sources changed"),
  });
});

test("with `addon` nothing else is built", async () => {
  const { prepare, folder } = checkout();
  expect(await prepare("addon")).toMatchObject({ code: 0, built: ["napi"] });
  expect(existsSync(join(folder, "dist"))).toBe(false);
});

test("words after `addon` go to napi, whatever is there", async () => {
  const { prepare, tool, folder } = checkout();
  await prepare("addon");
  tool("napi", 'echo "$*" >words');
  expect(await prepare("addon", "--target", "aarch64-apple-darwin")).toMatchObject({ code: 0, built: ["napi"] });
  expect(readFileSync(join(folder, "words"), "utf8")).toMatch(/^build --platform .* --target aarch64-apple-darwin\n$/);
});

test("what failed is tried again", async () => {
  const { prepare, tool, change } = checkout();
  await prepare();
  change("native/src/lib.rs");
  tool("napi", "exit 7");
  expect(await prepare()).toMatchObject({ code: 1, built: ["napi"], stderr: expect.stringContaining("`napi` failed") });
  tool("napi", "");
  expect(await prepare()).toMatchObject({ code: 0, built: ["napi"] });
});

test("without Rust, or without node_modules, it says what to do", async () => {
  const { prepare, folder } = checkout();
  rmSync(join(folder, "node_modules/.bin/napi"));
  expect(await prepare()).toMatchObject({ code: 1, stderr: expect.stringContaining("Run `npm ci` first.") });
  rmSync(join(folder, "node_modules/.bin/cargo"));
  expect(await prepare()).toMatchObject({ code: 1, stderr: expect.stringContaining("https://rustup.rs") });
});
