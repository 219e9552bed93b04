import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startChild } from "./child.ts";
import { mounted, namespaces } from "./mount.ts";
import { tempFolder } from "./temp-folder.ts";

it.skipIf(!namespaces)("refuses writes on a full disk whole, and writes again when there is room", async () => {
  const folder = join(tempFolder(), "disk");
  mkdirSync(folder);
  const child = startChild("full-disk-child.ts", [folder], mounted(folder, "size=4m"));
  const seen = JSON.parse((await child.line()) ?? "{}");
  expect(seen).toEqual({ codes: ["store_full"], exact: true, probed: "store_full", afterwards: "settled" });
  expect(await child.ended()).toBe(0);
});
