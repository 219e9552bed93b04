/** A detector that panics on a thread of the pool: the stream tells `voice_failed` and ends, the others hear on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { execute } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { NODES } from "../support/nodes.ts";
import { buildPanickingAddon } from "../support/panicking-addon.ts";

needs("nodes");

const CHILD = fileURLToPath(new URL("./children/voice-panic.ts", import.meta.url));
/** What takes longer hangs. */
const TIMEOUT_MS = 120_000;

let folder: string;
let addon: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  addon = buildPanickingAddon(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(NODES)("ends the stream and nothing else, on Node.js $version", async ({ file: node, env }) => {
  const { code, stdout, stderr } = await execute(node, [CHILD], {
    env: { ...env, NAPI_RS_NATIVE_LIBRARY_PATH: addon },
    timeout: TIMEOUT_MS,
  });
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/panicked at .*lib\.rs.*\ninjected\n/);
  expect(JSON.parse(stdout)).toEqual({
    // Frames before the panic were heard, the event came once, and nothing after it.
    told: ["probability", "probability", "failed"],
    event: "voice_failed",
    finish: "voice_failed",
    write: "voice_failed",
    push: "voice_failed",
    // Of the same pool, and of another.
    beside: 31,
    after: 31,
    other: true,
  });
});
