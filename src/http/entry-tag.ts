/** ETags of catalogue entries. */
import { createHash } from "node:crypto";
import type { EntryKind, EntryOf } from "../catalogue/schema.ts";

type Entry = EntryOf[EntryKind];

/**
 * A strong tag: whoever has it has exactly this entry. What is stored never has a version twice; the time tells it from
 * that of a database which was restored. A seed has neither: its tag is another one when a release or its file changes it.
 */
export function tagOf(entry: Entry): string {
  if (entry.source === "store") return `"${entry.version}-${entry.updated_at.toString(36)}"`;
  let tag = seeds.get(entry);
  if (tag === undefined) {
    tag = `"${createHash("sha256").update(JSON.stringify(entry)).digest("base64url").slice(0, 22)}"`;
    seeds.set(entry, tag);
  }
  return tag;
}

/** They are frozen, and few. */
const seeds = new WeakMap<Entry, string>();
