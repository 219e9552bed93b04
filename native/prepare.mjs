/**
 * Builds what is missing or older than its sources: the native addon, then the JavaScript in `dist/`.
 *
 * Usage: `node native/prepare.mjs [addon [WORDS…]]`; with `addon`, nothing else is built. Further words go to `napi build`:
 * `--target …` builds the addon of another platform, whatever is there.
 *
 * Every npm script starts here, so this file needs nothing that an older Node.js lacks, and checks the version first.
 * What decides is the content of the sources, not their times: a checkout or a copy sets those anew.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const builds = {
  addon: {
    title: "the native addon",
    duration: "a minute or more; the first time also downloads crates",
    sources: ["crates", "native/src", "native/build.rs", "native/Cargo.toml", "Cargo.toml", "Cargo.lock"],
    exists: () => readdirSync("native").some((name) => name.endsWith(".node")),
    stamp: "native/.addon.stamp",
    build(options = []) {
      if (spawnSync("cargo", ["--version"]).error) {
        fail(
          "Building the native addon needs Rust 1.89 or newer, and there is no `cargo`. Install it from https://rustup.rs.",
        );
      }
      const words =
        "build --platform --release --no-const-enum --manifest-path native/Cargo.toml --package persona-native " +
        "--package-json-path package.json --output-dir native --js index.cjs --dts index.d.cts";
      run("napi", [...words.split(" "), ...options]);
    },
  },
  dist: {
    title: "dist/ from TypeScript",
    duration: "a few seconds",
    sources: ["src", "native/index.d.cts", "tsconfig.json", "tsconfig.build.json"],
    exists: () => existsSync("dist/index.js"),
    stamp: "native/.dist.stamp",
    build() {
      rmSync("dist", { recursive: true, force: true });
      run("tsc", ["-p", "tsconfig.build.json"]);
    },
  },
};

checkNodeVersion();
const [part, ...options] = process.argv.slice(2);
if (part === "addon" && options.length > 0) builds.addon.build(options);
else for (const build of part === "addon" ? [builds.addon] : [builds.addon, builds.dist]) prepare(build);

function prepare({ title, duration, sources, exists, stamp, build }) {
  const hash = hashOf(sources);
  const present = exists();
  if (present && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  console.error(`Building ${title} (${present ? "its sources changed" : "missing"}; ${duration}) …`);
  const start = Date.now();
  build();
  writeFileSync(stamp, hash);
  console.error(`Built ${title} in ${((Date.now() - start) / 1000).toFixed(1)} s.`);
}

/** One hash over this platform, and the names and contents of all files below these paths. */
function hashOf(paths) {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}`);
  const add = (path) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name));
    } else {
      const content = readFileSync(path);
      hash.update(`${path} ${content.length}\n`).update(content);
    }
  };
  for (const path of paths.filter(existsSync)) add(path);
  return hash.digest("hex");
}

/** Runs a tool of node_modules; its output is the progress. */
function run(tool, args) {
  const { status, error } = spawnSync(join("node_modules", ".bin", tool), args, { stdio: ["ignore", 2, 2] });
  if (error) fail(`\`${tool}\` could not be started (${error.code}). Run \`npm ci\` first.`);
  if (status !== 0) fail(`\`${tool}\` failed; what it says stands above.`);
}

function checkNodeVersion() {
  const needed = packageJson().engines.node.replace(">=", "");
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [neededMajor, neededMinor] = needed.split(".").map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  fail(
    `node_too_old: this is Node.js ${process.versions.node}, and ${needed} or newer is needed. ` +
      "Call this through npm (`npm start`, `npm test`) after `npm ci`, which brings one on x64 Linux; elsewhere install Node.js 24.",
  );
}

function packageJson() {
  return JSON.parse(readFileSync("package.json", "utf8"));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
