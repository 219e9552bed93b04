/** The only file that imports the native addon. */
import { createRequire } from "node:module";
import { PersonaError } from "./errors.ts";

export type Addon = typeof import("../native/index.cjs");

let loaded: Addon | undefined;

/** The addon of this platform; throws `addon_missing` if there is none. */
export function loadAddon(): Addon {
  if (loaded === undefined) {
    const load = createRequire(import.meta.url);
    try {
      loaded = load("../native/index.cjs") as Addon;
    } catch (cause) {
      throw new PersonaError(
        "addon_missing",
        `There is no native addon for ${process.platform}-${process.arch}. ` +
          "In a checkout `npm run build` builds it (a Rust toolchain is needed); an installed package brings it for the platforms its README names.",
        { cause },
      );
    }
  }
  return loaded;
}
