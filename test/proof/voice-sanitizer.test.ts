/**
 * The kernels under AddressSanitizer: nothing is read or written outside of its buffer, whatever the input and however many
 * voices there are, on threads or not. The tests are those of the crates, which compare the kernels with each other.
 */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { ROOT } from "../support/command-line.ts";

const TARGET = "x86_64-unknown-linux-gnu";
/** With a target the flags hold for the crates alone, not for what builds them. */
const WORDS = ["test", "-p", "persona-voice", "-p", "persona-voice-pool", "--tests", "--target", TARGET];
const OWN_FOLDER = ["--target-dir", "target/sanitizer"];
const TESTS = ["network", "room", "ending", "company"];

it.runIf(process.platform === "linux" && process.arch === "x64")("no kernel leaves its buffers", () => {
  const env = {
    ...process.env,
    // The compiler has the sanitizer on its stable channel, too, for who asks like this.
    RUSTC_BOOTSTRAP: "1",
    RUSTFLAGS: "-Zsanitizer=address",
    CARGO_PROFILE_TEST_OPT_LEVEL: "2",
  };
  const words = [...WORDS, ...OWN_FOLDER, "--", ...TESTS];
  const { status, stdout, stderr } = spawnSync("cargo", words, { cwd: ROOT, env, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  for (const name of ["kernels_agree_on_any_input", "company_changes_no_bit", "neither_company_nor_the_cutting"]) {
    expect(stdout).toMatch(new RegExp(`${name}.* \\.\\.\\. ok`));
  }
});
