/** What is told of persons: kept, read, and found by its words, and by its meaning where a model embeds it. */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { decodeId, encodeId, quoteId } from "../ids.ts";
import type { NarrativeRow, WordSearch } from "../store/mapping/port.ts";
import { wordsOf } from "../store/mapping/words.ts";
import type { Store } from "../store/port.ts";
import { NARRATIVE_TYPES, type Narrative, narrativeOf, narrativeSchema } from "./narrative.ts";
import type { NarrativeMeanings } from "./narrative-meanings.ts";
import type { FoundNarrative, NarrativeSearch, NarrativesFound } from "./sources.ts";
import { wordScore } from "./word-score.ts";

export interface NarrativesOptions {
  readonly store: Pick<Store, "mapping" | "allocate" | "salt">;
  readonly clock: Clock;
  /** The newest rev, once something is written. */
  readonly changed: (rev: number) => void;
  /** Finds by meaning. Default: nothing does. */
  readonly meanings?: NarrativeMeanings | undefined;
}

export interface NarrativePage {
  /** Default: all. */
  readonly types?: readonly NarrativeRow["type"][] | undefined;
  /** Id of the last one that is already known. */
  readonly after?: string | undefined;
  /** 1..1 001, default 1 000. */
  readonly limit?: number;
}

/** Of those that have one of the words, so many are compared at once. */
const PAGE = 1_000;
/** Words of a query that count. */
const MAX_WORDS = 32;

const pageSchema = z
  .strictObject({
    types: z.array(z.enum(NARRATIVE_TYPES)).optional(),
    after: z.string().max(256).optional(),
    limit: z.int().min(1).max(1_001).default(1_000),
  })
  .prefault({});

export const searchSchema = z.strictObject({
  query: z.string().min(1, "must not be empty").max(1_000),
  types: z.array(z.enum(NARRATIVE_TYPES)).default([]),
  limit: z.int().min(1).max(101).default(10),
});

export class Narratives {
  readonly #options: NarrativesOptions;
  readonly #listeners = new Set<(change: { readonly tenant: string; readonly person: string }) => void>();

  constructor(options: NarrativesOptions) {
    this.#options = options;
    options.meanings?.onEmbedded((row) => this.#tell(row));
    options.meanings?.onLate((of) => this.#tell(of));
  }

  /**
   * Keeps what was said. Throws `invalid_input` with every fault.
   * @param person Whom it is about.
   * @param by Who says it.
   */
  async add(tenant: string, person: string, by: string, input: unknown): Promise<Narrative> {
    const { store, clock, changed, meanings } = this.#options;
    const { type, text, metadata } = parse(narrativeSchema, input, "narrative");
    const row: NarrativeRow = {
      key: store.allocate("mapping"),
      ...{ tenant, person, type, text, by },
      metadata: JSON.stringify(metadata),
      createdAt: clock.now(),
    };
    const rev = await store.mapping.addNarrative(row);
    changed(rev);
    this.#tell(row);
    meanings?.wake(row.key);
    return narrativeOf(row, store.salt);
  }

  /** Oldest first. Throws `invalid_input`. */
  async list(tenant: string, person: string, page?: NarrativePage): Promise<readonly Narrative[]> {
    const { store } = this.#options;
    const { after, ...checked } = parse(pageSchema, page, "page");
    const known = after === undefined ? undefined : await this.#known(tenant, person, after);
    const rows = await store.mapping.narratives({ tenant, person, ...checked, after: known?.key });
    return rows.map((row) => narrativeOf(row, store.salt));
  }

  /** The best first, of equal ones the newest. What fails in finding by meaning leaves what is found by words. */
  async search({ tenant, person, query, types, limit }: NarrativeSearch): Promise<NarrativesFound> {
    const { store, meanings } = this.#options;
    const of = {
      tenant,
      person,
      types: types.length === 0 ? undefined : NARRATIVE_TYPES.filter((type) => types.includes(type)),
    };
    const words = [...new Set(wordsOf(query))].slice(0, MAX_WORDS);
    const [alike, near] = await Promise.all([this.#byWords(of, words, limit), meanings?.near(of, query, limit)]);
    const scores = new Map(near);
    const found = new Map(alike.map(({ row }) => [row.key, row]));
    for (const { row, score } of alike) scores.set(row.key, Math.max(scores.get(row.key) ?? 0, score));
    const best = [...scores].sort(([a, one], [b, other]) => other - one || b - a).slice(0, limit);
    const hits = await Promise.all(
      best.map(async ([key, score]) => ({ row: found.get(key) ?? (await store.mapping.narrativeOf(key)), score })),
    );
    return {
      narratives: hits.flatMap(({ row, score }) => (row === undefined ? [] : [this.#hit(row, score)])),
      ...(meanings !== undefined && near === undefined && { words_only: true }),
    };
  }

  /** The best of all that have one of the words, of equal ones the newest; a page of them is in memory at a time. */
  async #byWords(
    of: Pick<WordSearch, "tenant" | "person" | "types">,
    words: readonly string[],
    limit: number,
  ): Promise<readonly { readonly row: NarrativeRow; readonly score: number }[]> {
    let best: readonly { readonly row: NarrativeRow; readonly score: number }[] = [];
    for (let before: number | undefined; ; ) {
      const rows = await this.#options.store.mapping.searchNarratives({ ...of, words, before, limit: PAGE });
      best = [...best, ...rows.map((row) => ({ row, score: wordScore(words, row.text) }))]
        .sort((a, b) => b.score - a.score || b.row.key - a.row.key)
        .slice(0, limit);
      if (rows.length < PAGE) return best;
      before = rows.at(-1)?.key;
    }
  }

  /** Called when something is told of a person, or can be found by its meaning from now on, or looked for once more. */
  onChange(listener: (change: { readonly tenant: string; readonly person: string }) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #hit({ key, type, text, createdAt }: NarrativeRow, score: number): FoundNarrative {
    return { id: encodeId("narrative", key, this.#options.store.salt), type, text, created_at: createdAt, score };
  }

  #tell({ tenant, person }: Pick<NarrativeRow, "tenant" | "person">): void {
    for (const listener of this.#listeners) listener({ tenant, person });
  }

  async #known(tenant: string, person: string, id: string): Promise<NarrativeRow> {
    const { store } = this.#options;
    const decoded = decodeId(id, store.salt);
    const row = decoded?.kind === "narrative" ? await store.mapping.narrativeOf(decoded.key) : undefined;
    if (row?.tenant === tenant && row.person === person) return row;
    const message = `must be the id of a narrative of this person, not ${quoteId(id)}`;
    throw new PersonaError("invalid_input", `after ${message}`, { fields: [{ field: "after", message }] });
  }
}
