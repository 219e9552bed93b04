/** The personas that come with the package, with their roles and sequences. */
import type { CatalogueFile, FileEntry } from "../catalogue.ts";
import { checkEntry } from "../check.ts";
import type { EntryKind } from "../schema.ts";
import * as brainstorming from "./brainstorming.ts";
import * as coding from "./coding.ts";
import * as discovery from "./discovery.ts";
import * as studio from "./studio.ts";
import * as support from "./support.ts";

const SETS = [brainstorming, coding, discovery, support];

/** As a file would give them. */
export function builtInCast(): CatalogueFile {
  const of = (kind: EntryKind, inputs: readonly object[]) => inputs.map((input) => checked(kind, input));
  return {
    name: "built-in",
    entries: [
      ...of("persona", [...SETS.map(({ persona }) => persona), ...studio.personas]),
      ...of("role", [...SETS.map(({ role }) => role), ...studio.roles]),
      ...of("sequence", [...SETS.map(({ sequence }) => sequence), ...studio.sequences]),
    ],
    deleted: [],
    notes: [],
  };
}

function checked(kind: EntryKind, input: object): FileEntry {
  const { body, faults } = checkEntry(kind, input);
  if (body === undefined) throw new Error(`A built-in ${kind} is not valid: ${JSON.stringify(faults)}`);
  return { kind, body, line: undefined } as FileEntry;
}
