/** The only file that imports the native addon. */
import { createRequire } from "node:module";
import { PersonaError } from "./errors.ts";
import { manifest } from "./manifest.ts";

export type Addon = typeof import("../native/index.cjs");

let loaded: Addon | undefined;

/** The addon of this platform; throws `addon_missing` if there is none. */
export function loadAddon(): Addon {
  if (loaded === undefined) {
    const load = createRequire(import.meta.url);
    // An addon of another version has other layouts. The loader looks at the version only if it is told to.
    const checked = process.env["NAPI_RS_ENFORCE_VERSION_CHECK"];
    process.env["NAPI_RS_ENFORCE_VERSION_CHECK"] = "1";
    try {
      loaded = load("../native/index.cjs") as Addon;
    } catch (cause) {
      throw new PersonaError("addon_missing", whatToDo(cause), { cause });
    } finally {
      if (checked === undefined) delete process.env["NAPI_RS_ENFORCE_VERSION_CHECK"];
      else process.env["NAPI_RS_ENFORCE_VERSION_CHECK"] = checked;
    }
  }
  return loaded;
}

function whatToDo(cause: unknown): string {
  const platform = platformName();
  // Only a published package names its platforms.
  const packages = Object.keys(manifest.optionalDependencies ?? {});
  const name = `${manifest.name}-${platform}`;
  if (packages.length > 0 && !packages.includes(name)) {
    const platforms = packages.map((known) => known.slice(manifest.name.length + 1));
    return `There is no native addon for ${platform}, only for ${platforms.join(", ")}.`;
  }
  const again =
    packages.length === 0
      ? "`npm run build` builds it (a Rust toolchain is needed)."
      : `\`npm install ${name}@${manifest.version}\` on this machine brings it.`;
  const refused = refusal(cause);
  if (refused !== undefined) return `The native addon for ${platform} cannot be loaded: ${refused} ${again}`;
  return packages.length === 0
    ? `There is no native addon for ${platform}. In this checkout ${again}`
    : `The native addon for ${platform} is the package ${name}, which is not installed: ${again} Npm leaves it out with --omit=optional, or after a lock file of another platform.`;
}

/** Why an addon that is there could not be loaded; undefined if there is none. The loader keeps of its errors the messages only. */
function refusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    const [line = ""] = cause.message.split("\n", 1);
    if (!line.startsWith("Cannot find module")) return line.replace(/\.?$/, ".");
  }
  return undefined;
}

/** `linux-x64-gnu`: as the packages of the addon are named. */
function platformName(): string {
  const { platform, arch } = process;
  if (platform === "win32") return `${platform}-${arch}-msvc`;
  if (platform !== "linux") return `${platform}-${arch}`;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return `${platform}-${arch}-${header.glibcVersionRuntime === undefined ? "musl" : "gnu"}`;
}
