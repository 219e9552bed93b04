/**
 * What is at hand of mappers and persons: the active versions, compiled, and the persons who were asked about lately,
 * with their traits in native memory beside each mapper. A call then sends a name and a small context. All of it can be
 * made again from the store; whoever writes traits, weights or narratives tells, and it changes in place.
 */
import { PersonaError } from "../errors.ts";
import type { MappingTable } from "../store/mapping/port.ts";
import { authoredWeights, compileStored, type MapperDocument, storedDocument, weightsOfRules } from "./check-mapper.ts";
import type { Ask, CompiledMapper, Explanation, ResidentPerson, Suggestions } from "./engine.ts";
import { FreshCache } from "./fresh-cache.ts";
import { type Learning, learningSchema } from "./learning/settings.ts";
import { isZone } from "./local-time.ts";
import type {
  MindscapeSource,
  MindscapeWritten,
  NarrativeSource,
  NarrativesFound,
  WeightSource,
  Weights,
} from "./sources.ts";
import { type Traits, valueAt } from "./trait.ts";

export interface ResidentsOptions {
  readonly mapping: Pick<MappingTable, "activeMapper" | "newestMapper">;
  readonly mindscapes: MindscapeSource;
  readonly weights: WeightSource;
  readonly narratives: NarrativeSource;
  /** Most persons. Default 10 000. */
  readonly maxPersons?: number | undefined;
  /** Most characters of documents. Default 64 million. */
  readonly maxDocuments?: number | undefined;
}

/** The active version of a mapper, ready to run. */
export interface ActiveMapper {
  /** Of its row. */
  readonly key: number;
  readonly tenant: string;
  readonly id: string;
  readonly version: number;
  readonly createdAt: number;
  readonly metadata: MapperDocument["metadata"];
  readonly compiled: CompiledMapper;
  /** The weights in its document. */
  readonly authored: Weights;
  /** How it learns: some strategies draw weights anew for each evaluation. */
  readonly learning: Learning;
  /** Characters of its document. */
  readonly size: number;
}

/** What is known of a person at this moment. */
export interface KnownPerson {
  /** Of the mindscape; 0 if there is none. */
  readonly version: number;
  readonly traits: Traits;
  /** UTC where the person's is not known. */
  readonly zone: string;
}

/** A person in memory, with what is native of them by key of a mapper's row. */
interface Kept {
  known: KnownPerson;
  readonly beside: Map<number, Beside>;
}

/** A person beside one mapper. */
interface Beside {
  readonly native: ResidentPerson;
  /** Settles when personal weights and the scores of narratives are in. */
  ready: Promise<void> | undefined;
  /** Of some narratives only the words were compared. */
  wordsOnly: boolean;
  isGone: boolean;
}

/** Mappers beside which one person is kept. */
const MOST_BESIDE = 16;

export class Residents {
  readonly #options: ResidentsOptions;
  readonly #mappers: FreshCache<ActiveMapper>;
  readonly #persons: FreshCache<Kept>;
  /** New weights on their way into a mapper that is at hand. */
  readonly #weighing = new Map<string, Promise<void>>();
  readonly #leave: readonly (() => void)[];

