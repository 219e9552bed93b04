/** A real panic in the core, in the release build: the fleet is lost, never the process and never an item. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, temporaryFolder } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { nextStartAnswers } from "../support/next-start.ts";
import { NODES } from "../support/nodes.ts";
import { buildPanickingAddon } from "../support/panicking-addon.ts";
import { audit } from "./audit.ts";

needs("nodes");

const CHILD = fileURLToPath(new URL("./children/panic.ts", import.meta.url));
/** What takes longer hangs. */
const TIMEOUT_MS = 300_000;
const TALKS = 600;

let folder: string;
let addon: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  addon = buildPanickingAddon(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(NODES)("Node.js $version", ({ file: node, env }) => {
  describe.each(["memory", "kept.db"])("with the store %s", (name) => {
    async function run(panics: number) {
      const store = name === "memory" ? name : join(temporaryFolder(), name);
      const { code, stdout, stderr } = await execute(node, [CHILD, store, `${panics}`], {
        env: { ...env, NAPI_RS_NATIVE_LIBRARY_PATH: addon },
        timeout: TIMEOUT_MS,
      });
      expect(code, stderr).toBe(0);
      expect(stderr.match(/panicked at .*lib\.rs.*\ninjected\n/g)).toHaveLength(panics);
      const accepted = stdout.trimEnd().split("\n");
      const end: unknown = JSON.parse(accepted.pop() ?? "");
      return { store, accepted, end };
    }

    it("rebuilds the fleet after two panics, and answers everything", async () => {
      const { store, accepted, end } = await run(2);
      expect(end).toEqual({ outcomes: { answered: TALKS }, warnings: ["driver_failed", "driver_failed"], ready: true });
      expect(new Set(accepted).size).toBe(TALKS);
      if (store !== "memory") expect(audit(store)).toEqual({ undecided: 0, answered: TALKS, declined: 0, dead: 0 });
    });

    it("gives the fleet up after three, and ends as if nothing was", async () => {
      const { store, accepted, end } = await run(3);
      expect(end).toMatchObject({
        outcomes: { driver_failed: expect.any(Number) },
        warnings: ["driver_failed", "driver_failed", "driver_failed", "driver_given_up"],
        ready: false,
      });
      if (store === "memory") return;
      audit(store);
      await nextStartAnswers(store, accepted);
      expect(audit(store)).toEqual({ undecided: 0, answered: accepted.length, declined: 0, dead: 0 });
    });
  });
});
