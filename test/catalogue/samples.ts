/** Entries as somebody would write them, and files of them as they are read. */
import type { CatalogueFile, FileEntry } from "../../src/catalogue/catalogue.ts";
import { checkEntry } from "../../src/catalogue/check.ts";
import type { EntryKind } from "../../src/catalogue/schema.ts";

export const aPersona = (more: object = {}) => ({ id: "ada", display_name: "Ada", ...more });
export const aRole = (more: object = {}) => ({ id: "triage", display_name: "Triage", system_prompt: "Help.", ...more });
export const aStep = (more: object = {}) => ({ id: "greet", instruction: "Greet.", ...more });
export const aSequence = (more: object = {}) => ({ id: "call", display_name: "Call", steps: [aStep()], ...more });

/** A seed file with these entries. */
export function aFile(entries: readonly (readonly [EntryKind, object])[], name = "cast.toml"): CatalogueFile {
  return {
    name,
    entries: entries.map(([kind, input], index): FileEntry => {
      const { body, faults } = checkEntry(kind, input);
      if (body === undefined) throw new Error(`The sample is not valid: ${JSON.stringify(faults)}`);
      return { kind, body, line: index + 1 } as FileEntry;
    }),
    deleted: [],
    notes: [],
  };
}
