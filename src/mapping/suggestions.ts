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
import { Sweep } from "./sweep.ts";

/** Who asks again within this time is given the same suggestion again, not another one with the same words. */
const SAME_WITHIN_MS = 3_600_000;
const MOST_REMEMBERED = 10_000;
/** After so long nobody gives feedback on a suggestion any more. */
const KEPT_MS = 90 * 86_400_000;

interface Given {
  readonly key: number;
  readonly at: number;
  /** Settles with the write of its row. */
  readonly stored: Promise<void>;
}

export interface Addressee {
  readonly tenant: string;
  readonly person: string;
  readonly persona: string;
}

export class GivenSuggestions {
  readonly #store: Pick<Store, "mapping" | "allocate" | "salt">;
  readonly #clock: Clock;
  /** What was given to whom, also while it is being written; the oldest first. */
  readonly #given = new Map<string, Given>();
  readonly #sweep: Sweep;

  constructor(store: Pick<Store, "mapping" | "allocate" | "salt">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#sweep = new Sweep(clock, KEPT_MS, (before, limit) => store.mapping.dropSuggestions(before, limit));
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
    const rows = new Map<string, SuggestionRow>();
    const stored = new Set<Promise<void>>();
    const given = suggestions.map((suggestion) => {
      const name = fingerprint(to, mapper, suggestion);
      const before = this.#given.get(name);
      const isSame = before !== undefined && before.at <= now && now - before.at < SAME_WITHIN_MS;
      const key = isSame ? before.key : this.#store.allocate("mapping");
      const shown: Suggestion = {
        id: encodeId("suggestion", key, this.#store.salt),
        mapper_id: mapper.id,
        mapper_version: mapper.version,
        ...viewOf(suggestion),
      };
      if (isSame) stored.add(before.stored);
      else rows.set(name, rowOf(to, shown, key, now));
      return shown;
    });
    if (rows.size > 0) stored.add(this.#add(rows, now, since));
    await Promise.all(stored);
    if (rows.size > 0) await this.#sweep.run();
    return given;
  }

  /** Who asks while it is being written is given the same; what could not be written was never given. */
  #add(rows: ReadonlyMap<string, SuggestionRow>, at: number, since: number): Promise<void> {
    const stored = this.#write([...rows.values()], since);
    for (const [name, { key }] of rows) this.#remember(name, { key, at, stored });
    stored.catch(() => {
      for (const name of rows.keys()) if (this.#given.get(name)?.stored === stored) this.#given.delete(name);
    });
    return stored;
  }

  async #write(rows: readonly SuggestionRow[], since: number): Promise<void> {
    const { status } = await this.#store.mapping.saveSuggestions(rows, { since });
    if (status === "erased") throw erased();
  }

  /** Of a person who is erased nothing is given again under an old id. */
  forget(): void {
    this.#given.clear();
  }

  #remember(name: string, given: Given): void {
    this.#given.delete(name);
    this.#given.set(name, given);
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
