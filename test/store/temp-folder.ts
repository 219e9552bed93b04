import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of its own for the running test, gone with everything in it when the test is over. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "persona-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
