/** The libraries that are compared with. They are installed beside their lock file only, when a benchmark needs them. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Versions by name; those of the `package.json` in `folder`, as installed. */
export function installPeers(folder = import.meta.dirname): Record<string, string> {
  if (!existsSync(join(folder, "node_modules"))) {
    const { status, error } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: ["ignore", 2, 2],
    });
    if (status !== 0) throw new Error(`\`npm ci\` in ${folder} failed.`, { cause: error });
  }
  return peer<{ dependencies: Record<string, string> }>("./package.json", folder).dependencies;
}

/** Their types are the caller's: the compiler must not depend on what is installed here. */
export function peer<Module>(name: string, folder = import.meta.dirname): Module {
  return createRequire(join(folder, "package.json"))(name) as Module;
}
