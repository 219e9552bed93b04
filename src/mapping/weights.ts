/** What was learned of rules: the ledger that lies over the weights of a mapper's document. */
import type { PersonalWeightRow, RuleWeightRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import type { Learning } from "./learning/settings.ts";
import { drawnWeight, priorOf } from "./learning/thompson.ts";

export interface WeightsOptions {
  readonly store: Pick<Store, "mapping">;
  /** From 0 to 1: what draws are made with. */
  readonly random: () => number;
}

/** By id of a rule. */
export type RuleWeights = Readonly<Record<string, number>>;

export interface WeightEvent {
  readonly tenant: string;
  readonly mapper: string;
  /** Only what multiplies the weights of this one has changed. */
  readonly person?: string;
}

export class Weights {
  readonly #options: WeightsOptions;
  readonly #listeners = new Set<(event: WeightEvent) => void>();

  constructor(options: WeightsOptions) {
    this.#options = options;
  }

  /** The weights that hold: what was learned, where the author has not spoken since, else the author's. */
  async of(tenant: string, mapper: string, authored: RuleWeights): Promise<RuleWeights> {
    const rows = await this.#options.store.mapping.weights(tenant, mapper);
    const learned = rows.filter((row) => holds(row, authored)).map(({ rule, weight }) => [rule, weight]);
    return { ...authored, ...Object.fromEntries(learned) };
  }

  /** For one ranking, where the strategy of the mapper is `thompson`; undefined where it is not. */
  async draw(
    tenant: string,
    mapper: string,
    authored: RuleWeights,
    learning: Learning,
  ): Promise<RuleWeights | undefined> {
    if (learning.strategy !== "thompson") return undefined;
    const { store, random } = this.#options;
    const rows = new Map((await store.mapping.weights(tenant, mapper)).map((row) => [row.rule, row]));
    const drawn = Object.entries(authored).map(([rule, weight]) => {
      const row = rows.get(rule);
      const belief = row !== undefined && holds(row, authored) ? row : priorOf(weight);
      // A weight of 0 switches a rule off, whatever was learned of it.
      return [rule, weight === 0 ? 0 : drawnWeight(belief, learning, random)];
    });
    return Object.fromEntries(drawn);
  }

  /** What multiplies the weights for one person, of rules of which it has said something. */
  async personal(tenant: string, person: string, mapper: string): Promise<RuleWeights> {
    const rows = await this.#options.store.mapping.personalWeights(tenant, person, mapper);
    return Object.fromEntries(rows.map(({ rule, factor }: PersonalWeightRow) => [rule, factor]));
  }

  /** Calls back in the same turn of the event loop in which a write has resolved. Returns the cancellation. */
  onChange(listener: (event: WeightEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(event: WeightEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** What was learned over another weight than the author's present one is not about this document any more. */
export function holds({ rule, base }: Pick<RuleWeightRow, "rule" | "base">, authored: RuleWeights): boolean {
  return Object.hasOwn(authored, rule) && authored[rule] === base;
}
