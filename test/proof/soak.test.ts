/** Personas, sessions and rooms come and go, 320 000 messages long: once all caches are full, memory stays as it is. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { execute, temporaryFolder } from "../support/command-line.ts";
import type { Held } from "./children/soak.ts";

const CHILD = fileURLToPath(new URL("./children/soak.ts", import.meta.url));
/** In less the caches, of up to 100 000 entries, are not full by half time; PROOF_SOAK multiplies it. */
const ROUNDS = 160 * Number(process.env["PROOF_SOAK"] ?? 1);

/** Bytes by which the last quarter may hold more than the one before, on average: what collections leave to chance. */
const MAY_GROW: Readonly<Record<"native" | "heap" | "resident", number>> = {
  native: 4 * 2 ** 10,
  heap: 8 * 2 ** 20,
  resident: 32 * 2 ** 20,
};

it.concurrent.for(["memory", "kept.db"])(
  "with the store %s",
  { timeout: 3_600_000 },
  async (name, { onTestFinished }) => {
    const store = name === "memory" ? name : join(temporaryFolder(onTestFinished), name);
    const { code, stdout, stderr } = await execute(process.execPath, ["--expose-gc", CHILD, store, `${ROUNDS}`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const samples = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Held);
    const quarter = samples.length / 4;
    for (const [what, most] of Object.entries(MAY_GROW) as [keyof typeof MAY_GROW, number][]) {
      const mean = (from: number) =>
        samples.slice(from * quarter, (from + 1) * quarter).reduce((sum, sample) => sum + sample[what] / quarter, 0);
      const means = [mean(0), mean(1), mean(2), mean(3)];
      console.log(`${name}, ${what}, mean of each quarter:`, means.map(Math.round).join(" "));
      expect(mean(3) - mean(2), what).toBeLessThan(most);
    }
  },
);
