import type { ErrorCode } from "../errors.ts";

/** What has become of items since the start of this runtime. */
export interface Tally {
  accepted: number;
  answered: number;
  declined: number;
  dead: number;
  retried: number;
  /** By the code of the refusal. */
  readonly refusals: Partial<Record<ErrorCode, number>>;
}

export const newTally = (): Tally => ({ accepted: 0, answered: 0, declined: 0, dead: 0, retried: 0, refusals: {} });

/** All of them together. */
export function totalOf(tallies: readonly Tally[]): Tally {
  const total = newTally();
  for (const { refusals, ...counts } of tallies) {
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) total[name] += counts[name];
    for (const [code, count] of Object.entries(refusals) as [ErrorCode, number][]) {
      total.refusals[code] = (total.refusals[code] ?? 0) + count;
    }
  }
  return total;
}
