/** Narratives by meaning: each is embedded behind its answer, and compared exactly, all of a person, with a query. */
import { after, type Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { NarrativeRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import { type Embedder, vectorsOf } from "./embedder.ts";
import { similarities } from "./similarities.ts";
import type { Pay } from "./types.ts";

export interface NarrativeMeaningsOptions {
  readonly store: Pick<Store, "mapping">;
  readonly clock: Clock;
  readonly embedder: Embedder;
  readonly warn: (warning: PersonaWarning) => void;
  readonly pay: Pay;
}

interface PersonOf {
  readonly tenant: string;
  readonly person: string;
}

/** Texts of one call. */
const BATCH = 32;
/** Vectors that are compared in one native call. */
const PAGE = 512;
/** Characters of a text that are embedded: models take no longer ones. */
const MAX_TEXT = 8_000;
const CALL_MS = 30_000;
/** So long a query waits to be embedded, from when it was first asked for; the vector is for those who ask later. */
const PATIENCE_MS = 1_000;
/** Queries whose vectors are kept: those of mappers come again with each person. */
const MAX_QUERIES = 256;
const FOUND_BY_WORDS = "Narratives are found by their words only";
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;
/** No key is as large. */
const NOTHING = Number.POSITIVE_INFINITY;

export class NarrativeMeanings {
  readonly #options: NarrativeMeaningsOptions;
  readonly #closing = new AbortController();
  #listener: (row: NarrativeRow) => void = () => {};
  #lateListener: (of: PersonOf) => void = () => {};
  /** By their text. */
  readonly #queries = new Map<string, Float32Array>();
  /** Queries on their way, by whom they are about and their text. */
  readonly #asked = new Map<string, Promise<Float32Array | undefined>>();
  #work: Promise<void> | undefined;
  /** Keys of what the model will not embed. */
  readonly #refused = new Set<number>();
  /** From this key on there may be narratives without a vector; all before have one, or were refused. */
  #from = 0;
  #failures = 0;
  #cancelWait: (() => void) | undefined;

  constructor(options: NarrativeMeaningsOptions) {
    this.#options = options;
  }

  onEmbedded(listener: (row: NarrativeRow) => void): void {
    this.#listener = listener;
  }

  /** Called when the model has answered, or has not, after somebody's patience was over. */
  onLate(listener: (of: PersonOf) => void): void {
    this.#lateListener = listener;
  }

  /**
   * Embeds what has no vector yet, of whomever.
   * @param from Key of a new narrative. Default: also what an earlier process left.
   */
  wake(from = 0): void {
    this.#from = Math.min(this.#from, from);
    this.#begin();
  }

  #begin(): void {
    if (this.#work !== undefined || this.#cancelWait !== undefined || this.#closing.signal.aborted) return;
    this.#work = this.#embedAll().finally(() => {
      this.#work = undefined;
      if (this.#from < NOTHING && this.#cancelWait === undefined) this.#begin();
    });
  }

  /**
   * The narratives that are nearest to a text, by key: the cosine, where it is above 0. Undefined if it cannot be
   * embedded, or not in time: then the listener of `onLate` is told when it is worth asking again.
   */
  async near(
    of: PersonOf & { readonly types: readonly NarrativeRow["type"][] | undefined },
    text: string,
    limit: number,
  ): Promise<readonly (readonly [key: number, score: number])[] | undefined> {
    const { store, embedder, warn } = this.#options;
    try {
      let best: (readonly [key: number, score: number])[] = [];
      let query: Float32Array | undefined;
      for (let before: number | undefined; ; ) {
        const page = await store.mapping.embeddings({ ...of, model: embedder.model, before, limit: PAGE });
        if (page.length === 0) return best;
        query ??= await this.#queryVector(of, text);
        if (query === undefined) return undefined;
        const { length } = query;
        // Those of before the model had so many dimensions cannot be compared.
        const alike = page.filter(({ vector }) => vector.length === length);
        const scores = similarities(
          query,
          alike.map(({ vector }) => vector),
        );
        for (const [index, { key }] of alike.entries()) best.push([key, Math.min(1, scores[index] ?? 0)]);
        best = best
          .filter(([, score]) => score > 0)
          .sort(([, a], [, b]) => b - a)
          .slice(0, limit);
        before = page.at(-1)?.key;
      }
    } catch (cause) {
      warn({ code: "embedding_failed", message: FOUND_BY_WORDS, cause });
      return undefined;
    }
  }

  /** Nothing more is embedded; what is under way is given up. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelWait?.();
    await this.#work;
  }

  async #embedAll(): Promise<void> {
    const { store, embedder } = this.#options;
    let from = this.#from;
    this.#from = NOTHING;
    /** The first that has to wait for a budget. */
    let unpaid: { readonly key: number; readonly cause: unknown } | undefined;
    try {
      while (!this.#closing.signal.aborted) {
        const rows = await store.mapping.unembedded(embedder.model, from - 1, BATCH);
        if (rows.length === 0) break;
        for (const ofOne of byPerson(rows.filter(({ key }) => !this.#refused.has(key)))) {
          try {
            await this.#embedRows(ofOne);
          } catch (cause) {
            // One who has spent everything keeps nobody else from being found.
            if (!(cause instanceof PersonaError) || cause.code !== "budget_exhausted") throw cause;
            unpaid ??= { key: ofOne[0]?.key ?? from, cause };
          }
        }
        this.#failures = 0;
        from = (rows.at(-1)?.key ?? from) + 1;
      }
      if (unpaid !== undefined) this.#wait(unpaid.key, LONGEST_WAIT_MS, unpaid.cause);
    } catch (cause) {
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
      this.#failures += 1;
      this.#wait(Math.min(from, unpaid?.key ?? from), wait, cause);
    }
  }

  #wait(from: number, ms: number, cause: unknown): void {
    if (this.#closing.signal.aborted) return;
    const { clock, warn } = this.#options;
    this.#from = Math.min(this.#from, from);
    warn({ code: "embedding_failed", message: `Narratives are embedded again in ${ms / 1_000} s`, cause });
    this.#cancelWait = after(clock, ms, () => {
      this.#cancelWait = undefined;
      this.#begin();
    });
  }

  /** Rows of one person. A text that the model refuses keeps no other from being embedded, and is not tried again by this process. */
  async #embedRows(rows: readonly NarrativeRow[]): Promise<void> {
    const { store, embedder, warn } = this.#options;
    const [first] = rows;
    if (first === undefined) return;
    try {
      const vectors = await this.#embed(
        first,
        rows.map(({ text }) => text),
      );
      for (const [index, row] of rows.entries()) {
        await store.mapping.saveEmbedding(row.key, embedder.model, vectors[index] as Float32Array);
        this.#listener(row);
      }
    } catch (cause) {
      const [row, ...others] = rows;
      if (row === undefined || !isRefusal(cause)) throw cause;
      if (others.length > 0) {
        for (const one of rows) await this.#embedRows([one]);
        return;
      }
      this.#refused.add(row.key);
      warn({ code: "embedding_failed", message: "A narrative is found by its words only", cause });
    }
  }

  /** Undefined for whoever asks when it has taken too long already, or will have. */
  async #queryVector(of: PersonOf, text: string): Promise<Float32Array | undefined> {
    const known = this.#queries.get(text);
    if (known !== undefined) return known;
    // Each person pays for what is looked for about them, and nobody waits for another's budget.
    const name = JSON.stringify([of.tenant, of.person, text]);
    const asked = this.#asked.get(name);
    if (asked !== undefined) return asked;
    const vector = this.#embedQuery(of, text).finally(() => this.#asked.delete(name));
    const inTime = this.#inTime(of, vector);
    this.#asked.set(name, inTime);
    return inTime;
  }

  async #embedQuery(of: PersonOf, text: string): Promise<Float32Array> {
    const [vector] = await this.#embed(of, [text]);
    this.#queries.set(text, vector as Float32Array);
    const [oldest] = this.#queries.keys();
    if (this.#queries.size > MAX_QUERIES && oldest !== undefined) this.#queries.delete(oldest);
    return vector as Float32Array;
  }

  async #inTime({ tenant, person }: PersonOf, asked: Promise<Float32Array>): Promise<Float32Array | undefined> {
    const { clock, warn } = this.#options;
    let cancel = () => {};
    const over = new Promise<undefined>((resolve) => {
      cancel = after(clock, PATIENCE_MS, () => resolve(undefined));
    });
    try {
      const vector = await Promise.race([asked, over]);
      if (vector !== undefined) return vector;
    } finally {
      cancel();
    }
    const tell = () => this.#lateListener({ tenant, person });
    asked.then(tell, (cause) => {
      if (this.#closing.signal.aborted) return;
      warn({ code: "embedding_failed", message: FOUND_BY_WORDS, cause });
      tell();
    });
    return undefined;
  }

  async #embed({ tenant, person }: PersonOf, texts: readonly string[]): Promise<readonly Float32Array[]> {
    const { clock, embedder, pay } = this.#options;
    const timeout = new AbortController();
    const cancel = after(clock, CALL_MS, () => timeout.abort(new Error("The model did not answer in time.")));
    try {
      const begun = texts.map((text) => text.slice(0, MAX_TEXT).toWellFormed());
      const signal = AbortSignal.any([timeout.signal, this.#closing.signal]);
      return await pay({ tenant, person }, signal, (purse) =>
        vectorsOf(embedder, begun, signal, (call) => purse.reserve(call)),
      );
    } finally {
      cancel();
    }
  }
}

/** What is asked is paid for by whom it is about: never of several at once. */
function byPerson(rows: readonly NarrativeRow[]): readonly (readonly NarrativeRow[])[] {
  return [...Map.groupBy(rows, ({ tenant, person }) => JSON.stringify([tenant, person])).values()];
}

/** Whether the text is to blame, not the way to the model. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof PersonaError && cause.code === "embedding_invalid";
}
