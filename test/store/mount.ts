import { spawnSync } from "node:child_process";

/** Whether this machine lets us mount file systems that only a child process sees. */
export const namespaces = spawnSync("unshare", ["-Urm", "true"]).status === 0;

/** The command line under which a process sees a small file system of its own at `folder`. */
export function mounted(folder: string, options: string): readonly string[] {
  return ["unshare", "-Urm", "sh", "-c", `mount -t tmpfs -o ${options} none "$0" && exec "$@"`, folder];
}
