/**
 * The Configuration Adjuster: what feedback does to weights and traits. It takes what is pending in the store; weights,
 * their log, traits and the mark that feedback was applied are one write, made from what was read.
 */
import { counted } from "../counted.ts";
import type { FeedbackRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { type Teachable, teachableOf } from "./learning/document.ts";
import { LedgerDraft } from "./learning/ledger-draft.ts";
import type { Mindscapes } from "./mindscapes.ts";
import { TraitDraft } from "./trait-draft.ts";
import type { AgentTask } from "./types.ts";
import { type Chances, untilWritten } from "./until-written.ts";
import type { Weights } from "./weights.ts";

export interface AdjusterOptions extends Chances {
  readonly store: Pick<Store, "mapping" | "allocate">;
  readonly mindscapes: Mindscapes;
  readonly weights: Weights;
  /** The newest rev, once something is written. */
  readonly changed: (rev: number) => void;
}

/** Feedback of one write. */
const PAGE = 100;

export class Adjuster {
  readonly #options: AdjusterOptions;

  constructor(options: AdjusterOptions) {
    this.#options = options;
  }

  /** Applies what is pending on a mapper. */
  async run({ tenant, subject: mapper, signal }: AgentTask): Promise<string> {
    const what = `What was learned of the mapper "${mapper}"`;
    let [applied, lost] = [0, 0];
    for (let count = PAGE; count === PAGE; applied += count) {
      const page = await untilWritten(() => this.#apply(tenant, mapper), what, { ...this.#options, signal });
      count = page.count;
      lost += page.lost;
    }
    if (applied === 0) return "There was nothing new.";
    const rest = lost === 0 ? "" : ` Of these ${lost} moved nothing: their mindscapes are damaged.`;
    return `Applied ${counted(applied, "piece")} of feedback.${rest}`;
  }

  async #apply(tenant: string, mapper: string): Promise<{ readonly count: number; readonly lost: number } | "stale"> {
    const { store, clock, mindscapes, weights, changed } = this.#options;
    const pending = await store.mapping.pendingFeedback({ tenant, mapper, limit: PAGE });
    if (pending.length === 0) return { count: 0, lost: 0 };
    const teachable = await this.#teachable(tenant, mapper, pending);
    const allocate = () => store.allocate("mapping");
    const ledger = await LedgerDraft.read(store.mapping, allocate, { tenant, mapper, teachable });
    const traits = new TraitDraft(mindscapes, teachable);
    let lost = 0;
    for (const row of pending) {
      const { rule, type, helpful } = row;
      if (helpful === null) continue;
      if (rule !== null) await ledger.apply({ ...row, rule }, helpful === 1);
      else if (type !== null && !(await traits.apply(row, helpful === 1))) lost += 1;
    }
    const { changes } = traits;
    const result = await store.mapping.adjust({
      feedback: pending.map(({ key }) => key),
      ...{ weights: ledger.weights, log: ledger.log, personal: ledger.personal },
      mindscapes: changes.map(({ change }) => change),
      at: clock.now(),
    });
    // Of who was erased meanwhile there is no feedback any more either: the rest is read again.
    if (result.status !== "adjusted") return "stale";
    if (result.rev !== undefined) changed(result.rev);
    if (ledger.weights.length > 0) weights.tell({ tenant, mapper });
    for (const person of new Set(ledger.personal.map((row) => row.person))) weights.tell({ tenant, mapper, person });
    for (const { change, traits } of changes) mindscapes.tell(change, traits);
    return { count: pending.length, lost };
  }

  /** As the active version says; where none is, as that which the feedback is on. */
  async #teachable(tenant: string, mapper: string, [first]: readonly FeedbackRow[]): Promise<Teachable> {
    const { mapping } = this.#options.store;
    const row =
      (await mapping.activeMapper(tenant, mapper)) ?? (await mapping.mapper(tenant, mapper, first?.mapperVersion ?? 0));
    return teachableOf(row?.document ?? '{"rules":[]}');
  }
}
