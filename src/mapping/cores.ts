/**
 * Persona cores: what a mapper makes of a person for a persona. They are stored, and stale when something that they were
 * made from is another, when their mapper has another active version, or when their time is over.
 */
import type { Clock } from "../clock.ts";
import { costOf, isPlausible, usdOf } from "../cognition/budgets/money.ts";
import { type ErrorCode, PersonaError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { CoreRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import type { PersonaWarning, Price } from "../types.ts";
import type { MappingCost, PersonaCore } from "./persona-core.ts";
import type { ActiveMapper, KnownPerson, Residents } from "./residents.ts";
import { erased } from "./suggestions.ts";
import type { Summarize, Summary } from "./summary.ts";
import { Sweep } from "./sweep.ts";
import { type Traits, valueAt } from "./trait.ts";
import type { Pay } from "./types.ts";

/** Unless `default_ttl_hours` of the mapper says otherwise. */
const TTL_HOURS = 24;
const HOUR_MS = 3_600_000;
/** So long a core that nobody renews is kept beyond its time. */
const KEPT_MS = 30 * 24 * HOUR_MS;
const MAX_SUMMARY = 20_000;

/** Whose core it is, and by which mapper. */
export interface CoreOf {
  readonly persona: string;
  readonly person: string;
  readonly mapper: ActiveMapper;
}

export interface MadeCore {
  readonly core: PersonaCore;
  readonly cost: MappingCost;
  /** Why there is no summary although one was wanted. */
  readonly summaryError?: ErrorCode | undefined;
  /** What the summary was told was found by words only. */
  readonly wordsOnly?: boolean | undefined;
}

export interface PersonaCoresOptions {
  readonly store: Pick<Store, "mapping" | "allocate" | "salt">;
  readonly clock: Clock;
  readonly residents: Residents;
  readonly changed: (rev: number) => void;
  readonly warn: (warning: PersonaWarning) => void;
  readonly summarize?: Summarize | undefined;
  /** By `provider:model`. */
  readonly prices?: Readonly<Record<string, Price>> | undefined;
  readonly pay: Pay;
}

export class PersonaCores {
  readonly #store: PersonaCoresOptions["store"];
  readonly #clock: Clock;
  readonly #residents: Residents;
  readonly #changed: (rev: number) => void;
  readonly #warn: (warning: PersonaWarning) => void;
  readonly #summarize: Summarize | undefined;
  readonly #prices: Readonly<Record<string, Price>>;
  readonly #pay: Pay;
  /** What is being made, so that two who want the same wait for one. */
  readonly #making = new Map<string, Promise<MadeCore>>();
  readonly #closed = new AbortController();
  readonly #sweep: Sweep;

  constructor(options: PersonaCoresOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#residents = options.residents;
    this.#changed = options.changed;
    this.#warn = options.warn;
    this.#summarize = options.summarize;
    this.#prices = options.prices ?? {};
    this.#pay = options.pay;
    const { mapping } = options.store;
    this.#sweep = new Sweep(options.clock, KEPT_MS, (before, limit) => mapping.dropCores(before, limit));
  }

  /** Whether there is somebody who puts cores into words. */
  get summarizes(): boolean {
    return this.#summarize !== undefined;
  }

  /** The one that is stored, whatever it is worth. A damaged one is none. */
  async stored({ persona, person, mapper }: CoreOf): Promise<PersonaCore | undefined> {
    const row = await this.#store.mapping.core(mapper.tenant, persona, person, mapper.id);
    if (row === undefined) return undefined;
    try {
      return this.#shown(row, mapper);
    } catch (cause) {
      this.#warn({ code: "core_damaged", message: `A core of ${mapper.id} cannot be read; it is made anew`, cause });
      return undefined;
    }
  }

  /** Makes and stores it. Throws `person_erased`. */
  make(of: CoreOf, options: { readonly summary: boolean }): Promise<MadeCore> {
    const name = JSON.stringify([of.mapper.tenant, of.mapper.key, of.persona, of.person, options.summary]);
    const making = this.#making.get(name) ?? this.#make(of, options).finally(() => this.#making.delete(name));
    this.#making.set(name, making);
    return making;
  }

  /** Nobody waits for a model any more. */
  close(): void {
    this.#closed.abort(new PersonaError("runtime_closed", "The runtime is closing"));
  }

  async #make(of: CoreOf, { summary }: { readonly summary: boolean }): Promise<MadeCore> {
    const { persona, person, mapper } = of;
    const began = this.#clock.now();
    // Before anything of the person is read: an erasure after this refuses what is written.
    const since = this.#store.allocate("mapping");
    const known = await this.#residents.known(mapper.tenant, person);
    const core = coreFrom(known, mapper);
    const said = summary ? await this.#summarized(of, core.traits) : {};
    const now = this.#clock.now();
    const cost = this.#costOf(now - began, said.summary);
    const row: CoreRow = {
      key: this.#store.allocate("mapping"),
      tenant: mapper.tenant,
      ...{ persona, person },
      mapper: mapper.id,
      mapperVersion: mapper.version,
      mindscapeVersion: known.version,
      core: JSON.stringify(core),
      summary: said.summary?.text ?? null,
      cost: JSON.stringify(cost),
      staleSince: null,
      generatedAt: now,
      expiresAt: now + (mapper.metadata.default_ttl_hours ?? TTL_HOURS) * HOUR_MS,
    };
    const saved = await this.#store.mapping.saveCore(row, { since });
    if (saved.status === "erased") throw erased();
    this.#changed(saved.rev);
    await this.#sweep.run();
    return { core: this.#shown(saved.core, mapper), cost, summaryError: said.error, wordsOnly: said.wordsOnly };
  }

  async #summarized(
    { persona, person, mapper }: CoreOf,
    traits: Traits,
  ): Promise<{ readonly summary?: Summary; readonly error?: ErrorCode; readonly wordsOnly?: boolean }> {
    const summarize = this.#summarize;
    if (summarize === undefined) return {};
    try {
      const found = await this.#residents.search(mapper, person);
      const narratives = found.flatMap((of) => of.narratives.map(({ text }) => text));
      const signal = this.#closed.signal;
      const question = { persona, person, mapper: mapper.id, traits, narratives, signal };
      const summary = await this.#pay({ tenant: mapper.tenant, person, persona }, signal, async (purse) => {
        await purse.assertNotEmpty();
        const said = await summarize({ ...question, reserve: (call) => purse.reserve(call) });
        // Of whoever has reserved nothing what they report.
        if (!purse.used && said.usage !== undefined) await purse.book(said.usage, said.model ?? null);
        return said;
      });
      const text = summary.text.slice(0, MAX_SUMMARY).toWellFormed();
      return { summary: { ...summary, text }, wordsOnly: found.some(({ words_only }) => words_only) };
    } catch (cause) {
      this.#warn({ code: "summary_failed", message: `A core of ${mapper.id} has no summary`, cause });
      return { error: cause instanceof PersonaError ? cause.code : "cognition_failed" };
    }
  }

  #costOf(ms: number, { usage, model }: Partial<Summary> = {}): MappingCost {
    if (usage === undefined || !isPlausible(usage)) return { ms, tokens: 0, usd: 0 };
    const price = model === undefined ? undefined : this.#prices[model];
    const usd = price === undefined ? 0 : usdOf(costOf(usage, price));
    return { ms, tokens: usage.inputTokens + usage.outputTokens, usd };
  }

  #shown(row: CoreRow, mapper: ActiveMapper): PersonaCore {
    const core = JSON.parse(row.core) as Omit<PersonaCore["core"], "summary">;
    const staleSince = staleness(row, mapper, this.#clock.now());
    return {
      id: encodeId("core", row.key, this.#store.salt),
      persona_id: row.persona,
      person_id: row.person,
      mapper_id: row.mapper,
      mapper_version: row.mapperVersion,
      mindscape_version: row.mindscapeVersion,
      core: { ...core, ...(row.summary === null ? {} : { summary: row.summary }) },
      is_stale: staleSince !== undefined,
      ...(staleSince === undefined ? {} : { stale_since: staleSince }),
      generated_at: row.generatedAt,
      expires_at: row.expiresAt,
    };
  }
}

