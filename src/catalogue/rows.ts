/** The persister's nine functions, by kind. */
import type { DamagedEntry, LoadedEntries, Persister, StoredEntry } from "./port.ts";
import type { EntryKind } from "./schema.ts";

export interface Rows {
  load(): Promise<LoadedEntries>;
  /** The one row of that id, readable or damaged; undefined if there is none. */
  look(tenant: string, id: string): Promise<StoredEntry | DamagedEntry | undefined>;
  /** `save` or `delete`, by whether there is a body. */
  write(row: StoredEntry, expected: number): Promise<void>;
}

export function rowsOf(persister: Persister, kind: EntryKind): Rows {
  const [load, save, remove] = FUNCTIONS[kind];
  return {
    load: () => persister[load](),
    async look(tenant, id) {
      const { rows, damaged } = (await persister.look?.(kind, tenant, id)) ?? (await persister[load]());
      return [...rows, ...damaged].find((row) => row.tenant === tenant && row.id === id);
    },
    write: (row, expected) => persister[row.body === null ? remove : save](row, expected),
  };
}

export const FUNCTIONS = {
  persona: ["loadPersonas", "savePersona", "deletePersona"],
  role: ["loadRoles", "saveRole", "deleteRole"],
  sequence: ["loadSequences", "saveSequence", "deleteSequence"],
} as const satisfies Record<EntryKind, readonly (keyof Persister)[]>;
