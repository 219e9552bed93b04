/** What `package.json` says of this package; the same file from `src/` and from `dist/`. */
import { createRequire } from "node:module";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
  /** The packages of the addon, by platform; a checkout names none. */
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export const manifest = createRequire(import.meta.url)("../package.json") as Manifest;
