/**
 * Packs what is published: the package itself, and beside it one with the addon for each platform.
 *
 * Usage: `node native/pack.mjs [--all] [FOLDER]`; FOLDER is `packages`. It takes the addons that stand in native/ (`npm run
 * build` builds the one of this machine); with `--all` a platform without one is an error. Prints each archive with its
 * sizes.
 *
 * The package needs the packages of all platforms, which npm leaves out where they do not fit. That is written down
 * here and not in package.json, because `npm ci` of a checkout would look for them before they are published.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { NapiCli, parseTriple } from "@napi-rs/cli";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({ options: { all: { type: "boolean" } }, allowPositionals: true });
const folder = resolve(positionals[0] ?? join(root, "packages"));

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const platforms = manifest.napi.targets.map((triple) => {
  const name = parseTriple(triple).platformArchABI;
  const addon = `${manifest.napi.binaryName}.${name}.node`;
  return { package: `${manifest.name}-${name}`, name, addon, built: existsSync(join(root, "native", addon)) };
});
const missing = platforms.filter(({ built }) => !built).map(({ addon }) => `native/${addon}`);
if (missing.length === platforms.length || (values.all && missing.length > 0)) {
  console.error(`Cannot pack: there is no ${missing.join(", no ")}. \`npm run build\` builds the one of this machine.`);
  process.exit(1);
}

const stage = mkdtempSync(join(tmpdir(), "persona-runtime-pack-"));
try {
  mkdirSync(folder, { recursive: true });
  const parts = manifest.files.filter((part) => !part.startsWith("!"));
  for (const part of ["package.json", "README.md", "LICENSE", ...parts])
    cpSync(join(root, part), join(stage, part), { recursive: true });
  await new NapiCli().createNpmDirs({ cwd: stage, npmDir: "platforms" });
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(published(), undefined, 2)}\n`);
  pack(stage);
  for (const { name, addon } of platforms.filter(({ built }) => built)) {
    const home = join(stage, "platforms", name);
    cpSync(join(root, "native", addon), join(home, addon));
    cpSync(join(root, "LICENSE"), join(home, "LICENSE"));
    pack(home);
  }
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** The manifest without what only a checkout needs; `private` keeps npm from publishing a checkout. */
function published() {
  const { private: _, scripts, devDependencies, allowScripts, napi, ...kept } = manifest;
  const optionalDependencies = Object.fromEntries(platforms.map((platform) => [platform.package, manifest.version]));
  return { ...kept, optionalDependencies };
}

function pack(home) {
  const words = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { status, stdout, error } = spawnSync("npm", words, {
    cwd: home,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("`npm pack` failed; what it says stands above.", { cause: error });
  const [{ filename, size, unpackedSize }] = JSON.parse(stdout);
  console.log(`${join(folder, filename)}  ${size} bytes, ${unpackedSize} unpacked`);
}
