import type { SpendingQuery, SpendingRow, SpendingSum } from "../port.ts";
import { takeSurplus } from "./take-surplus.ts";

/** What was spent on calls to models, in memory. */
export class SpendingTable {
  /** By turn and number of the call. */
  readonly #rows = new Map<string, SpendingRow>();

  /** New ones, and others in place of those that are there. */
  put(rows: readonly SpendingRow[]): void {
    for (const row of rows) this.#rows.set(`${row.turn}/${row.call}`, row);
  }

  /** The most expensive first. */
  sums(query: SpendingQuery): readonly SpendingSum[] {
    const sums = new Map<SpendingSum["of"], SpendingSum>();
    for (const row of this.#rows.values()) {
      if (!isAsked(row, query)) continue;
      const of = query.by === "fleet" ? null : row[query.by];
      sums.set(of, added(sums.get(of) ?? { of, ...NOTHING_SPENT }, row));
    }
    return [...sums.values()].sort(mostExpensiveFirst).slice(0, query.limit);
  }

  /** All but about the newest `max`. */
  forget(max: number): void {
    takeSurplus(this.#rows, max);
  }
}

function isAsked(row: SpendingRow, { from, to, tenant, persona, owner }: SpendingQuery): boolean {
  if (row.state === "reserved" || row.at < from || row.at >= to) return false;
  return (
    row.tenant === (tenant ?? row.tenant) &&
    row.persona === (persona ?? row.persona) &&
    row.owner === (owner ?? row.owner)
  );
}

const NOTHING_SPENT = { calls: 0, inputTokens: 0, outputTokens: 0, nanoUsd: 0, unconfirmed: 0, unpriced: 0 };

function added(sum: SpendingSum, { inputTokens, outputTokens, nanoUsd, state }: SpendingRow): SpendingSum {
  return {
    of: sum.of,
    calls: sum.calls + 1,
    inputTokens: sum.inputTokens + inputTokens,
    outputTokens: sum.outputTokens + outputTokens,
    nanoUsd: sum.nanoUsd + (nanoUsd ?? 0),
    unconfirmed: sum.unconfirmed + (state === "unconfirmed" ? 1 : 0),
    unpriced: sum.unpriced + (nanoUsd === null ? 1 : 0),
  };
}

function mostExpensiveFirst(a: SpendingSum, b: SpendingSum): number {
  const tokens = (sum: SpendingSum) => sum.inputTokens + sum.outputTokens;
  return b.nanoUsd - a.nanoUsd || tokens(b) - tokens(a) || ((a.of ?? "") < (b.of ?? "") ? -1 : 1);
}
