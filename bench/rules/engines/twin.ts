/**
 * The JavaScript twin: the same index, written for the workload alone. Rows in the order of (trait, operator,
 * threshold), so that a new value turns a range of bits; a bitmap for each value of each field and for each hour.
 */
import type { CrowdContender, Engine } from "../contender.ts";
import {
  type BenchRule,
  FIELDS,
  fieldName,
  hourOf,
  inHours,
  Renderer,
  type Step,
  sumOf,
  TOP,
  TRAITS,
} from "../workload.ts";

/** Conjuncts of a rule: what it wants of the context and of the hour, if anything. */
interface Row {
  readonly rule: number;
  readonly trait: number;
  readonly greater: boolean;
  readonly threshold: number;
  readonly field?: { readonly field: number; readonly value: string };
  readonly hours?: { readonly from: number; readonly to: number };
}

function rowsOf(rules: readonly BenchRule[]): Row[] {
  const rows = rules.flatMap(({ trait, greater, threshold, field, value, from, to, all }, rule): Row[] => {
    const base = { rule, trait, greater, threshold };
    const [inField, inTime] = [{ field: { field, value } }, { hours: { from, to } }];
    return all
      ? [{ ...base, ...inField, ...inTime }]
      : [
          { ...base, ...inField },
          { ...base, ...inTime },
        ];
  });
  return rows.sort((a, b) => a.trait - b.trait || Number(b.greater) - Number(a.greater) || a.threshold - b.threshold);
}

/** The rows of one trait and operator. */
interface Range {
  readonly first: number;
  readonly thresholds: Float64Array;
}

class Index {
  readonly rules: Uint32Array;
  readonly words: number;
  readonly above: Range[] = [];
  readonly below: Range[] = [];
  /** By field and value; the last of a field is for a value that no row wants. */
  readonly fields: Map<string, Int32Array>[] = [];
  readonly hours: Int32Array[] = [];
  readonly #none: Int32Array[] = [];

  constructor(rows: readonly Row[]) {
    this.rules = Uint32Array.from(rows, ({ rule }) => rule);
    this.words = Math.ceil(rows.length / 32);
    const bitmap = (keep: (row: Row) => boolean) => {
      const bits = new Int32Array(this.words);
      rows.forEach((row, n) => {
        if (keep(row)) bits[n >> 5] = (bits[n >> 5] as number) | (1 << (n & 31));
      });
      return bits;
    };
    for (let trait = 0; trait < TRAITS; trait += 1) {
      for (const [greater, ranges] of [
        [true, this.above],
        [false, this.below],
      ] as const) {
        const own = rows.filter((row) => row.trait === trait && row.greater === greater);
        ranges.push({
          first: own[0] === undefined ? 0 : rows.indexOf(own[0]),
          thresholds: Float64Array.from(own, (row) => row.threshold),
        });
      }
    }
    for (let field = 0; field < FIELDS; field += 1) {
      const values = new Set(rows.flatMap((row) => (row.field?.field === field ? [row.field.value] : [])));
      const free = (row: Row) => row.field?.field !== field;
      this.fields.push(
        new Map([...values].map((value) => [value, bitmap((row) => free(row) || row.field?.value === value)])),
      );
      this.#none.push(bitmap(free));
    }
    for (let hour = 0; hour < 24; hour += 1) {
      this.hours.push(bitmap(({ hours }) => hours === undefined || inHours(hour, hours.from, hours.to)));
    }
  }

