/** The personas that a server starts with. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { PersonaError } from "../errors.ts";
import { definitionSchema, parse } from "../runtime/settings.ts";
import type { PersonaDefinition, Runtime } from "../types.ts";
import builtIn from "./cast.json" with { type: "json" };

const castSchema = z
  .array(definitionSchema.omit({ cognition: true }), "must be an array of personas")
  .superRefine((cast, context) => {
    const seen = new Set<string>();
    for (const [index, { id }] of cast.entries()) {
      if (seen.has(id)) context.addIssue({ code: "custom", path: [index, "id"], message: `"${id}" stands here twice` });
      seen.add(id);
    }
  });

/**
 * The cast of a file, or the one that is `built-in`, or `none`. Reads all of it before anybody is enrolled; throws
 * `invalid_input` naming every broken field.
 */
export async function loadCast(cast: string): Promise<readonly PersonaDefinition[]> {
  if (cast === "none") return [];
  if (cast === "built-in") return builtIn;
  return parse(castSchema, await readJson(cast), `cast file ${cast}`) as PersonaDefinition[];
}

/** Enrolls those that are not there yet: what somebody has changed since stays changed. Returns how many it were. */
export async function seed(runtime: Runtime, cast: readonly PersonaDefinition[]): Promise<number> {
  const missing = cast.filter(({ id }) => !runtime.has(id));
  for (const persona of missing) await runtime.enroll(persona);
  return missing.length;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    const reason =
      cause instanceof SyntaxError ? `is not JSON: ${cause.message}` : "cannot be read; give a file with --cast";
    throw new PersonaError("invalid_input", `The cast file ${file} ${reason}.`, { cause });
  }
}
