/** What serving a mapper asks of those who learn: the mindscapes, the weights, the narratives. */
import type { NarrativeRow } from "../store/mapping/port.ts";
import type { Learning } from "./learning/settings.ts";
import type { Traits } from "./trait.ts";

export interface KnownTraits {
  /** 0: nothing is known of the person. */
  readonly version: number;
  readonly traits: Traits;
}

export interface MindscapeSource {
  read(tenant: string, person: string): Promise<KnownTraits | undefined>;
  /** Called when a write is stored, before whoever made it goes on. */
  onChange(listener: (change: MindscapeWritten) => void): () => void;
}

export interface MindscapeWritten {
  readonly tenant: string;
  readonly person: string;
  readonly version: number;
  /** Paths of traits; those that are not in `traits` are gone. */
  readonly changed: readonly string[];
  /** All that is known now. */
  readonly traits: Traits;
}

export interface WeightSource {
  /** The weights that hold, from those of the document and what was learned. */
  of(tenant: string, mapper: string, authored: Weights): Promise<Weights>;
  /** For one evaluation; undefined where the mapper's strategy does not draw. */
  draw(tenant: string, mapper: string, authored: Weights, learning: Learning): Promise<Weights | undefined>;
  /** What multiplies them for one person. */
  personal(tenant: string, person: string, mapper: string): Promise<Weights>;
  /** `person`: only what multiplies the weights of this one has changed. */
  onChange(
    listener: (change: { readonly tenant: string; readonly mapper: string; readonly person?: string }) => void,
  ): () => void;
}

/** By id of a rule. */
export type Weights = Readonly<Record<string, number>>;

export interface NarrativeSource {
  /** The best first. */
  search(search: NarrativeSearch): Promise<NarrativesFound>;
  onChange(listener: (change: { readonly tenant: string; readonly person: string }) => void): () => void;
}

export interface NarrativeSearch {
  readonly tenant: string;
  readonly person: string;
  readonly query: string;
  /** Empty: all. */
  readonly types: readonly string[];
  readonly limit: number;
}

export interface NarrativesFound {
  /** The best first. */
  readonly narratives: readonly FoundNarrative[];
  /** Where a model was to say what the query means, and failed or took too long: what has its words is found all the same. */
  readonly words_only?: true;
}

export interface FoundNarrative {
  readonly id: string;
  readonly type: NarrativeRow["type"];
  readonly text: string;
  readonly created_at: number;
  /**
   * 0..1: the part of the query's words that stand in it, where a word that is only begun with counts 0.8; or how near
   * it is in meaning (the cosine), if that is more.
   */
  readonly score: number;
}
