/** The package as npm packs it, unpacked into the node_modules of an empty project. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./command-line.ts";

/** Packs into this folder; returns the name of the archive. */
export function pack(folder: string): string {
  const [packed] = JSON.parse(checked("npm", ["pack", "--json", "--pack-destination", folder], ROOT)) as {
    filename: string;
  }[];
  return join(folder, packed?.filename ?? "");
}

/**
 * Lays the packed package into `folder/node_modules`, and beside it links to the packages that it depends on, as they
 * are installed here: what an installation gives, without a registry.
 */
export function layOut(folder: string): void {
  const home = join(folder, "node_modules/persona-runtime");
  mkdirSync(home, { recursive: true });
  checked("tar", ["-xzf", pack(folder), "--strip-components=1", "-C", home], folder);
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { dependencies: object };
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
}

function checked(file: string, words: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(file, words, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ${words.join(" ")} failed: ${stderr}`);
  return stdout;
}
