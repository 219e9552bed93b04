/** A persister over a table: that of a store, or one in a database of the host's own. */
import type { EntryRow, EntryTable } from "../store/port.ts";
import type { DamagedEntry, LoadedEntries, Persister, StoredEntry } from "./port.ts";
import type { EntryKind } from "./schema.ts";

/** Rows that are read at once; between two such pages the event loop runs. */
const PAGE = 2_000;

export function tablePersister(table: EntryTable): Persister {
  const write =
    (kind: EntryKind) =>
    ({ body, reset, ...row }: StoredEntry, expected: number) =>
      table.saveEntry(
        { ...row, kind, body: body === null ? null : JSON.stringify(body), reset: reset ? 1 : 0 },
        expected,
      );
  const load = (kind: EntryKind) => async () => {
    const rows: (StoredEntry | DamagedEntry)[] = [];
    for (;;) {
      const page = await table.entries({ kind, after: rows.at(-1), limit: PAGE });
      for (const row of page) rows.push(readable(row));
      if (page.length < PAGE) return sorted(rows);
    }
  };
  const [savePersona, saveRole, saveSequence] = [write("persona"), write("role"), write("sequence")];
  return {
    loadPersonas: load("persona"),
    savePersona,
    deletePersona: savePersona,
    loadRoles: load("role"),
    saveRole,
    deleteRole: saveRole,
    loadSequences: load("sequence"),
    saveSequence,
    deleteSequence: saveSequence,
    async look(kind, tenant, id) {
      const row = await table.entry(kind, tenant, id);
      return sorted(row === undefined ? [] : [readable(row)]);
    },
  };
}

function readable({ body, reset, kind: _, ...row }: EntryRow): StoredEntry | DamagedEntry {
  const { tenant, id, version } = row;
  if (body === null) return { ...row, body, reset: reset === 1 };
  try {
    const document: unknown = JSON.parse(body);
    // In a stored entry that would be a tombstone.
    if (document === null) return { tenant, id, version, reason: "it is null" };
    return { ...row, body: document, reset: false };
  } catch {
    return { tenant, id, version, reason: "it is not JSON" };
  }
}

function sorted(all: readonly (StoredEntry | DamagedEntry)[]): LoadedEntries {
  const rows: StoredEntry[] = [];
  const damaged: DamagedEntry[] = [];
  for (const row of all) {
    if ("reason" in row) damaged.push(row);
    else rows.push(row);
  }
  return { rows, damaged };
}
