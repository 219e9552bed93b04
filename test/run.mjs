/**
 * `npm test` and `npm run proof`: the Rust tests, then vitest's, also when the first have failed.
 * Words after `--` go to vitest, and leave the Rust tests out: `npm test -- test/cli`.
 */
import { spawnSync } from "node:child_process";

const proof = process.argv[2] === "proof";
const words = process.argv.slice(proof ? 3 : 2);

const rust = proof
  ? ["test", "--release", "-p", "persona-cycle", "--test", "simulation", "-p", "persona-rules", "--test", "property"]
  : ["test", "--workspace"];
const long = { PERSONA_SIM_STEPS: "10000000", PERSONA_RULES_CASES: "1000000" };
const passed = [
  words.length > 0 || run("cargo", rust, proof ? long : {}),
  run("vitest", ["run", ...(proof ? ["--mode", "proof"] : []), ...words]),
];
process.exitCode = passed.every(Boolean) ? 0 : 1;

/** Npm has put node_modules/.bin first in PATH. */
function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (error) console.error(`\`${command}\` could not be started (${error.code}).`);
  return status === 0;
}
