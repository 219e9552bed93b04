import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { execute, temporaryFolder } from "../support/command-line.ts";
import { audit } from "./audit.ts";

const CHILD = fileURLToPath(new URL("./children/workers.ts", import.meta.url));

it("runs in four threads at once, and outlives twenty times four that are ended under load", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await execute(process.execPath, [CHILD, folder, "20"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({ answered: 4 * 20 * 60, codes: [0, 0, 0, 0] });
  for (const n of [1, 3]) audit(join(folder, `${n}.db`));
});
