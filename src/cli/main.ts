#!/usr/bin/env node
/**
 * The command `persona-runtime`. It checks the version of Node.js before it loads anything that needs a newer one:
 * on an older one the SQLite binding would crash the process without a word.
 */
import { manifest } from "../manifest.ts";

const needed = manifest.engines.node.replace(">=", "");

if (isOlder(process.versions.node, needed)) {
  console.error(
    `persona-runtime: node_too_old: This is Node.js ${process.versions.node}, and ${needed} or newer is needed. Install Node.js 24.`,
  );
  process.exitCode = 1;
} else {
  const { run } = await import("./run.ts");
  process.exitCode = await run(process.argv.slice(2));
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split(".").map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
