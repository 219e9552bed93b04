#!/usr/bin/env node
/**
 * The command `persona-runtime`. It checks the version of Node.js before it loads anything that needs a newer one:
 * on an older one the SQLite binding would crash the process without a word.
 */
import { nodeTooOld } from "../node-version.ts";

const tooOld = nodeTooOld();
if (tooOld === undefined) {
  const { run } = await import("./run.ts");
  process.exitCode = await run(process.argv.slice(2));
} else {
  console.error(`persona-runtime: node_too_old: ${tooOld}`);
  process.exitCode = 1;
}
