/** The libraries that the fleet and the rule engine are compared with. They are installed beside this file only, when a benchmark needs them. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Versions by name; those of `package.json`, as installed. */
export function installPeers(): Record<string, string> {
  if (!existsSync(join(import.meta.dirname, "node_modules"))) {
    const { status, error } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: import.meta.dirname,
      stdio: ["ignore", 2, 2],
    });
    if (status !== 0) throw new Error("`npm ci` in bench/peers failed.", { cause: error });
  }
  return peer<{ dependencies: Record<string, string> }>("./package.json").dependencies;
}

/** Their types are the caller's: the compiler must not depend on what is installed here. */
export function peer<Module>(name: string): Module {
  return createRequire(import.meta.url)(name) as Module;
}
