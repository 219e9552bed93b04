/** Observations into a mindscape: pure. */
import { isDeepStrictEqual } from "node:util";
import type { Finding } from "./extractors/extractor.ts";
import { joined, type Known, type Memory } from "./merge.ts";
import type { Trait, Traits } from "./trait.ts";

/** Traits, and what their merging remembers of each. */
export interface Mind {
  readonly traits: Traits;
  readonly memory: Readonly<Record<string, Memory>>;
}

/** What one extractor has found in one observation. */
export interface Found {
  readonly source: string;
  /** When the observation was made. */
  readonly at: number;
  readonly findings: readonly Finding[];
}

/** By path; null where there is none. */
export type TraitChanges = Readonly<Record<string, { readonly before: Trait | null; readonly after: Trait | null }>>;

/** More than these nobody reads: a path beyond is not begun. */
export const MAX_TRAITS = 1_000;

export function digested({ traits, memory }: Mind, found: readonly Found[], now: number): Mind {
  const known = new Map<string, Known>();
  for (const [path, trait] of Object.entries(traits)) known.set(path, { trait, memory: ownOf(memory, path) ?? {} });
  for (const [path, remembered] of Object.entries(memory)) {
    if (!known.has(path)) known.set(path, { trait: undefined, memory: remembered });
  }
  const at = (path: string): Known => known.get(path) ?? { trait: undefined, memory: {} };
  for (const { source, at: observedAt, findings } of found) {
    for (const finding of findings) {
      for (const [path, next] of joined(finding, at, { source, now, at: observedAt })) {
        if (known.has(path) || known.size < MAX_TRAITS) known.set(path, next);
      }
    }
  }
  const entries = [...known];
  return {
    traits: Object.fromEntries(entries.flatMap(([path, { trait }]) => (trait === undefined ? [] : [[path, trait]]))),
    memory: Object.fromEntries(
      entries.filter(([, one]) => Object.keys(one.memory).length > 0).map(([path, one]) => [path, one.memory]),
    ),
  };
}

/** The paths that say something else, or say it with another confidence; a further sample alone is no change. */
export function changesOf(before: Traits, after: Traits): TraitChanges {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changes = paths
    .map((path) => [path, { before: ownOf(before, path) ?? null, after: ownOf(after, path) ?? null }] as const)
    .filter(([, change]) => !isDeepStrictEqual(saidBy(change.before), saidBy(change.after)));
  return Object.fromEntries(changes);
}

const saidBy = (trait: Trait | null) => trait && [trait.value, trait.confidence, trait.volatility, trait.curated];

const ownOf = <Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
