/** Writes `src/layout.ts` from the layout that the built addon describes. */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { layout } = createRequire(import.meta.url)("./index.cjs");
const head = "// Generated from native/src/layout.rs by native/generate.mjs. Do not edit.\n\n";
writeFileSync(new URL("../src/layout.ts", import.meta.url), head + layout());
