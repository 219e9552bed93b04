/** Small programs over the sources, each in a process of its own. */
import { type Ended, execute, ROOT } from "./command-line.ts";

/** Runs an ES module to its end; `createRuntime` and `store` (a file, or "memory") are there. */
export function script(body: string, store = "memory"): Promise<Ended> {
  return execute(process.execPath, ["--input-type=module", "--eval", source(body, store)]);
}

export function source(body: string, store: string): string {
  return `
import { createRuntime } from ${JSON.stringify(`${ROOT}src/index.ts`)};
const store = ${JSON.stringify(store)};
${body}`;
}
