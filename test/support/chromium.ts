/** Debian's Chromium, which the tests of pages run. */
import { existsSync } from "node:fs";

/** `CHROMIUM` names another. */
export const CHROMIUM: string | undefined = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
].find((file) => file !== undefined && existsSync(file));
