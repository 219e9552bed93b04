/**
 * Whether this Node.js can run the package: on an older one the SQLite binding crashes the process
 * without a word. Imports nothing that needs a newer one.
 */
import { manifest } from "./manifest.ts";

/** What to do about a Node.js that is too old; undefined if it is not. */
export function nodeTooOld(version = process.versions.node): string | undefined {
  const needed = manifest.engines.node.replace(">=", "");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split(".").map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return undefined;
  return `This is Node.js ${version}, and ${needed} or newer is needed. Install Node.js 24.`;
}
