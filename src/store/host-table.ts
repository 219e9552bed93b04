/** The table of catalogue entries in a database that the host has opened, and closes. */
import type { PersonaError } from "../errors.ts";
import { ENTRY, type Values } from "./columns.ts";
import { assertWritten, ENTRIES, ENTRY_OF, INSERT_ENTRY, REPLACE_ENTRY, replacement } from "./entries.ts";
import type { EntryRow, EntryTable } from "./port.ts";
import type { Query, Source } from "./query.ts";

/** Each write is one statement, and so whole or not at all without a transaction of ours. */
export function hostTable(source: Pick<Source, "all">, coded: (error: unknown) => PersonaError): EntryTable {
  const all = async <Row>(query: Query<Row>, values: Values): Promise<readonly Row[]> => {
    try {
      return await source.all(query, values);
    } catch (error) {
      throw coded(error);
    }
  };
  return {
    async saveEntry(row, expected) {
      const [statement, values] =
        expected === 0 ? [INSERT_ENTRY, ENTRY.values(row)] : [REPLACE_ENTRY, replacement(row, expected)];
      assertWritten((await all(statement, values))[0]);
    },
    async entry(kind, tenant, id) {
      const [row] = await all(ENTRY_OF, [kind, tenant, id]);
      return row && inNumbers(row);
    },
    async entries({ kind, after, limit }) {
      const rows = await all(ENTRIES, [kind, after?.tenant ?? "", after?.id ?? "", limit]);
      return rows.map(inNumbers);
    },
  };
}

/** A host may have its driver give integers as BigInt or as text. */
function inNumbers(row: EntryRow): EntryRow {
  return {
    ...row,
    version: Number(row.version),
    reset: Number(row.reset),
    createdAt: Number(row.createdAt),
    updatedAt: Number(row.updatedAt),
  };
}
