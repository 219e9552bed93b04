/** Everything about mapping, put together, and the view of it that one tenant or one person has. */
import type { Clock } from "../clock.ts";
import { parse } from "../faults.ts";
import type { Scope } from "../runtime/scope.ts";
import { senderId } from "../runtime/settings.ts";
import type { Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import type { Embedder } from "./embedder.ts";
import type { Extractor } from "./extractors/extractor.ts";
import { Learning, type LearningView } from "./learning.ts";
import type { Narrative } from "./narrative.ts";
import { NarrativeMeanings } from "./narrative-meanings.ts";
import { type NarrativePage, Narratives, searchSchema } from "./narratives.ts";
import { type Erasure, Persons, personIn } from "./persons.ts";
import { Serving, type ServingOptions, type ServingView } from "./serving.ts";
import type { NarrativesFound } from "./sources.ts";
import type { Summarize } from "./summary.ts";
import type { Agents, Pay } from "./types.ts";

export interface MappingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly agents: Agents;
  /** From 0 to 1. */
  readonly random: () => number;
  /** The newest rev, once something is written. */
  readonly changed: (rev: number) => void;
  readonly warn: (warning: PersonaWarning) => void;
  readonly persona: ServingOptions["persona"];
  /** Of models, by `provider:model`. */
  readonly prices?: ServingOptions["prices"];
  readonly pay: Pay;
  readonly options: MappingOptions;
}

export interface MappingOptions {
  /** What reads observations, beside those extractors that are there. */
  readonly extractors?: readonly Extractor[] | undefined;
  /** Pieces of feedback of one person on one calendar day. Default 10. */
  readonly feedbackPerDay?: number | undefined;
  /** Embeds narratives and what is looked for in them. Default: they are found by their words only. */
  readonly embedder?: Embedder | undefined;
  /** Puts cores into words, for whoever asks deeply. Default: they have no summary. */
  readonly summarize?: Summarize | undefined;
  /** Bytes of the text of a mapper's document, 1 024..4 194 304. Default 1 MiB. */
  readonly documentBytes?: number | undefined;
  /** Rules of a mapper. Default 20 000. */
  readonly rules?: number | undefined;
  /** Persons whose traits are kept in memory, ready to be asked about. Default 10 000. */
  readonly residents?: number | undefined;
}

/** What all tenants share. */
export class MappingEngine {
  readonly learning: Learning;
  readonly serving: Serving;
  readonly #narratives: Narratives;
  readonly #persons: Persons;
  readonly #meanings: NarrativeMeanings | undefined;

  constructor(parts: MappingParts) {
    const { store, clock, agents, random, changed, warn, persona, prices, pay, options } = parts;
    const { extractors, feedbackPerDay, embedder } = options;
    this.learning = new Learning({ store, clock, random, agents, changed, extractors, feedbackPerDay, pay });
    this.#meanings = embedder && new NarrativeMeanings({ store, clock, embedder, warn, pay });
    this.#narratives = new Narratives({ store, clock, changed, meanings: this.#meanings });
    const { mindscapes, weights } = this.learning;
    const narratives = this.#narratives;
    this.serving = new Serving({
      ...{ store, clock, mindscapes, weights, narratives, persona, changed, warn, prices, pay },
      ...{ summarize: options.summarize, maxPersons: options.residents },
      bounds: { documentBytes: options.documentBytes, rules: options.rules },
    });
    const erased = (tenant: string, person: string) => this.serving.erased(tenant, person);
    this.#persons = new Persons({ store, clock, changed, erased });
  }

  /** Takes up what an earlier process has left. */
  start(): void {
    this.#meanings?.wake();
  }

  async close(): Promise<void> {
    this.serving.close();
    await this.#meanings?.close();
  }

  /** `assertOpen` throws where nothing may be written any more. */
  view(scope: Scope, assertOpen: () => void): Mapping {
    const { tenant } = scope;
    return {
      ...this.learning.view(scope, assertOpen),
      ...this.serving.view(scope, assertOpen),
      narratives: {
        add: async (input, options = {}) => {
          assertOpen();
          const person = personIn(scope, personNamed(input));
          const by = parse(senderId.default(scope.owner ?? "host"), options.by, "by");
          return this.#narratives.add(tenant, person, by, input);
        },
        list: async ({ person, ...page } = {}) => this.#narratives.list(tenant, personIn(scope, person), page),
        search: async ({ person, ...search }) => {
          const of = personIn(scope, person);
          return this.#narratives.search({ tenant, person: of, ...parse(searchSchema, search, "search") });
        },
      },
      erase: async (person) => {
        assertOpen();
        return this.#persons.erase(tenant, personIn(scope, person));
      },
    };
  }
}

/** Mapping as a view of the runtime has it: in that of an owner only what is theirs. */
export interface Mapping extends LearningView, ServingView {
  readonly narratives: NarrativeCollection;
  /**
   * Removes everything that mapping keeps of a person (default: the owner of the view); a second time there is nothing.
   * What was said in conversations stays. Throws `person_not_found` for anybody else in the view of an owner.
   */
  erase(person?: string): Promise<Erasure>;
}

export interface NarrativeCollection {
  /**
   * Keeps what is said of a person. `{person_id?, type?: "self_observation" | "curation", text, metadata?}`; throws
   * `invalid_input` with every fault.
   * @param options `by`: who says it, as it is shown. Default: the owner of the view, else `host`.
   */
  add(input: unknown, options?: { readonly by?: string | undefined }): Promise<Narrative>;
  /** Oldest first. */
  list(page?: NarrativePage & { readonly person?: string | undefined }): Promise<readonly Narrative[]>;
  /**
   * By the words of the query, and by its meaning where a model embeds narratives; it is waited for a second at most, and
   * what it says later counts for the same query then.
   */
  search(search: {
    readonly person?: string | undefined;
    /** 1..1 000 characters. */
    readonly query: string;
    /** Default: all. */
    readonly types?: readonly Narrative["type"][];
    /** 1..100, default 10. */
    readonly limit?: number;
  }): Promise<NarrativesFound>;
}

/** Whom an input names; what is wrong with the rest of it is found later. */
function personNamed(input: unknown): unknown {
  return typeof input === "object" && input !== null && "person_id" in input ? input.person_id : undefined;
}
