import { configDefaults, defineConfig } from "vitest/config";
import { LeftOut } from "./test/support/left-out.ts";

const PROOF = "test/proof/**/*.test.ts";

/**
 * What leaves its process as it was: these files share two, and load the runtime and the server twice instead of a
 * hundred times, which takes as long as all of their tests.
 */
const TOGETHER = ["ai", "catalogue", "cognition", "config", "http", "mapping", "prompt", "runtime", "store"].map(
  (part) => `test/${part}/**/*.test.ts`,
);

/** `vitest run` runs the tests, `vitest run --mode proof` the long ones. VITEST_RESULTS names a file for the results as JSON. */
export default defineConfig(({ mode }) => {
  const proof = mode === "proof";
  const results = process.env["VITEST_RESULTS"];
  // How busy the connections of a file are is known only where there are no others.
  const isolate = process.env["PERSONA_TEST_STORE"] !== undefined;
  const { exclude } = configDefaults;
  const apart = { name: "apart", include: ["test/**/*.test.ts"], exclude: [...exclude, PROOF, ...TOGETHER] };
  return {
    test: {
      ...(proof
        ? { include: [PROOF] }
        : {
            projects: [
              { extends: true as const, test: apart },
              { extends: true as const, test: { name: "together", include: TOGETHER, isolate } },
            ],
          }),
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
