/** A persister that keeps what is written as long as it lives. */
import { PersonaError } from "../errors.ts";
import type { LoadedEntries, Persister, StoredEntry } from "./port.ts";

export function memoryPersister(): Persister {
  const [personas, roles, sequences] = [memory(), memory(), memory()];
  return {
    loadPersonas: personas.load,
    savePersona: personas.write,
    deletePersona: personas.write,
    loadRoles: roles.load,
    saveRole: roles.write,
    deleteRole: roles.write,
    loadSequences: sequences.load,
    saveSequence: sequences.write,
    deleteSequence: sequences.write,
  };
}

function memory() {
  const rows = new Map<string, StoredEntry>();
  return {
    load: async (): Promise<LoadedEntries> => ({ rows: [...rows.values()], damaged: [] }),
    async write(row: StoredEntry, expected: number): Promise<void> {
      const name = `${row.tenant}/${row.id}`;
      const stored = rows.get(name)?.version ?? 0;
      if (stored !== expected) throw new PersonaError("version_conflict", `Version ${stored} is stored.`);
      rows.set(name, row);
    },
  };
}
