/** What is said when the native addon is missing, or is none for this machine; the test file of the package runs this. */
import { cpSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { execute, ROOT, temporaryFolder } from "../support/command-line.ts";
import { layOut, type Packed } from "../support/packed.ts";

/** @param packed What was packed before the first test. */
export function complains(packed: () => Packed): void {
  test("a checkout without it says how to build it", async () => {
    const folder = temporaryFolder();
    for (const part of ["package.json", "dist", "native/index.cjs"])
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    expect(await complaint(folder)).toContain("`npm run build` builds it");
  });

  test("an installed package names the package that brings it", async () => {
    const { home, addonHome } = layOut(temporaryFolder(), packed());
    const name = basename(addonHome);
    rmSync(addonHome, { recursive: true });
    expect(await complaint(home)).toMatch(
      new RegExp(`is the package ${name}, which is not installed: \`npm install ${name}@\\d+\\.\\d+\\.\\d+\``),
    );
  });

  test("the package of another platform does not stand in for that of this one", async () => {
    const { home, addonHome } = layOut(temporaryFolder(), packed());
    const name = basename(addonHome);
    renameSync(
      addonHome,
      join(
        addonHome,
        "..",
        name.replace(/gnu$|musl$/, (libc) => (libc === "gnu" ? "musl" : "gnu")),
      ),
    );
    expect(await complaint(home)).toContain(`is the package ${name}, which is not installed`);
  });

  test("an addon that was linked to a C library that is not here says which", async () => {
    const { home, addonHome } = layOut(temporaryFolder(), packed());
    const { main } = JSON.parse(readFileSync(join(addonHome, "package.json"), "utf8")) as { main: string };
    const file = join(addonHome, main);
    writeFileSync(file, readFileSync(file, "latin1").replaceAll("libc.so.6", "libc.so.0"), "latin1");
    expect(await complaint(home)).toMatch(/cannot be loaded: .*libc\.so\.0.*`npm install /);
  });

  test("an addon of another version is refused", async () => {
    const { home, addonHome } = layOut(temporaryFolder(), packed());
    const manifest = join(addonHome, "package.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/"version": "[^"]+"/, '"version": "99.0.0"'));
    expect(await complaint(home)).toMatch(/cannot be loaded: .*expected \S+ but got 99\.0\.0.*`npm install /);
  });

  test("a platform for which there is none is told of those that have one", async () => {
    const folder = temporaryFolder();
    layOut(folder, packed());
    const program = join(folder, "elsewhere.mjs");
    writeFileSync(
      program,
      `Object.defineProperty(process, "arch", { value: "riscv64" });
const { createRuntime } = await import("persona-runtime");
await createRuntime({ store: "memory" }).catch(({ code, message }) => console.log(code, message));`,
    );
    const { stdout } = await execute(process.execPath, [program], { cwd: folder });
    expect(stdout).toMatch(
      /^addon_missing There is no native addon for \S+riscv64\S*, only for linux-x64-gnu, .*\.\n$/,
    );
  });
}

/** Starts the server of the package that lies here, and gives what it says about its addon. */
async function complaint(home: string): Promise<string> {
  const words = [join(home, "dist/cli/main.js"), "serve", "--store", "memory", "--port", "0"];
  const { code, stdout, stderr } = await execute(process.execPath, words);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^persona-runtime: addon_missing: .*\n$/);
  return stderr;
}
