/**
 * `npm test` and `npm run proof`: the Rust tests and vitest's, also when the others have failed.
 * Words after `--` go to vitest, and leave the Rust tests out: `npm test -- test/cli`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";

const proof = process.argv[2] === "proof";
const words = process.argv.slice(proof ? 3 : 2);

const TARGET = join(import.meta.dirname, "../target");
const kept = [];

const rust = (
  proof
    ? "test --no-fail-fast --profile proof -p persona-cycle --test simulation -p persona-rules --test property"
    : "test --no-fail-fast --workspace"
).split(" ");
const long = { PERSONA_SIM_STEPS: "10000000", PERSONA_RULES_CASES: "1000000" };
// Every child of a test loads the same modules again.
const cache = { NODE_COMPILE_CACHE: join(TARGET, "compile-cache") };

// Proofs want the machine to themselves. Of the tests, many leave a core idle while they wait for a disk or a child.
const passed = proof
  ? [words.length > 0 || (await run("cargo", rust, long)), await run("vitest", ["run", "--mode", "proof", ...words])]
  : await Promise.all([
      words.length > 0 || keptForLater("cargo", rust),
      run("vitest", ["run", ...words], { ...cache, ...temporary() }),
    ]);
for (const file of kept) process.stdout.write(readFileSync(file));
process.exitCode = passed.every(Boolean) ? 0 : 1;

/** What this says is told when everything has ended; until then it stands in a file. */
function keptForLater(command, args) {
  mkdirSync(TARGET, { recursive: true });
  const file = join(TARGET, `${command}-test.log`);
  console.log(`The Rust tests run beside vitest's. What they say follows at the end, and stands in ${file}.`);
  kept.push(file);
  const output = openSync(file, "w");
  return run(command, args, {}, ["ignore", output, output]).finally(() => closeSync(output));
}

/** Npm has put node_modules/.bin first in PATH. */
async function run(command, args, env = {}, stdio = "inherit") {
  try {
    const [status] = await once(spawn(command, args, { stdio, env: { ...process.env, ...env } }), "exit");
    return status === 0;
  } catch (error) {
    console.error(`\`${command}\` could not be started (${error.code}).`);
    return false;
  }
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
