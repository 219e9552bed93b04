/** A person as a persona is to see them: the stored core, and what holds at this moment. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { CoreOf, MadeCore, PersonaCores } from "./cores.ts";
import type { DetailLevel, MappedPersona, MappingCost, StalePolicy } from "./persona-core.ts";
import type { ActiveMapper, Residents } from "./residents.ts";
import { faultView, type GivenSuggestions, outcomeView } from "./suggestions.ts";

export interface MapPersonaRequest {
  readonly persona: string;
  readonly person: string;
  readonly mapper: string;
  readonly detailLevel: DetailLevel;
  readonly whenStale: StalePolicy;
  /** What the rules' context checks read. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Most suggestions. */
  readonly limit: number;
  /** Whether the answer says of every rule why it fired or did not. */
  readonly explain: boolean;
}

export interface MapPersonaOptions {
  readonly clock: Clock;
  readonly residents: Residents;
  readonly cores: PersonaCores;
  readonly given: GivenSuggestions;
  readonly allocate: () => number;
}

const FREE: MappingCost = { ms: 0, tokens: 0, usd: 0 };
/** Of what searches found. */
const MOST_NARRATIVES = 20;

export class MapPersona {
  readonly #options: MapPersonaOptions;

  constructor(options: MapPersonaOptions) {
    this.#options = options;
  }

  /**
   * Throws `mapper_not_found`, `mapper_inactive`; `core_stale` where `whenStale` refuses what is stale; `person_erased`
   * when that happens at the same time.
   */
  async map(tenant: string, request: MapPersonaRequest): Promise<MappedPersona> {
    const { clock, residents } = this.#options;
    const { detailLevel, whenStale } = request;
    const began = clock.now();
    const since = this.#options.allocate();
    const mapper = await residents.active(tenant, request.mapper);
    const { cache, made } = await this.#core({ ...request, mapper }, request);
    const more = detailLevel === "instant" ? {} : await this.#moment(mapper, request, since);
    const found = detailLevel === "deep_dive" ? await this.#narratives(mapper, request.person) : {};
    return {
      core: made.core,
      cache,
      choice: { detail_level: detailLevel, when_stale: whenStale },
      ...more,
      ...found,
      ...(made.wordsOnly === true && { words_only: true }),
      ...(made.summaryError === undefined ? {} : { summary_error: made.summaryError }),
      cost: { ...made.cost, ms: clock.now() - began },
    };
  }

  async #core(
    of: CoreOf,
    { detailLevel, whenStale }: MapPersonaRequest,
  ): Promise<{ cache: MappedPersona["cache"]; made: MadeCore }> {
    const { cores } = this.#options;
    const wantsSummary = detailLevel === "deep_dive" && cores.summarizes;
    const core = await cores.stored(of);
    if (core?.is_stale === true && whenStale === "refuse") {
      const since = new Date(core.stale_since ?? 0).toISOString();
      const message = `The core is stale since ${since}; ask with whenStale=regenerate, or serve.`;
      throw new PersonaError("core_stale", message);
    }
    const holds = core !== undefined && (!core.is_stale || whenStale === "serve");
    // A summary that is missing is made with a core of now: one of before would not say what it was made from.
    if (holds && (!wantsSummary || core.core.summary !== undefined || core.is_stale)) {
      return { cache: core.is_stale ? "stale" : "fresh", made: { core, cost: FREE } };
    }
    return { cache: "regenerated", made: await cores.make(of, { summary: wantsSummary }) };
  }

  /** What holds at this moment only. */
  async #moment(mapper: ActiveMapper, request: MapPersonaRequest, since: number) {
    const { clock, residents, given } = this.#options;
    const { person, persona, context, limit, explain } = request;
    const { tenant } = mapper;
    const ask = await residents.drawn(mapper, { now: clock.now(), context, limit });
    const { version, traits, zone } = await residents.known(tenant, person);
    const { suggestions, faults, wordsOnly } = await residents.suggest(mapper, person, ask);
    const trace = explain ? await residents.explain(mapper, person, ask) : undefined;
    const volatile = Object.entries(traits).filter(([, { volatility }]) => volatility === "high");
    return {
      overlay: {
        traits: Object.fromEntries(volatile),
        context: { ...context },
        time_zone: zone,
        mindscape_version: version,
        generated_at: ask.now,
      },
      suggestions: [...(await given.give({ tenant, person, persona }, mapper, suggestions, since))],
      ...(faults.length === 0 ? {} : { faults: faults.map(faultView) }),
      ...(trace === undefined ? {} : { trace: trace.map(outcomeView) }),
      ...(wordsOnly && { words_only: true }),
    } as Partial<MappedPersona>;
  }

  async #narratives(mapper: ActiveMapper, person: string): Promise<Pick<MappedPersona, "narratives" | "words_only">> {
    const found = await this.#options.residents.search(mapper, person);
    const best = found.flatMap(({ narratives }) => narratives).sort((a, b) => b.score - a.score);
    const once = new Map(best.toReversed().map((narrative) => [narrative.id, narrative]));
    return {
      narratives: [...once.values()].reverse().slice(0, MOST_NARRATIVES),
      ...(found.some(({ words_only }) => words_only) && { words_only: true }),
    };
  }
}
