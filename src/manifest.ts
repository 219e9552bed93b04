/** What `package.json` says of this package; the same file from `src/` and from `dist/`. */
import { createRequire } from "node:module";

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

export const manifest = createRequire(import.meta.url)("../package.json") as Manifest;