/** Since when it is; a core of the future is one of a clock that was ahead, and nobody knows how old it is. */
function staleness(row: CoreRow, mapper: ActiveMapper, now: number): number | undefined {
  if (row.staleSince !== null) return row.staleSince;
  if (row.expiresAt <= now) return row.expiresAt;
  if (row.generatedAt > now) return now;
  return row.mapperVersion === mapper.version ? undefined : Math.max(row.generatedAt, mapper.createdAt);
}

interface CoreContent {
  readonly traits: Traits;
  readonly missing_traits: string[];
}

/** Required traits, whatever they are, and what else the mapper reads of those that last. */
function coreFrom({ traits }: KnownPerson, { compiled }: ActiveMapper): CoreContent {
  const required = compiled.requiredTraits;
  const read = [...required, ...compiled.traits];
  const chosen = Object.entries(traits).filter(
    ([path, { volatility }]) =>
      required.some((one) => touches(one, path)) || (volatility === "low" && read.some((one) => touches(one, path))),
  );
  const missing = required.filter(
    (path) => valueAt(traits, path) === undefined && !chosen.some(([stored]) => stored.startsWith(`${path}.`)),
  );
  return { traits: Object.fromEntries(chosen), missing_traits: missing };
}

/** Whether one is the other, or lies above or below it. */
function touches(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}
