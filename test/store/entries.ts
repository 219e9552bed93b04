/** What every store does about entries of the catalogue; part of the suite in `behaviour.ts`. */
import { describe, expect, it } from "vitest";
import type { EntryRow, EntryTable } from "../../src/store/port.ts";
import { NOW } from "./rows.ts";

export function anEntry(over: Partial<EntryRow> = {}): EntryRow {
  return {
    tenant: "default",
    kind: "persona",
    id: "ada",
    version: 1,
    body: '{"id":"ada"}',
    reset: 0,
    createdAt: NOW,
    updatedAt: NOW + 1,
    ...over,
  };
}

export function keepsEntries(opened: () => Promise<EntryTable>): void {
  describe("entries of the catalogue", () => {
    it("are given back as they were, by kind, tenant and id", async () => {
      const table = await opened();
      const body = '{"text":"\\u0000 emoji 👋🏽, Ünïcödé\\r\\n"}';
      const rows = [
        anEntry({ body }),
        anEntry({ kind: "role" }),
        anEntry({ tenant: "other", body: null, reset: 1 }),
        anEntry({ id: "bob", body: null }),
      ];
      for (const row of rows) await table.saveEntry(row, 0);
      for (const row of rows) expect(await table.entry(row.kind, row.tenant, row.id)).toEqual(row);
      expect(await table.entry("sequence", "default", "ada")).toBeUndefined();
    });

    it("are replaced by their version only", async () => {
      const table = await opened();
      const conflict = expect.objectContaining({ code: "version_conflict" });
      await table.saveEntry(anEntry(), 0);
      const next = anEntry({ version: 2, body: null, createdAt: NOW + 2, updatedAt: NOW + 3 });
      await expect(table.saveEntry(next, 0)).rejects.toEqual(conflict);
      await expect(table.saveEntry(next, 2)).rejects.toEqual(conflict);
      await expect(table.saveEntry(anEntry({ id: "bob", version: 2 }), 1)).rejects.toEqual(conflict);
      expect(await table.entry("persona", "default", "ada")).toEqual(anEntry());
      await table.saveEntry(next, 1);
      expect(await table.entry("persona", "default", "ada")).toEqual(next);
      expect(await table.entry("persona", "default", "bob")).toBeUndefined();
    });

    it("let one of many win, and keep what others write meanwhile", async () => {
      const table = await opened();
      const results = await Promise.allSettled(
        Array.from({ length: 64 }, (_, at) =>
          table.saveEntry(anEntry(at % 2 === 0 ? { createdAt: at } : { id: `other-${at}` }), 0),
        ),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(33);
      expect(await table.entries({ kind: "persona", limit: 100 })).toHaveLength(33);
      const winner = results.findIndex(({ status }, at) => status === "fulfilled" && at % 2 === 0);
      expect(await table.entry("persona", "default", "ada")).toMatchObject({ createdAt: winner });
    });

    it("are listed by tenant and id, byte by byte, page by page", async () => {
      const table = await opened();
      const names = ["b.1", "b", "b_1", "b-1", "a", "1"].map((id) => ({ tenant: "t", id }));
      names.push({ tenant: "t-1", id: "a" }, { tenant: "s", id: "z" });
      for (const name of names) await table.saveEntry(anEntry(name), 0);
      await table.saveEntry(anEntry({ kind: "role", tenant: "t", id: "x" }), 0);
      const seen: string[] = [];
      for (let after: EntryRow | undefined; ; ) {
        const page = await table.entries({ kind: "persona", after, limit: 3 });
        seen.push(...page.map(({ tenant, id }) => `${tenant}/${id}`));
        after = page.at(-1);
        if (page.length < 3) break;
      }
      expect(seen).toEqual(["s/z", "t/1", "t/a", "t/b", "t/b-1", "t/b.1", "t/b_1", "t-1/a"]);
    });
  });
}
