/** The packages as they are published, installed by npm into an empty project: no compiler, no install script, no cache. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type Ended, execute, ROOT } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { NODES } from "../support/nodes.ts";
import { type Packed, pack } from "../support/packed.ts";

needs("registry");
needs("nodes");

let scratch: string | undefined;
let project: string;
let packed: Packed;
let env: NodeJS.ProcessEnv;

/** Once, and only where there is what it needs. */
beforeEach(async () => {
  if (scratch !== undefined) return;
  scratch = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  const [home = "", bin = "", archives = ""] = ["home", "bin", "archives"].map((name) => join(scratch ?? "", name));
  project = join(scratch, "project");
  for (const folder of [home, bin, archives, project]) mkdirSync(folder);
  // The machine's own, since a Node.js brings the settings of its npm: what it needs to reach its registry.
  for (const tool of ["node", "npm", "sh"]) symlinkSync(systemFile(tool), join(bin, tool));
  env = { HOME: home, PATH: bin };
  packed = pack(archives);
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  const words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", packed.main, packed.addon];
  const { code, stderr } = await execute(join(bin, "npm"), words, { cwd: project, env });
  expect(code, stderr).toBe(0);
});

afterAll(() => rmSync(scratch ?? "", { recursive: true, force: true }));

const FLEET = `
(async () => {
  const runtime = await createRuntime({ store: "kept.db" });
  for (let n = 0; n < 1000; n += 1)
    await runtime.enroll({ id: "p" + n, name: "P" + n, cognition: ({ text }) => text.toUpperCase() });
  const replies = await Promise.all(runtime.personas().map(({ id }) => runtime.send(id, "Hello " + id, { from: "user:7" })));
  console.log(replies.length, new Set(replies.map(({ text }) => text)).size);
  await runtime.close();
})();`;

const SERVED = `
(async () => {
  const runtime = await createRuntime({ store: "memory" });
  const server = await serve({ runtime, port: 0 });
  console.log((await fetch(server.url + "/readyz")).status);
  await server.close();
  await runtime.close();
})();`;

describe.each(NODES)("on Node.js $version", ({ file }) => {
  const run = (name: string, source: string): Promise<Ended> => {
    writeFileSync(join(project, name), source);
    // The oldest warns of require() of a module where the caller is in no package.
    return execute(file, ["--disable-warning=ExperimentalWarning", name], { cwd: project, env });
  };

  test.each([
    ["fleet.mjs", 'import { createRuntime } from "persona-runtime";', FLEET, "1000 1000\n"],
    ["fleet.cjs", 'const { createRuntime } = require("persona-runtime");', FLEET, "1000 1000\n"],
    [
      "server.mjs",
      'import { createRuntime } from "persona-runtime"; import { serve } from "persona-runtime/server";',
      SERVED,
      "200\n",
    ],
    [
      "server.cjs",
      'const { createRuntime } = require("persona-runtime"); const { serve } = require("persona-runtime/server");',
      SERVED,
      "200\n",
    ],
  ])("%s runs", async (name, load, program, stdout) => {
    rmSync(join(project, "kept.db"), { force: true });
    expect(await run(name, `${load}\n${program}`)).toEqual({ code: 0, stdout, stderr: "" });
  });

  test("its command runs", async () => {
    const words = [join(project, "node_modules/.bin/persona-runtime"), "--version"];
    expect(await execute(file, words, { cwd: project, env })).toMatchObject({ code: 0, stderr: "" });
  });
});

test("the package holds no addon, and that of the addon nothing else", () => {
  expect(filesBelow(join(project, "node_modules/persona-runtime")).filter((name) => name.endsWith(".node"))).toEqual(
    [],
  );
  expect(filesBelow(join(project, "node_modules", packed.addonName)).toSorted()).toEqual([
    "LICENSE",
    "README.md",
    "package.json",
    expect.stringMatching(/^persona-runtime\..*\.node$/),
  ]);
});

test("the README says how much it is", () => {
  const [, main = "", addon = "", all = ""] =
    /package itself is ([\d.]+) MB, its addon ([\d.]+) MB, and all that an installation brings (\d+) MB/.exec(
      readFileSync(join(ROOT, "README.md"), "utf8").replace(/\s+/g, " "),
    ) ?? [];
  const size = (folder: string) => filesBelow(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const measured = {
    main: size(join(project, "node_modules/persona-runtime")) / 1e6,
    addon: size(join(project, "node_modules", packed.addonName)) / 1e6,
    all: size(join(project, "node_modules")) / 1e6,
  };
  console.log(`Installed: ${JSON.stringify(measured)}`);
  for (const [what, said] of Object.entries({ main, addon, all })) {
    const real = measured[what as keyof typeof measured];
    expect(Math.abs(Number(said) - real) / real, `${what}: ${said} is said, ${real.toFixed(2)} measured`).toBeLessThan(
      0.15,
    );
  }
});

/** The first of this name in PATH that is none of node_modules/.bin. */
function systemFile(name: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? name;
}

/** The names of all files below a folder. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}
