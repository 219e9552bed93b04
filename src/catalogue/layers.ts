/** What is in memory of one kind: the entries that were seeded, and what a tenant has written over them. */

import { describeFaults } from "../faults.ts";
import { type Body, checkEntry, entryOf } from "./check.ts";
import type { DamagedEntry, StoredEntry } from "./port.ts";
import type { EntryKind, EntryOf, EntrySource } from "./schema.ts";

/** Built-in entries and those of the seed file, shared by all tenants. */
export class Seeds<Kind extends EntryKind> {
  readonly #entries = new Map<string, EntryOf[Kind]>();
  /** Sorted. */
  readonly ids: readonly string[];

  constructor(kind: Kind, seeds: Iterable<{ readonly source: EntrySource; readonly body: Body<Kind> }>) {
    for (const { source, body } of seeds) {
      this.#entries.set(body.id, entryOf(kind, body, { version: 0, source, created_at: 0, updated_at: 0 }));
    }
    this.ids = [...this.#entries.keys()].sort();
  }

  get(id: string): EntryOf[Kind] | undefined {
    return this.#entries.get(id);
  }
}

/** What is stored under an id, as far as it can be read. */
export interface Written<Kind extends EntryKind> {
  readonly version: number;
  /** What is shown: that entry, the seed under a reset, or nothing. */
  readonly entry: EntryOf[Kind] | undefined;
  /** Why it cannot be shown. */
  readonly damage: string | undefined;
}

export class Layers<Kind extends EntryKind> {
  readonly kind: Kind;
  readonly seeds: Seeds<Kind>;
  readonly #written = new Map<string, Written<Kind>>();
  /** Those of `#written`, sorted. */
  #ids: string[] = [];
  #size: number;

  constructor(kind: Kind, seeds: Seeds<Kind>) {
    this.kind = kind;
    this.seeds = seeds;
    this.#size = seeds.ids.length;
  }

  get size(): number {
    return this.#size;
  }

  find(id: string): EntryOf[Kind] | undefined {
    const written = this.#written.get(id);
    return written === undefined ? this.seeds.get(id) : written.entry;
  }

  written(id: string): Written<Kind> | undefined {
    return this.#written.get(id);
  }

  /** What is shown of the ids behind `after`, in their order: two sorted lists in step. */
  *behind(after: string): Generator<EntryOf[Kind]> {
    let at = placeBehind(this.#ids, after);
    let under = placeBehind(this.seeds.ids, after);
    for (;;) {
      const [written, seeded] = [this.#ids[at], this.seeds.ids[under]];
      const id = seeded === undefined || (written !== undefined && written < seeded) ? written : seeded;
      if (id === undefined) return;
      if (id === written) at += 1;
      if (id === seeded) under += 1;
      const entry = this.find(id);
      if (entry !== undefined) yield entry;
    }
  }

  /** What a row makes of its id, once it is checked. */
  read(row: StoredEntry | DamagedEntry): Written<Kind> {
    if ("reason" in row) return { version: row.version, entry: undefined, damage: row.reason };
    if (row.body === null) return this.without(row);
    const { body, faults } = checkEntry(this.kind, row.body);
    if (body?.id === row.id) return this.with(row, body);
    const reason = body === undefined ? describeFaults(faults) : `its id is "${body.id}" inside`;
    return { version: row.version, entry: undefined, damage: reason };
  }

  /** What a checked entry makes of its id. */
  with({ version, createdAt, updatedAt }: StoredEntry, body: Body<Kind>): Written<Kind> {
    const owned = { version, source: "store", created_at: createdAt, updated_at: updatedAt } as const;
    return { version, entry: entryOf(this.kind, body, owned), damage: undefined };
  }

  /** What a tombstone makes of its id. */
  without({ id, version, reset }: StoredEntry): Written<Kind> {
    const seed = reset ? this.seeds.get(id) : undefined;
    const entry = seed && ({ ...seed, version } as unknown as EntryOf[Kind]);
    return { version, entry: entry && (Object.freeze(entry) as EntryOf[Kind]), damage: undefined };
  }

  /** What shows where nothing is stored. */
  untouched(id: string): Written<Kind> {
    return { version: 0, entry: this.seeds.get(id), damage: undefined };
  }

  /** Takes up what is stored, all at once. */
  fill(rows: Iterable<readonly [id: string, written: Written<Kind>]>): void {
    for (const [id, written] of rows) this.#put(id, written);
    this.#ids = [...this.#written.keys()].sort();
  }

  set(id: string, written: Written<Kind>): void {
    if (!this.#written.has(id)) this.#ids.splice(placeBehind(this.#ids, id), 0, id);
    this.#put(id, written);
  }

  #put(id: string, written: Written<Kind>): void {
    const before = this.find(id);
    this.#written.set(id, written);
    this.#size += (written.entry === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  }
}

/** How many of sorted ids are not behind `id`. */
function placeBehind(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] as string) > id) high = middle;
    else low = middle + 1;
  }
  return low;
}
