import { configDefaults, defineConfig } from "vitest/config";
import { LeftOut } from "./test/support/left-out.ts";

const PROOF = "test/proof/**/*.test.ts";

/** `vitest run` runs the tests, `vitest run --mode proof` the long ones. VITEST_RESULTS names a file for the results as JSON. */
export default defineConfig(({ mode }) => {
  const proof = mode === "proof";
  const results = process.env["VITEST_RESULTS"];
  return {
    test: {
      include: proof ? [PROOF] : ["test/**/*.test.ts"],
      exclude: proof ? configDefaults.exclude : [...configDefaults.exclude, PROOF],
      // Against hanging only: on a slow machine, or a busy one, nothing may fail that would have come true.
      testTimeout: 600_000,
      hookTimeout: 600_000,
      // Two files at once also on two cores: many wait for a disk or a child process. Proofs want the machine to themselves.
      maxWorkers: proof ? 1 : 2,
      reporters: ["default", new LeftOut(), ...(results === undefined ? [] : ["json" as const])],
      ...(results !== undefined && { outputFile: { json: results } }),
    },
  };
});
