import type { ChangeKind, ChangeRow } from "../port.ts";

/** The change log in memory: the newest lines of it. */
export class ChangeLog {
  readonly #keep: number;
  readonly #rows: ChangeRow[] = [];
  #rev = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  /** Of the newest line. */
  get rev(): number {
    return this.#rev;
  }

  /** Adds a line; gives its rev. */
  stamp(kind: ChangeKind, tenant: string, key: number, tombstone = false): number {
    this.#rev += 1;
    this.#rows.push({ rev: this.#rev, tenant, kind, key, tombstone });
    // A tenth more than asked for, so that the list is not moved at every write.
    if (this.#rows.length > this.#keep * 1.1) this.#rows.splice(0, this.#rows.length - this.#keep);
    return this.#rev;
  }

  /** The first lines of a tenant after a rev, and the oldest rev that there still is. */
  after(rev: number, tenant: string, limit: number): { readonly oldest: number; readonly rows: readonly ChangeRow[] } {
    const oldest = this.#rows[0]?.rev ?? 1;
    const rows: ChangeRow[] = [];
    // Revs are consecutive, so the place of a rev in the list is known.
    for (let index = Math.max(0, rev + 1 - oldest); rows.length < limit; index += 1) {
      const change = this.#rows[index];
      if (change === undefined) break;
      if (change.tenant === tenant) rows.push(change);
    }
    return { oldest, rows };
  }
}
