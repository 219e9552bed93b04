/** What feedback makes of a mapper's weights, before it is written: the next rows of the ledger, and its log. */
import type {
  FeedbackRow,
  MappingTable,
  PersonalWeightRow,
  RuleWeightChangeRow,
  RuleWeightRow,
} from "../../store/mapping/port.ts";
import { holds } from "../weights.ts";
import type { Teachable } from "./document.ts";
import { judged } from "./law.ts";
import { learned, meanWeight, priorOf } from "./thompson.ts";

/** A key of the store's, for each row. */
type Allocate = () => number;
type Table = Pick<MappingTable, "weights" | "weightLog" | "feedbackSums" | "personalWeights">;

const DAY_MS = 86_400_000;
const LOG_PAGE = 50;
/** A person's own word moves a weight by this much at most, either way. */
const LEAST_FACTOR = 0.5;
const MOST_FACTOR = 2;

export class LedgerDraft {
  readonly #table: Table;
  readonly #allocate: Allocate;
  readonly #teachable: Teachable;
  readonly #before: ReadonlyMap<string, RuleWeightRow>;
  readonly #next = new Map<string, RuleWeightRow>();
  readonly #log: RuleWeightChangeRow[] = [];
  readonly #personal = new Map<string, PersonalWeightRow>();
  /** What was unhelpful and came with this draft, by rule. */
  readonly #unhelpful = new Map<string, FeedbackRow[]>();

  private constructor(table: Table, allocate: Allocate, teachable: Teachable, rows: readonly RuleWeightRow[]) {
    this.#table = table;
    this.#allocate = allocate;
    this.#teachable = teachable;
    this.#before = new Map(rows.map((row) => [row.rule, row]));
  }

  static async read(
    table: Table,
    allocate: Allocate,
    { tenant, mapper, teachable }: { readonly tenant: string; readonly mapper: string; readonly teachable: Teachable },
  ): Promise<LedgerDraft> {
    return new LedgerDraft(table, allocate, teachable, await table.weights(tenant, mapper));
  }

  get weights(): readonly RuleWeightRow[] {
    return [...this.#next.values()];
  }

  get log(): readonly RuleWeightChangeRow[] {
    return this.#log;
  }

  get personal(): readonly PersonalWeightRow[] {
    return [...this.#personal.values()];
  }

  /** What one feedback on a rule does. Rows are given oldest first. */
  async apply(row: FeedbackRow & { readonly rule: string }, helpful: boolean): Promise<void> {
    const { tenant, mapper, rule, key: feedback, createdAt: at } = row;
    const { authored, learning } = this.#teachable;
    const before = this.#next.get(rule) ?? this.#startOf(row);
    if (!helpful) this.#unhelpful.set(rule, [...(this.#unhelpful.get(rule) ?? []), row]);
    const prior = priorOf(before.base);
    const belief = learned(before, prior, helpful, learning);
    const { weight, direction, reason } =
      learning.strategy === "thompson"
        ? this.#believed(before, meanWeight(belief, learning), helpful)
        : judged(
            { weight: before.weight, direction: before.direction, at: before.updatedAt },
            { helpful, at, unhelpful: helpful ? 0 : await this.#unhelpfulUpTo(row) },
            learning,
          );
    const moved = weight !== before.weight;
    const version = (this.#before.get(rule)?.version ?? 0) + 1;
    const updatedAt = moved ? at : before.updatedAt;
    this.#next.set(rule, { ...before, ...belief, weight, direction, reason, version, updatedAt });
    if (moved) {
      const key = this.#allocate();
      this.#log.push({ key, tenant, mapper, rule, from: before.weight, to: weight, reason, feedback, at });
    }
    if (learning.personal && Object.hasOwn(authored, rule)) await this.#movePersonal(row, helpful);
  }

  #believed(before: RuleWeightRow, weight: number, helpful: boolean) {
    const direction = Math.sign(weight - before.weight) as -1 | 0 | 1;
    return { weight, direction: direction || before.direction, reason: helpful ? "helpful" : "unhelpful" };
  }

  /** Learned on, unless the author has given the rule another weight since. */
  #startOf({ tenant, mapper, rule, createdAt }: FeedbackRow & { readonly rule: string }): RuleWeightRow {
    const { authored } = this.#teachable;
    const known = this.#before.get(rule);
    const isGone = !Object.hasOwn(authored, rule);
    if (known !== undefined && (isGone || holds(known, authored))) return known;
    const base = authored[rule] ?? 1;
    return {
      ...{ key: known?.key ?? this.#allocate(), tenant, mapper, rule, weight: base, base, ...priorOf(base) },
      ...{ direction: 0, version: known?.version ?? 0, reason: "", updatedAt: createdAt },
    };
  }

  /** Within the window, of what has not lowered the weight yet, this one included. */
  async #unhelpfulUpTo({
    tenant,
    mapper,
    rule,
    key,
    createdAt: at,
  }: FeedbackRow & { readonly rule: string }): Promise<number> {
    const from = at - this.#teachable.learning.negative_window_days * DAY_MS + 1;
    const after = await this.#lastLowered(tenant, mapper, rule, from);
    const isCounted = (row: FeedbackRow) =>
      row.key > after && row.key <= key && row.createdAt >= from && row.createdAt <= at;
    const here = (this.#unhelpful.get(rule) ?? []).filter(isCounted).length;
    const sums = await this.#table.feedbackSums({ tenant, mapper, rule, from, to: at + 1, after, applied: true });
    return sums.reduce((sum, { unhelpful }) => sum + unhelpful, here);
  }

  /** Key of the feedback that has lowered the weight last; 0: none within the window. */
  async #lastLowered(tenant: string, mapper: string, rule: string, from: number): Promise<number> {
    const here = this.#log.findLast((line) => line.rule === rule && line.to < line.from);
    if (here !== undefined) return here.feedback ?? 0;
    for (let before: number | undefined; ; ) {
      const lines = await this.#table.weightLog({ tenant, mapper, rule, before, limit: LOG_PAGE });
      const lowered = lines.find((line) => line.to < line.from);
      if (lowered !== undefined) return lowered.feedback ?? 0;
      const last = lines.at(-1);
      if (last === undefined || lines.length < LOG_PAGE || last.at < from) return 0;
      before = last.key;
    }
  }

  async #movePersonal(
    { tenant, person, mapper, rule, createdAt }: FeedbackRow & { readonly rule: string },
    helpful: boolean,
  ) {
    const name = JSON.stringify([person, rule]);
    const { positive_adjustment: more, negative_adjustment: less } = this.#teachable.learning;
    const factors = await this.#table.personalWeights(tenant, person, mapper);
    const stored = factors.find((row) => row.rule === rule);
    const factor = (this.#personal.get(name) ?? stored)?.factor ?? 1;
    const next = Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, factor * (1 + (helpful ? more : less))));
    const version = (stored?.version ?? 0) + 1;
    this.#personal.set(name, { tenant, person, mapper, rule, factor: next, version, updatedAt: createdAt });
  }
}
