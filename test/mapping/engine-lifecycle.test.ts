/** Threads that end in the midst of it, and persons of whom nobody says that they go. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { execute } from "../support/command-line.ts";
import type { Seen } from "./engine-child.ts";

const CHILD = fileURLToPath(new URL("./engine-child.ts", import.meta.url));

it("outlives its threads, and keeps nothing of persons whom nothing holds", async () => {
  const { code, stdout, stderr } = await execute(process.execPath, ["--expose-gc", CHILD, "6"], { timeout: 300_000 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const seen = JSON.parse(stdout) as Seen;
  expect(seen).toMatchObject({ answering: 6, errors: [], after: seen.before });
  expect(seen.before).toBeGreaterThan(70);
  expect(seen.left).toBeLessThan(0.3);
});
