/** What feedback on a type of suggestions makes of the traits behind it, before it is written. */
import { PersonaError } from "../errors.ts";
import type { FeedbackRow, MindscapeChange } from "../store/mapping/port.ts";
import type { Mind } from "./digest.ts";
import type { Teachable } from "./learning/document.ts";
import type { Mindscapes, ReadMind } from "./mindscapes.ts";
import { type Trait, type Traits, withSource } from "./trait.ts";

/** A trait that was doubted often is doubtful, and still there to be learned again. */
const LEAST_CONFIDENCE = 0.05;

export class TraitDraft {
  readonly #mindscapes: Mindscapes;
  readonly #teachable: Teachable;
  readonly #minds = new Map<string, { readonly read: ReadMind; readonly tenant: string; traits: Traits }>();
  /** Whose traits cannot be read. */
  readonly #damaged = new Set<string>();

  constructor(mindscapes: Mindscapes, teachable: Teachable) {
    this.#mindscapes = mindscapes;
    this.#teachable = teachable;
  }

  /**
   * Helpful: one is surer of the traits; unhelpful: less. What the person has said of itself stands.
   * @returns False if what is stored of the person cannot be read: that must not keep others from being heard.
   */
  async apply({ tenant, person, type, createdAt }: FeedbackRow, helpful: boolean): Promise<boolean> {
    const { learning, mappings } = this.#teachable;
    const change = 1 + (helpful ? learning.positive_adjustment : learning.negative_adjustment);
    const known = this.#minds.get(person) ?? (await this.#read(tenant, person));
    if (known === undefined) return false;
    const traits = new Map(Object.entries(known.traits));
    for (const path of Object.hasOwn(mappings, type ?? "") ? (mappings[type ?? ""] ?? []) : []) {
      const trait = traits.get(path);
      if (trait !== undefined && trait.curated === undefined) traits.set(path, moved(trait, change, createdAt));
    }
    this.#minds.set(person, { ...known, traits: Object.fromEntries(traits) });
    return true;
  }

  /** Of everybody whose traits say something else now. */
  get changes(): readonly { readonly change: MindscapeChange; readonly traits: Traits }[] {
    return [...this.#minds].flatMap(([person, { read, tenant, traits }]) => {
      const next: Mind = { traits, memory: read.mind.memory };
      const history = { cause: "feedback", by: "adjuster", digested: [] } as const;
      const change = this.#mindscapes.change(tenant, person, read, next, history);
      return change.changed.length === 0 ? [] : [{ change, traits }];
    });
  }

  async #read(tenant: string, person: string) {
    if (this.#damaged.has(person)) return undefined;
    try {
      const read = await this.#mindscapes.readMind(tenant, person);
      return { read, tenant, traits: read.mind.traits };
    } catch (error) {
      if (!(error instanceof PersonaError) || error.code !== "mindscape_damaged") throw error;
      this.#damaged.add(person);
      return undefined;
    }
  }
}

function moved(trait: Trait, change: number, at: number): Trait {
  const confidence = Math.min(1, Math.max(LEAST_CONFIDENCE, trait.confidence * change));
  return {
    ...trait,
    confidence: Math.round(confidence * 1_000) / 1_000,
    updated_at: Math.max(trait.updated_at, at),
    sources: withSource(trait.sources, "feedback"),
  };
}
