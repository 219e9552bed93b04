/** The persister's nine functions, by kind. */
import { PersonaError } from "../errors.ts";
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
    load: async () => checkedLists(await persister[load](), load),
    async look(tenant, id) {
      const found = checkedLists((await persister.look?.(kind, tenant, id)) ?? (await persister[load]()), load);
      return [...found.rows, ...found.damaged].find((row) => row.tenant === tenant && row.id === id);
    },
    write: (row, expected) => persister[row.body === null ? remove : save](row, expected),
  };
}

/** A persister can be a host's own: what it gives is checked like what a file holds. The body is, elsewhere. */
function checkedLists(given: LoadedEntries, load: string): LoadedEntries {
  if (
    !Array.isArray(given?.rows) ||
    !Array.isArray(given.damaged) ||
    ![...given.rows, ...given.damaged].every(isNamed)
  ) {
    const fields = [
      { field: `persister.${load}`, message: "must give { rows, damaged }, lists of what has a tenant and an id" },
    ];
    throw new PersonaError("invalid_input", `The persister's ${load} does not give rows.`, { fields });
  }
  const rows: StoredEntry[] = [];
  const damaged: DamagedEntry[] = [...given.damaged];
  for (const row of given.rows) {
    const reason = damageOf(row);
    if (reason === undefined) rows.push(row);
    else damaged.push({ tenant: row.tenant, id: row.id, version: isVersion(row.version) ? row.version : 0, reason });
  }
  return { rows, damaged };
}

function isNamed(row: Partial<StoredEntry> | null | undefined): boolean {
  return typeof row?.tenant === "string" && typeof row.id === "string";
}

function damageOf({ version, reset, createdAt, updatedAt }: StoredEntry): string | undefined {
  if (!isVersion(version)) return "its version is none";
  if (typeof reset !== "boolean") return "it does not say whether it was reset";
  return Number.isSafeInteger(createdAt) && Number.isSafeInteger(updatedAt) ? undefined : "its times are none";
}

function isVersion(version: number): boolean {
  return Number.isSafeInteger(version) && version > 0;
}

export const FUNCTIONS = {
  persona: ["loadPersonas", "savePersona", "deletePersona"],
  role: ["loadRoles", "saveRole", "deleteRole"],
  sequence: ["loadSequences", "saveSequence", "deleteSequence"],
} as const satisfies Record<EntryKind, readonly (keyof Persister)[]>;
