/** Whether this machine can run the program, and is not too busy for it. */
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { loadAddon } from "../../addon.ts";
import { PersonaError } from "../../errors.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** The command itself does not start on one that is too old. */
export function node(): Finding {
  return ok("node", `Node.js ${process.versions.node}, ${process.platform}-${process.arch}`);
}

export function addon(load: () => unknown = loadAddon): Finding {
  try {
    load();
    return ok("addon", "the native service cycle is there");
  } catch (error) {
    if (!(error instanceof PersonaError)) throw error;
    return failure("addon", "the native service cycle cannot be loaded", error.message);
  }
}

/** How late timers come, at the worst; half a second shows what a user would notice. */
export async function eventLoop(pause: (ms: number) => Promise<unknown> = wait): Promise<Finding> {
  let latest = 0;
  for (let n = 0; n < 25; n += 1) {
    const due = performance.now() + PAUSE_MS;
    await pause(PAUSE_MS);
    latest = Math.max(latest, performance.now() - due);
  }
  const [load = 0] = loadavg();
  const found = `timers are ${latest.toFixed(0)} ms late at most; load ${load.toFixed(1)} on ${availableParallelism()} cores`;
  if (latest < LATE_MS) return ok("event loop", found);
  return warning("event loop", found, "Other programs keep the processor busy: voice will stutter. Give it a core.");
}

const PAUSE_MS = 20;
const LATE_MS = 100;

/** `newest` is the youngest moment that the database knows of. */
export function clock(now: number, newest: number | undefined): Finding {
  const found = new Date(now).toISOString();
  if (now < Date.UTC(2025, 0, 1)) return failure("clock", found, "The clock is years behind; set it, or start NTP.");
  if (newest === undefined || newest <= now + SKEW_MS) return ok("clock", found);
  const ahead = new Date(newest).toISOString();
  const advice = "The clock went back, or was ahead before; set it. New ids go on from there, so nothing is lost.";
  return warning("clock", `${found}, but the database has something of ${ahead}`, advice);
}

const SKEW_MS = 60_000;
