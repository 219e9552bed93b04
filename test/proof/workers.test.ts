/** Threads with runtimes under load are ended at random moments; nothing of them is left, and the process goes on. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { execute, temporaryFolder } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { NODES } from "../support/nodes.ts";
import { audit } from "./audit.ts";
import type { Seen } from "./children/workers.ts";

needs("nodes");

const CHILD = fileURLToPath(new URL("./children/workers.ts", import.meta.url));
const THREADS = 100;
/** What takes longer hangs. */
const TIMEOUT_MS = 1_500_000;
const SEED = Number(process.env["PROOF_SEED"] ?? 1);

describe.each(NODES)("Node.js $version", ({ file: node, env }) => {
  it.concurrent.for([1, 8])(
    `outlives ${THREADS} threads, %i at once (PROOF_SEED=${SEED})`,
    { timeout: 2 * TIMEOUT_MS },
    async (atOnce, { onTestFinished }) => {
      const folder = temporaryFolder(onTestFinished);
      const words = [CHILD, folder, `${THREADS}`, `${atOnce}`, `${SEED}`];
      const { code, stdout, stderr } = await execute(node, words, { env, timeout: TIMEOUT_MS });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const seen = JSON.parse(stdout) as Seen;
      expect(seen).toMatchObject({ answered: 60, errors: [] });
      expect(seen.starting + seen.answering).toBe(THREADS + 1);
      // Otherwise the moments were not those that were meant.
      expect(Math.min(seen.starting, seen.answering)).toBeGreaterThan(THREADS / 10);
      // A thread more may have been going when it was counted before.
      expect(seen.after.threads).toBeLessThanOrEqual(seen.before.threads);
      expect(seen.after.files).toBe(seen.before.files);
      const databases = readdirSync(folder).filter((name) => name.endsWith(".db"));
      expect(databases).toHaveLength(atOnce + 1);
      for (const name of databases) audit(join(folder, name));
    },
  );
});
