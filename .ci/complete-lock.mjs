/**
 * Adds the platform packages to package-lock.json that npm left out, here and where the peers of benchmarks are.
 *
 * npm writes no entry for an optional package that the registry at hand does not carry (mirrors often hold only some
 * platforms), and `npm ci` then refuses the lock file that `npm install` has just written (npm/cli#9846). The parent
 * names the exact version, and the name of such a package says which platform it is for: enough for npm to know
 * that it is not wanted here. `npm run lock` calls this.
 */
import { readFileSync, writeFileSync } from "node:fs";

for (const folder of ["..", "../bench/peers", "../bench/voice-peers"]) {
  const file = new URL(`${folder}/package-lock.json`, import.meta.url);
  const lock = JSON.parse(readFileSync(file, "utf8"));
  for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      lock.packages[`node_modules/${name}`] ??= { version, ...platformOf(name), optional: true };
    }
  }
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}

/** Reads `…-linux-arm64-musl` and the like; `…-wasm32-wasi` is for every system that asks for that processor. */
function platformOf(name) {
  const found = /-(?:(wasm32)-wasi|(android|darwin|freebsd|linux|win32)-(\w+)(?:-(\w+))?)$/.exec(name);
  if (found === null)
    throw new Error(`package-lock.json lacks ${name}, whose name does not say for which platform it is.`);
  const [, wasm, os, cpu, abi] = found;
  if (wasm !== undefined) return { cpu: [wasm] };
  const libc = { gnu: ["glibc"], musl: ["musl"] }[abi];
  return { os: [os], cpu: [cpu], ...(libc && os === "linux" && { libc }) };
}
