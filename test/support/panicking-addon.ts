/** The addon with a call in which the core panics: `test/proof/panic`, built in a few seconds. */
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./command-line.ts";

/** Builds it into this folder; returns its file name, which `NAPI_RS_NATIVE_LIBRARY_PATH` may name. */
export function buildPanickingAddon(folder: string): string {
  const words = "build --profile proof --package persona-proof-panic --message-format=json-render-diagnostics".split(
    " ",
  );
  const { status, stdout, stderr } = spawnSync("cargo", words, { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`cargo ${words.join(" ")} failed: ${stderr}`);
  const [library = ""] = stdout.split("\n").flatMap((line) => {
    const artifact = line.startsWith("{") ? JSON.parse(line) : {};
    return artifact.target?.name === "persona_proof_panic" ? (artifact.filenames as string[]) : [];
  });
  const addon = join(folder, "panicking.node");
  copyFileSync(library, addon);
  return addon;
}
