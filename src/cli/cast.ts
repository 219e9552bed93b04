/** The personas that a server starts with. */
import type { PersonaDefinition, Runtime } from "../types.ts";
import builtIn from "./cast.json" with { type: "json" };
import { readPersonas } from "./persona-file.ts";

/** The cast of a file, or the one that is `built-in`, or `none`. Reads all of it before anybody is enrolled. */
export async function loadCast(cast: string): Promise<readonly PersonaDefinition[]> {
  if (cast === "none") return [];
  return cast === "built-in" ? builtIn : readPersonas(cast);
}

/** Enrolls those that are not there yet: what somebody has changed since stays changed. Returns how many it were. */
export async function seed(runtime: Runtime, cast: readonly PersonaDefinition[]): Promise<number> {
  const missing = cast.filter(({ id }) => !runtime.has(id));
  for (const persona of missing) await runtime.enroll(persona);
  return missing.length;
}
