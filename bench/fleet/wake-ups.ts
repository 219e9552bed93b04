/** How often the threads of this process slept and were woken, on Linux. */
import { readdirSync, readFileSync } from "node:fs";

const TASKS = "/proc/self/task";
/** Those of V8 collect garbage and compile, whatever the process does. */
const OF_V8 = /^(V8Worker|DelayedTaskSche)/;

/** Voluntary context switches since the start, of all threads but V8's own. */
export function wakeUps(): number {
  return readdirSync(TASKS)
    .filter((task) => !OF_V8.test(readFileSync(`${TASKS}/${task}/comm`, "utf8")))
    .map((task) => /^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`${TASKS}/${task}/status`, "utf8")))
    .reduce((sum, found) => sum + Number(found?.[1]), 0);
}
