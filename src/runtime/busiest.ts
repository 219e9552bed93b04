/** Who has most to do. */
import type { Load } from "./packed.ts";

/** What the busy can be sorted by. */
export const LOADS = ["queued", "inFlight"] as const;
export type By = (typeof LOADS)[number];

/**
 * A page of them, most first, without sorting all: of 100 000 only those are compared that can be on the page. Who has
 * as much as others stands in the order of `loads`, which is that of the fleet.
 */
export function busiest<Item extends Load>(
  loads: readonly Item[],
  { by, offset, limit }: { readonly by: By; readonly offset: number; readonly limit: number },
): Item[] {
  const most = offset + limit;
  const least = leastOf(loads, by, most);
  const above = loads.filter((load) => load[by] > least);
  const alike = loads.filter((load) => load[by] === least).slice(0, Math.max(0, most - above.length));
  above.sort((a, b) => b[by] - a[by]);
  return [...above, ...alike].slice(offset, most);
}

/** What the last of the first `most` has. Numbers of a typed array sort an order of magnitude faster than objects. */
function leastOf(loads: readonly Load[], by: By, most: number): number {
  const values = Float64Array.from(loads, (load) => load[by]).sort();
  return values[Math.max(0, values.length - most)] ?? 0;
}
