/** The package and that of its addon as they are published, unpacked into the node_modules of an empty project. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./command-line.ts";

export interface Packed {
  /** The archive of the package. */
  readonly main: string;
  /** The archive of the addon for this platform, and the name of its package. */
  readonly addon: string;
  readonly addonName: string;
}

/** Packs into this folder. */
export function pack(folder: string): Packed {
  checked(process.execPath, [join(ROOT, "native/pack.mjs"), folder], ROOT);
  const find = (pattern: RegExp) => readdirSync(folder).find((name) => pattern.test(name)) ?? "";
  const addon = find(/^persona-runtime-[a-z].*\.tgz$/);
  return {
    main: join(folder, find(/^persona-runtime-\d.*\.tgz$/)),
    addon: join(folder, addon),
    addonName: addon.replace(/-\d+\.\d+\.\d+\.tgz$/, ""),
  };
}

/**
 * Lays the packed package and its addon into `folder/node_modules`, and beside them links to the packages that they
 * depend on, as they are installed here: what an installation gives, without a registry.
 */
export function layOut(
  folder: string,
  { main, addon, addonName }: Packed,
): { readonly home: string; readonly addonHome: string } {
  const unpack = (archive: string, name: string) => {
    const home = join(folder, "node_modules", name);
    mkdirSync(home, { recursive: true });
    checked("tar", ["-xzf", archive, "--strip-components=1", "-C", home], folder);
    return home;
  };
  const home = unpack(main, "persona-runtime");
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { dependencies: object };
  link(folder, Object.keys(dependencies));
  return { home, addonHome: unpack(addon, addonName) };
}

/** Links to packages as they are installed here, where there are none yet. */
export function link(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(join(ROOT, "node_modules", name), link);
  }
}

function checked(file: string, words: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(file, words, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ${words.join(" ")} failed: ${stderr}`);
}
