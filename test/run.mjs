/**
 * `npm test` and `npm run proof`: the Rust tests, then vitest's, also when the first have failed.
 * Words after `--` go to vitest, and leave the Rust tests out: `npm test -- test/cli`.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";

const proof = process.argv[2] === "proof";
const words = process.argv.slice(proof ? 3 : 2);

const rust = proof
  ? "test --no-fail-fast --profile proof -p persona-cycle --test simulation -p persona-rules --test property"
  : "test --no-fail-fast --workspace";
const long = { PERSONA_SIM_STEPS: "10000000", PERSONA_RULES_CASES: "1000000" };
// Every child of a test loads the same modules again.
const cache = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../target/compile-cache") };
const passed = [
  words.length > 0 || run("cargo", rust.split(" "), proof ? long : {}),
  run("vitest", ["run", ...(proof ? ["--mode", "proof"] : []), ...words], proof ? {} : { ...cache, ...temporary() }),
];
process.exitCode = passed.every(Boolean) ? 0 : 1;

/** Npm has put node_modules/.bin first in PATH. */
function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (error) console.error(`\`${command}\` could not be started (${error.code}).`);
  return status === 0;
}

/**
 * Where temporary files lie in memory, if there is room for gigabytes and programs may run there. Nothing of what the
 * tests show depends on a disk: they kill processes, never the machine, and let a disk fail by other means.
 */
function temporary() {
  const place = "/dev/shm";
  try {
    const [, , , options = "noexec"] =
      readFileSync("/proc/mounts", "utf8")
        .split("\n")
        .find((line) => line.split(" ")[1] === place)
        ?.split(" ") ?? [];
    const { bavail, bsize } = statfsSync(place);
    return options.split(",").includes("noexec") || bavail * bsize < 4 * 2 ** 30 ? {} : { TMPDIR: place };
  } catch {
    return {};
  }
}
