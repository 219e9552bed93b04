/** Suggestions that were given: each has an id, by which feedback finds its rule and the version of its mapper. */
import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { SuggestionRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import type { Explanation, RuleFault, RuleSuggestion } from "./engine.ts";
import type { ActiveMapper } from "./residents.ts";
import type { RuleFaultView, RuleOutcome, RuleSuggestionView, Suggestion } from "./suggestion.ts";

/** Who asks again within this time is given the same suggestion again, not another one with the same words. */
const SAME_WITHIN_MS = 3_600_000;
const MOST_REMEMBERED = 10_000;
/** After so long nobody gives feedback on a suggestion any more. */
const KEPT_MS = 90 * 86_400_000;
/** Rows that are cleared away at once, each hour. */
const SWEPT = 1_000;

export interface Addressee {
  readonly tenant: string;
  readonly person: string;
  readonly persona: string;
}

export class GivenSuggestions {
  readonly #store: Pick<Store, "mapping" | "allocate" | "salt">;
  readonly #clock: Clock;
  /** Keys by what was given to whom; the oldest first. */
  readonly #given = new Map<string, { readonly key: number; readonly at: number }>();
  #sweptAt = 0;

  constructor(store: Pick<Store, "mapping" | "allocate" | "salt">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Resolves when all of them are stored. Throws `person_erased` when everything about the person was erased meanwhile.
   * @param since A key that was allocated before anything of the person was read.
   */
  async give(
    to: Addressee,
    mapper: ActiveMapper,
    suggestions: readonly RuleSuggestion[],
    since: number,
  ): Promise<readonly Suggestion[]> {
    const now = this.#clock.now();
    const rows: SuggestionRow[] = [];
    const added = new Map<string, number>();
    const given = suggestions.map((suggestion) => {
      const name = fingerprint(to, mapper, suggestion);
      const before = this.#given.get(name);
      const key =
        before !== undefined && before.at <= now && now - before.at < SAME_WITHIN_MS
          ? before.key
          : this.#store.allocate("mapping");
      const shown: Suggestion = {
        id: encodeId("suggestion", key, this.#store.salt),
        mapper_id: mapper.id,
        mapper_version: mapper.version,
        ...viewOf(suggestion),
      };
      if (key !== before?.key) {
        added.set(name, key);
        rows.push(rowOf(to, shown, key, now));
      }
      return shown;
    });
    if (rows.length === 0) return given;
    const { status } = await this.#store.mapping.saveSuggestions(rows, { since });
    if (status === "erased") throw erased();
    for (const [name, key] of added) this.#remember(name, key, now);
    await this.#sweep(now);
    return given;
  }

  /** Of a person who is erased nothing is given again under an old id. */
  forget(): void {
    this.#given.clear();
  }

  async #sweep(now: number): Promise<void> {
    if (Math.abs(now - this.#sweptAt) < SAME_WITHIN_MS) return;
    this.#sweptAt = now;
    await this.#store.mapping.dropSuggestions(now - KEPT_MS, SWEPT);
  }

  #remember(name: string, key: number, at: number): void {
    this.#given.delete(name);
    this.#given.set(name, { key, at });
    const [oldest] = this.#given.keys();
    if (this.#given.size > MOST_REMEMBERED && oldest !== undefined) this.#given.delete(oldest);
  }
}

export function erased(): PersonaError {
  return new PersonaError("person_erased", "Everything about this person was erased a moment ago; ask again.");
}

/** All but why: that has the time in it. */
function fingerprint(to: Addressee, mapper: ActiveMapper, { because: _because, ...said }: RuleSuggestion): string {
  const whole = JSON.stringify([to.tenant, to.person, to.persona, mapper.key, said]);
  return createHash("sha256").update(whole).digest("base64url");
}

function rowOf(
  { tenant, person, persona }: Addressee,
  shown: Suggestion,
  key: number,
  createdAt: number,
): SuggestionRow {
  return {
    ...{ key, tenant, person, persona, createdAt },
    mapper: shown.mapper_id,
    mapperVersion: shown.mapper_version,
    rule: shown.rule_id,
    type: shown.type,
    body: JSON.stringify(shown),
  };
}

export function viewOf({
  ruleId,
  action: _action,
  because,
  parameters,
  metadata,
  ...said
}: RuleSuggestion): RuleSuggestionView {
  return { rule_id: ruleId, ...said, parameters: { ...parameters }, metadata: { ...metadata }, because: [...because] };
}

export function faultView({ ruleId, ...fault }: RuleFault): RuleFaultView {
  return { rule_id: ruleId, ...fault };
}

export function outcomeView({ ruleId, fires, weight, outcome }: Explanation): RuleOutcome {
  return { rule_id: ruleId, fires, weight, outcome: { ...outcome } };
}