  constructor(options: ResidentsOptions) {
    this.#options = options;
    const { mindscapes, weights, narratives, maxPersons = 10_000, maxDocuments = 64_000_000 } = options;
    this.#mappers = new FreshCache({
      read: (name) => this.#readMapper(...partsOf(name)),
      most: maxDocuments,
      sizeOf: ({ size }) => size,
    });
    this.#persons = new FreshCache({
      read: (name) => this.#readPerson(...partsOf(name)),
      most: maxPersons,
      dropped: ({ beside }) => beside.forEach(free),
    });
    this.#leave = [
      mindscapes.onChange((change) => this.#learned(change)),
      narratives.onChange(({ tenant, person }) => this.forget(tenant, person)),
      weights.onChange(({ tenant, mapper, person }) => {
        if (person === undefined) this.#reweigh(nameOf(tenant, mapper));
        else this.forget(tenant, person);
      }),
    ];
  }

  /** Throws `mapper_not_found`, `mapper_inactive` when no version of it is active. */
  async active(tenant: string, id: string): Promise<ActiveMapper> {
    const name = nameOf(tenant, id);
    const mapper = await this.#mappers.get(name);
    await this.#weighing.get(name);
    return mapper;
  }

  /** Another version of it is active. */
  activated(tenant: string, id: string): void {
    this.#mappers.forget(nameOf(tenant, id));
  }

  async known(tenant: string, person: string): Promise<KnownPerson> {
    return (await this.#persons.get(nameOf(tenant, person))).known;
  }

  /** What is known of a person is read again when somebody asks. */
  forget(tenant: string, person: string): void {
    this.#persons.forget(nameOf(tenant, person));
  }

  /** The question with the weights that are drawn for it, if the mapper's strategy draws any. */
  async drawn({ tenant, id, authored, learning }: ActiveMapper, ask: Ask): Promise<Ask> {
    const weights = await this.#options.weights.draw(tenant, id, authored, learning);
    return weights === undefined ? ask : { ...ask, weights };
  }

  /** One native call for a person who is at hand. */
  async suggest(
    mapper: ActiveMapper,
    person: string,
    ask: Ask,
  ): Promise<Suggestions & { readonly wordsOnly: boolean }> {
    const { native, wordsOnly } = await this.#beside(mapper, person);
    return { ...native.suggest(ask), wordsOnly };
  }

  async explain(mapper: ActiveMapper, person: string, ask: Ask): Promise<readonly Explanation[]> {
    return (await this.#beside(mapper, person)).native.explain(ask);
  }

  /** What the mapper's narrative queries find of a person, by place of the query. */
  search(
    { tenant, compiled }: Pick<ActiveMapper, "tenant" | "compiled">,
    person: string,
  ): Promise<readonly NarrativesFound[]> {
    const { narratives } = this.#options;
    return Promise.all(
      compiled.queries.map(({ query, types, limit }) => narratives.search({ tenant, person, query, types, limit })),
    );
  }

  /** Nobody is at hand any more. */
  close(): void {
    for (const leave of this.#leave) leave();
    this.#persons.clear();
    this.#mappers.clear();
  }

  /** To be used before anything else is awaited: whoever is dropped is freed. */
  async #beside(mapper: ActiveMapper, person: string): Promise<Beside> {
    for (;;) {
      const kept = await this.#persons.get(nameOf(mapper.tenant, person));
      const beside = kept.beside.get(mapper.key) ?? this.#place(kept, mapper, person);
      await beside.ready;
      if (!beside.isGone) return beside;
    }
  }

  #place({ known, beside }: Kept, mapper: ActiveMapper, person: string): Beside {
    const native = mapper.compiled.person({ zone: known.zone, traits: valuesOf(known.traits) });
    const placed: Beside = { native, ready: undefined, wordsOnly: false, isGone: false };
    placed.ready = this.#complete(placed, mapper, person).then(
      () => {
        placed.ready = undefined;
      },
      (error: unknown) => {
        // Whoever asks next tries again.
        if (beside.get(mapper.key) === placed) beside.delete(mapper.key);
        free(placed);
        throw error;
      },
    );
    const [oldest] = beside.keys();
    if (beside.size >= MOST_BESIDE && oldest !== undefined) {
      free(beside.get(oldest) as Beside);
      beside.delete(oldest);
    }
    beside.set(mapper.key, placed);
    return placed;
  }

  async #complete(placed: Beside, mapper: ActiveMapper, person: string): Promise<void> {
    const [factors, found] = await Promise.all([
      this.#options.weights.personal(mapper.tenant, person, mapper.id),
      this.search(mapper, person),
    ]);
    if (placed.isGone) return;
    placed.native.setFactors(weightsOfRules(mapper.compiled, factors));
    for (const [query, { narratives }] of found.entries()) placed.native.setScore(query, narratives[0]?.score);
    placed.wordsOnly = found.some(({ words_only }) => words_only);
  }

  /** What was written goes where the person is in memory; who is being read is read again. */
  #learned({ tenant, person, version, changed, traits }: MindscapeWritten): void {
    const name = nameOf(tenant, person);
    const kept = this.#persons.present(name);
    if (kept?.known.version !== version - 1) {
      this.#persons.forget(name);
      return;
    }
    const zone = zoneOf(traits);
    const values = Object.fromEntries(changed.map((path) => [path, traits[path]?.value]));
    for (const { native } of kept.beside.values()) {
      native.setTraits(values);
      // What is set to undefined stays as it is.
      for (const path of changed) if (traits[path] === undefined) native.setTrait(path, undefined);
      if (zone !== kept.known.zone) native.setZone(zone);
    }
    kept.known = { version, traits, zone };
  }

  #reweigh(name: string): void {
    const mapper = this.#mappers.present(name);
    if (mapper === undefined) {
      this.#mappers.forget(name);
      return;
    }
    // One after the other: what is read later must not be overtaken by what was read before.
    const before = this.#weighing.get(name) ?? Promise.resolve();
    const weighed = before.then(() => this.#weigh(mapper)).catch(() => this.#mappers.forget(name));
    this.#weighing.set(name, weighed);
    void weighed.then(() => {
      if (this.#weighing.get(name) === weighed) this.#weighing.delete(name);
    });
  }

  async #weigh({ tenant, id, compiled, authored }: ActiveMapper): Promise<void> {
    const weights = await this.#options.weights.of(tenant, id, authored);
    compiled.setWeights(weightsOfRules(compiled, weights));
  }

  async #readMapper(tenant: string, id: string): Promise<ActiveMapper> {
    const { mapping } = this.#options;
    const row = await mapping.activeMapper(tenant, id);
    if (row === undefined) {
      const isThere = (await mapping.newestMapper(tenant, id)) !== undefined;
      throw isThere
        ? new PersonaError("mapper_inactive", `No version of the mapper "${id}" is active; activate one.`)
        : new PersonaError("mapper_not_found", `There is no mapper "${id}".`);
    }
    const { key, version, createdAt, document } = row;
    const compiled = compileStored(row);
    const { metadata, feedback_settings } = storedDocument(row);
    const learning = learningSchema.parse(feedback_settings);
    const authored = authoredWeights(compiled);
    const mapper = {
      key,
      tenant,
      id,
      version,
      createdAt,
      metadata,
      compiled,
      authored,
      learning,
      size: document.length,
    };
    await this.#weigh(mapper);
    return mapper;
  }

  async #readPerson(tenant: string, person: string): Promise<Kept> {
    const { version, traits } = (await this.#options.mindscapes.read(tenant, person)) ?? NOTHING;
    return { known: { version, traits, zone: zoneOf(traits) }, beside: new Map() };
  }
}

const NOTHING = { version: 0, traits: {} };

/** A tenant's name has no blank. */
const nameOf = (tenant: string, other: string) => `${tenant} ${other}`;

function partsOf(name: string): readonly [tenant: string, other: string] {
  const end = name.indexOf(" ");
  return [name.slice(0, end), name.slice(end + 1)];
}

function free(beside: Beside): void {
  beside.isGone = true;
  beside.native.free();
}

/** Values alone, by path. */
export function valuesOf(traits: Traits): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(traits).map(([path, { value }]) => [path, value]));
}

/** That of the person, if it is one; else UTC. */
export function zoneOf(traits: Traits): string {
  const zone = valueAt(traits, ZONE_TRAIT);
  return typeof zone === "string" && isZone(zone) ? zone : "UTC";
}

const ZONE_TRAIT = "profile.timezone";
