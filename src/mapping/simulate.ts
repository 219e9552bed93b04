/** What a version of a mapper would suggest, over a person of the store or over what is given: nothing is stored. */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { MappingTable } from "../store/mapping/port.ts";
import { wire } from "../wire.ts";
import { authoredWeights, compileStored, weightsOfRules } from "./check-mapper.ts";
import type { Ask, CompiledMapper, PersonState } from "./engine.ts";
import { missingMapper } from "./mappers.ts";
import { wordsOnlySchema } from "./narrative.ts";
import { type Residents, valuesOf } from "./residents.ts";
import type { NarrativesFound, WeightSource } from "./sources.ts";
import { ruleFaultSchema, ruleOutcomeSchema, ruleSuggestionSchema } from "./suggestion.ts";
import { faultView, outcomeView, viewOf } from "./suggestions.ts";

/** Rules of which one trace tells. */
const MOST_TRACED = 1_000;

export const simulationSchema = z
  .object({
    mapper_id: z.string(),
    mapper_version: z.int(),
    at: z.int().register(wire, { description: "The moment it was asked for. Milliseconds since 1970" }),
    time_zone: z.string(),
    suggestions: z.array(ruleSuggestionSchema),
    faults: z.array(ruleFaultSchema),
    trace: z
      .array(ruleOutcomeSchema)
      .register(wire, { description: "Of the rules asked for, or all, in document order" }),
    trace_left_out: z.int().register(wire, { description: `Rules beyond the first ${MOST_TRACED}` }),
    words_only: wordsOnlySchema,
  })
  .register(wire, { id: "Simulation" });

export type Simulation = Readonly<z.output<typeof simulationSchema>>;

export interface SimulationRequest {
  /** Default: the active version, or else the newest. */
  readonly version?: number | undefined;
  /** Whose traits, zone, weights and narratives it is asked with. */
  readonly person?: string | undefined;
  /** Values by path, over those of the person. */
  readonly traits?: Readonly<Record<string, unknown>> | undefined;
  /** Default: the person's, else UTC. */
  readonly timeZone?: string | undefined;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** Scores by narrative query, 0..1, over what is found of the person. */
  readonly scores?: Readonly<Record<string, number>> | undefined;
  /** Milliseconds since 1970. Default: now. */
  readonly at?: number | undefined;
  readonly limit?: number | undefined;
  /** Ids of the rules to tell of. Default: all. */
  readonly rules?: readonly string[] | undefined;
}

export interface SimulatorOptions {
  readonly mapping: Pick<MappingTable, "activeMapper" | "newestMapper" | "mapper">;
  readonly clock: Clock;
  readonly residents: Residents;
  readonly weights: WeightSource;
}

export class Simulator {
  readonly #options: SimulatorOptions;

  constructor(options: SimulatorOptions) {
    this.#options = options;
  }

  /** Throws `mapper_not_found`, and `invalid_input` for a rule, query or zone that is not there. */
  async simulate(tenant: string, id: string, request: SimulationRequest): Promise<Simulation> {
    const { mapping, clock } = this.#options;
    const { version, at = clock.now(), context = {}, limit = 5, rules } = request;
    const row =
      version === undefined
        ? ((await mapping.activeMapper(tenant, id)) ?? (await mapping.newestMapper(tenant, id)))
        : await mapping.mapper(tenant, id, version);
    if (row === undefined) throw missingMapper(id, version);
    const compiled = compileStored(row);
    assertRules(rules ?? [], compiled);
    const found = await this.#found(tenant, compiled, request);
    const state = await this.#state(tenant, id, compiled, request, found);
    const learned = await this.#options.weights.of(tenant, id, authoredWeights(compiled));
    const weights = weightsOfRules(compiled, learned);
    const ask: Ask = { now: at, context, limit, weights };
    const traced = (rules ?? compiled.ruleIds).slice(0, MOST_TRACED);
    const { suggestions, faults } = inRequestNames(() => compiled.suggest(state, ask));
    return {
      mapper_id: id,
      mapper_version: row.version,
      at,
      time_zone: state.zone ?? "UTC",
      suggestions: suggestions.map(viewOf),
      faults: faults.map(faultView),
      trace: compiled.explain(state, ask, traced).map(outcomeView),
      trace_left_out: (rules ?? compiled.ruleIds).length - traced.length,
      ...(found.some(({ words_only }) => words_only) && { words_only: true }),
    };
  }

  /** What is found of the person, by place of the query. */
  async #found(tenant: string, compiled: CompiledMapper, { person, scores = {} }: SimulationRequest) {
    const strangers = Object.keys(scores).filter((query) => !compiled.queries.some((one) => one.query === query));
    if (strangers.length > 0) throw invalid(`scores.${strangers[0]}`, "is no narrative query of this mapper");
    return person === undefined ? [] : this.#options.residents.search({ tenant, compiled }, person);
  }

  async #state(
    tenant: string,
    id: string,
    compiled: CompiledMapper,
    request: SimulationRequest,
    found: readonly NarrativesFound[],
  ): Promise<PersonState> {
    const { person, traits = {}, timeZone, scores = {} } = request;
    const { residents, weights } = this.#options;
    const known = person === undefined ? undefined : await residents.known(tenant, person);
    const factors = person === undefined ? {} : await weights.personal(tenant, person, id);
    return {
      zone: timeZone ?? known?.zone ?? "UTC",
      traits: { ...valuesOf(known?.traits ?? {}), ...traits },
      scores: compiled.queries.map(({ query }, place) => scores[query] ?? found[place]?.narratives[0]?.score),
      factors: weightsOfRules(compiled, factors),
    };
  }
}

/** What the rule engine calls otherwise than whoever asks. */
const REQUEST_NAMES: Readonly<Record<string, string>> = { now: "at", zone: "timeZone" };

function inRequestNames<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    const fault = error instanceof PersonaError ? error.fields[0] : undefined;
    const name = fault && REQUEST_NAMES[fault.field];
    if (fault === undefined || name === undefined) throw error;
    throw invalid(name, fault.message);
  }
}

function assertRules(rules: readonly string[], { ruleIds }: CompiledMapper): void {
  const known = new Set(ruleIds);
  const stranger = rules.findIndex((rule) => !known.has(rule));
  if (stranger >= 0) throw invalid(`rules[${stranger}]`, "is no rule of this mapper");
}

function invalid(field: string, message: string): PersonaError {
  return new PersonaError("invalid_input", `${field} ${message}`, { fields: [{ field, message }] });
}