  field(field: number, value: string): Int32Array {
    return this.fields[field]?.get(value) ?? (this.#none[field] as Int32Array);
  }

  /** Turns the rows between two values of a trait. */
  learn(open: Int32Array, trait: number, was: number, is: number): void {
    const above = this.above[trait] as Range;
    const [a, b] = [countBelow(above.thresholds, was), countBelow(above.thresholds, is)];
    fill(open, above.first + Math.min(a, b), above.first + Math.max(a, b), b > a);
    const below = this.below[trait] as Range;
    const [c, d] = [countUpTo(below.thresholds, was), countUpTo(below.thresholds, is)];
    fill(open, below.first + Math.min(c, d), below.first + Math.max(c, d), d < c);
  }
}

/** How many thresholds are less than the value: it is greater than those. */
function countBelow(thresholds: Float64Array, value: number): number {
  let [from, to] = [0, thresholds.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((thresholds[middle] as number) < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** How many thresholds the value is not less than. */
function countUpTo(thresholds: Float64Array, value: number): number {
  let [from, to] = [0, thresholds.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((thresholds[middle] as number) <= value) from = middle + 1;
    else to = middle;
  }
  return from;
}

function fill(bits: Int32Array, from: number, to: number, on: boolean): void {
  if (from >= to) return;
  const [first, last] = [from >> 5, (to - 1) >> 5];
  for (let word = first; word <= last; word += 1) {
    let mask = -1;
    if (word === first) mask &= -1 << (from & 31);
    if (word === last) mask &= -1 >>> (31 - ((to - 1) & 31));
    bits[word] = on ? (bits[word] as number) | mask : (bits[word] as number) & ~mask;
  }
}

export const engine: Engine = {
  title: "JavaScript twin of the index",
  one({ rules, traits }) {
    const index = new Index(rowsOf(rules));
    const renderer = new Renderer(rules);
    const open = new Int32Array(index.words);
    // What is below nothing and above nothing comes first: all rows that want less are open.
    for (const { first, thresholds } of index.below) fill(open, first, first + thresholds.length, true);
    const levels = new Float64Array(TRAITS).fill(Number.NEGATIVE_INFINITY);
    const learn = ({ trait, value }: { trait: number; value: number }) => {
      index.learn(open, trait, levels[trait] as number, value);
      levels[trait] = value;
    };
    traits.forEach((value, trait) => {
      learn({ trait, value });
    });
    const found: number[] = [];
    const seen = new Uint32Array(rules.length);
    let round = 0;
    const look = ({ context, now }: Step) => {
      round += 1;
      found.length = 0;
      const hour = index.hours[hourOf(now)] as Int32Array;
      const a = index.field(0, context["f0"] as string);
      const b = index.field(1, context["f1"] as string);
      const c = index.field(2, context["f2"] as string);
      const d = index.field(3, context["f3"] as string);
      for (let word = 0; word < index.words; word += 1) {
        let bits =
          (open[word] as number) &
          (hour[word] as number) &
          (a[word] as number) &
          (b[word] as number) &
          (c[word] as number) &
          (d[word] as number);
        while (bits !== 0) {
          const low = bits & -bits;
          bits ^= low;
          const rule = index.rules[(word << 5) + 31 - Math.clz32(low)] as number;
          if (seen[rule] === round) continue;
          seen[rule] = round;
          found.push(rule);
        }
      }
      return found;
    };
    return {
      fired(step) {
        learn(step);
        return look(step);
      },
      suggest(step) {
        learn(step);
        return first(look(step)).map((rule) => {
          return renderer.suggestion(rule, levels[rules[rule]?.trait as number] as number, step.context, step.now);
        });
      },
      learn,
    };
  },
  many({ rules }, levels): CrowdContender {
    const persons = levels.length / TRAITS;
    const words = Math.ceil(persons / 32);
    const rows = rowsOf(rules);
    const columns = rows.map(({ trait, greater, threshold }) => {
      const column = new Int32Array(words);
      for (let person = 0; person < persons; person += 1) {
        const level = levels[person * TRAITS + trait] as number;
        if (greater ? level > threshold : level < threshold)
          column[person >> 5] = (column[person >> 5] as number) | (1 << (person & 31));
      }
      return column;
    });
    const byRule = rules.map((_, rule) => rows.flatMap((row, n) => (row.rule === rule ? [n] : [])));
    let pairs = new Uint32Array(1024);
    const whole = new Int32Array(words);
    return {
      pass({ context, now }) {
        const hour = hourOf(now);
        let at = 0;
        for (let rule = 0; rule < byRule.length; rule += 1) {
          let some = false;
          for (const n of byRule[rule] as number[]) {
            const { field, hours } = rows[n] as Row;
            if (field !== undefined && context[fieldName(field.field)] !== field.value) continue;
            if (hours !== undefined && !inHours(hour, hours.from, hours.to)) continue;
            const column = columns[n] as Int32Array;
            if (some)
              for (let word = 0; word < words; word += 1)
                whole[word] = (whole[word] as number) | (column[word] as number);
            else whole.set(column);
            some = true;
          }
          if (!some) continue;
          for (let word = 0; word < words; word += 1) {
            let bits = whole[word] as number;
            while (bits !== 0) {
              const low = bits & -bits;
              bits ^= low;
              if (at + 2 > pairs.length) {
                const more = new Uint32Array(pairs.length * 2);
                more.set(pairs);
                pairs = more;
              }
              pairs[at] = rule;
              pairs[at + 1] = (word << 5) + 31 - Math.clz32(low);
              at += 2;
            }
          }
        }
        return { pairs: at / 2, sum: () => sumOf(pairs.subarray(0, at)) };
      },
    };
  },
};

/** The first five in document order, which is all that is left at equal weight and priority. */
export function first(found: readonly number[]): number[] {
  const best: number[] = [];
  for (const rule of found) {
    if (best.length === TOP && rule > (best[TOP - 1] as number)) continue;
    let place = best.length;
    while (place > 0 && (best[place - 1] as number) > rule) place -= 1;
    best.splice(place, 0, rule);
    if (best.length > TOP) best.pop();
  }
  return best;
}
