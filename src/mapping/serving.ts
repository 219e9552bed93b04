/** Mappers and what they make of persons, put together, and the view of it that one tenant or one person has. */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { senderId } from "../runtime/settings.ts";
import type { Store } from "../store/port.ts";
import type { PersonaWarning, Price, TurnSuggestions } from "../types.ts";
import type { MapperBounds } from "./check-mapper.ts";
import { PersonaCores } from "./cores.ts";
import { levelsOf } from "./document.ts";
import { MAX_LEVELS } from "./document-bounds.ts";
import { MapPersona } from "./map-persona.ts";
import type { Mapper, MapperHead } from "./mapper.ts";
import { type MapperPage, Mappers } from "./mappers.ts";
import { DETAIL_LEVELS, type MappedPersona, STALE_POLICIES } from "./persona-core.ts";
import { publish } from "./publish.ts";
import { Residents } from "./residents.ts";
import { type Simulation, type SimulationRequest, Simulator } from "./simulate.ts";
import type { MindscapeSource, NarrativeSource, WeightSource } from "./sources.ts";
import { GivenSuggestions } from "./suggestions.ts";
import type { Summarize } from "./summary.ts";
import { turnSuggestions } from "./turn-suggestions.ts";
import type { Pay } from "./types.ts";
import { type WeightReport, weightReport } from "./weight-report.ts";

export interface ServingOptions {
  readonly store: Pick<Store, "mapping" | "allocate" | "salt">;
  readonly clock: Clock;
  readonly mindscapes: MindscapeSource;
  readonly weights: WeightSource;
  readonly narratives: NarrativeSource;
  /** Which mapper a persona has; undefined if there is no such persona. */
  readonly persona: (tenant: string, id: string) => { readonly mapper?: string | undefined } | undefined;
  /** Something was written; the rev is the newest of it. */
  readonly changed: (rev: number) => void;
  readonly warn: (warning: PersonaWarning) => void;
  readonly summarize?: Summarize | undefined;
  /** Of models, by `provider:model`. */
  readonly prices?: Readonly<Record<string, Price>> | undefined;
  readonly pay: Pay;
  readonly bounds?: MapperBounds | undefined;
  /** Most persons in memory. Default 10 000. */
  readonly maxPersons?: number | undefined;
}

/** The mappers of a tenant. Writes take the tenant's own view (`forbidden` in that of an owner). */
export interface MapperCollection {
  /**
   * Takes a document (YAML or JSON as text, or an object) as version 1 of its id, a draft unless it is to be active.
   * Throws `invalid_mapper` with every fault, `already_exists`. Where the text is not what YAML or JSON may say here, the
   * faults are those of the text; what it means is checked once they are mended.
   */
  create(document: unknown, options?: MapperWriteOptions): Promise<Mapper>;
  /**
   * Makes the next version, or the first; the same document again makes none. Throws `invalid_mapper`,
   * `version_conflict`.
   */
  put(
    id: string,
    document: unknown,
    options?: MapperWriteOptions & {
      /** The newest version that was read; `"none"`: there must be none yet. Default: whatever is there. */
      readonly ifNewest?: number | "none" | undefined;
    },
  ): Promise<{ readonly mapper: Mapper; readonly created: boolean }>;
  /** Default: the active version, or else the newest. Throws `mapper_not_found`. */
  get(id: string, version?: number): Promise<Mapper>;
  /** Sorted by id. */
  list(page?: Partial<MapperPage>): Promise<readonly MapperHead[]>;
  /** Newest first. */
  versions(
    id: string,
    page?: { readonly before?: number | undefined; readonly limit?: number },
  ): Promise<readonly MapperHead[]>;
  /** Throws `mapper_not_found`, `version_conflict` when somebody activates another one at the same time. */
  activate(id: string, version: number): Promise<Mapper>;
  /**
   * Makes a version of the active one (or else the newest) in which what was learned of its rules stands as their weight,
   * and raises the last number of its semver. None is made where nothing was learned.
   */
  publish(id: string, options?: MapperWriteOptions): Promise<{ readonly mapper: Mapper; readonly created: boolean }>;
  /** What its rules weigh, and why; each step is in `weightLog`. Takes the tenant's own view. */
  weights(id: string): Promise<WeightReport>;
  /** What a version would suggest; nothing is stored. Takes the tenant's own view. */
  simulate(id: string, request?: SimulationRequest): Promise<Simulation>;
}

export interface MapperWriteOptions {
  /** Whether the new version is active at once. Default false. */
  readonly activate?: boolean | undefined;
  /** Who does it, as it is shown. Default `host`. */
  readonly by?: string | undefined;
}

export interface PersonaMapping {
  /** Id of a persona. */
  readonly persona: string;
  /** Default: the owner of the view. */
  readonly person?: string | undefined;
  /** Id of a mapper. Default: the persona's. */
  readonly mapper?: string | undefined;
  /** Default `balanced`. */
  readonly detailLevel?: (typeof DETAIL_LEVELS)[number] | undefined;
  /** Default `regenerate`. */
  readonly whenStale?: (typeof STALE_POLICIES)[number] | undefined;
  /** What the context checks of rules read; at most 64 KiB as JSON. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** Most suggestions, 0..100. Default 5. */
  readonly limit?: number | undefined;
  /** Whether to tell of every rule why it fired or did not. */
  readonly explain?: boolean | undefined;
}

export interface ServingView {
  readonly mappers: MapperCollection;
  /**
   * Throws `persona_not_found`, `person_not_found` for anybody else in the view of an owner, `mapper_not_found`,
   * `mapper_inactive`, `core_stale`.
   */
  mapPersona(request: PersonaMapping): Promise<MappedPersona>;
}

const MAX_CONTEXT = 65_536;

const tableOf = (characters = Number.POSITIVE_INFINITY) =>
  z.record(z.string(), z.unknown()).superRefine((value, { addIssue }) => {
    const message = faultAsJson(value, characters);
    if (message !== undefined) addIssue({ code: "custom", message });
  });
const context = tableOf(MAX_CONTEXT);
const mapperId = z.string().min(1).max(256);
const version = z.int().min(1);

const mappingSchema = z.strictObject({
  persona: z.string().max(256),
  person: senderId.optional(),
  mapper: mapperId.optional(),
  detailLevel: z.enum(DETAIL_LEVELS).default("balanced"),
  whenStale: z.enum(STALE_POLICIES).default("regenerate"),
  context: context.default({}),
  limit: z.int().min(0).max(100).default(5),
  explain: z.boolean().default(false),
});

const simulationSchema = z.strictObject({
  version: version.optional(),
  person: senderId.optional(),
  traits: tableOf().optional(),
  timeZone: z.string().min(1).max(64).optional(),
  context: context.optional(),
  scores: z.record(z.string(), z.number().min(0).max(1)).optional(),
  at: z.int().min(-8.64e15).max(8.64e15).optional(),
  limit: z.int().min(0).max(1_000).optional(),
  rules: z.array(z.string()).max(1_000).optional(),
});

const pageSchema = z.strictObject({
  trait: z.string().min(1).max(256).optional(),
  active: z.boolean().optional(),
  after: z.string().max(256).optional(),
  limit: z.int().min(1).max(1_001).default(1_000),
});
const versionPageSchema = z.strictObject({
  before: version.optional(),
  limit: z.int().min(1).max(1_001).default(1_000),
});
const writeSchema = z.strictObject({ activate: z.boolean().default(false), by: senderId.default("host") }).prefault({});
const putSchema = writeSchema
  .unwrap()
  .extend({ ifNewest: z.union([z.int(), z.literal("none")]).optional() })
  .prefault({});

interface Viewer {
  readonly tenant: string;
  /** Of what is a person's, only this one's. */
  readonly owner?: string | undefined;
}

export class Serving {
  readonly #options: ServingOptions;
  readonly #residents: Residents;
  readonly #mappers: Mappers;
  readonly #cores: PersonaCores;
  readonly #given: GivenSuggestions;
  readonly #mapPersona: MapPersona;
  readonly #simulator: Simulator;

  constructor(options: ServingOptions) {
    this.#options = options;
    const { store, clock, mindscapes, weights, narratives, changed, warn, bounds, maxPersons } = options;
    const { summarize, prices, pay } = options;
    const { mapping } = store;
    const residents = new Residents({ mapping, mindscapes, weights, narratives, maxPersons });
    this.#residents = residents;
    const activated = (tenant: string, id: string) => residents.activated(tenant, id);
    this.#mappers = new Mappers({ store, clock, changed, activated, bounds });
    this.#cores = new PersonaCores({ store, clock, residents, changed, warn, summarize, prices, pay });
    this.#given = new GivenSuggestions(store, clock);
    const allocate = () => store.allocate("mapping");
    this.#mapPersona = new MapPersona({ clock, residents, allocate, cores: this.#cores, given: this.#given });
    this.#simulator = new Simulator({ mapping, clock, residents, weights });
  }

  /** `assertOpen` throws where nothing is answered any more. */
  view(viewer: Viewer, assertOpen: () => void = () => {}): ServingView {
    const { tenant } = viewer;
    const mappers = this.#mappers;
    const assertRules = () => {
      assertOpen();
      if (viewer.owner === undefined) return;
      throw new PersonaError("forbidden", "Mappers belong to the tenant; use the view of the tenant itself");
    };
    return {
      mappers: {
        create: async (document, options) => {
          assertRules();
          return mappers.create(tenant, document, parse(writeSchema, options, "options"));
        },
        put: async (id, document, options) => {
          assertRules();
          return mappers.put(tenant, id, document, parse(putSchema, options, "options"));
        },
        get: (id, number) => mappers.get(tenant, id, number),
        list: async (page) => mappers.list(tenant, parse(pageSchema, page ?? {}, "page")),
        versions: async (id, page) => mappers.versions(tenant, id, parse(versionPageSchema, page ?? {}, "page")),
        activate: async (id, number) => {
          assertRules();
          return mappers.activate(tenant, id, parse(version, number, "version"));
        },
        publish: async (id, options) => {
          assertRules();
          return publish(
            { mappers, weights: this.#options.weights },
            tenant,
            id,
            parse(writeSchema, options, "options"),
          );
        },
        weights: async (id) => {
          assertRules();
          return weightReport({ mappers, mapping: this.#options.store.mapping }, tenant, id);
        },
        simulate: async (id, request) => {
          assertRules();
          return this.#simulator.simulate(tenant, id, parse(simulationSchema, request ?? {}, "request"));
        },
      },
      mapPersona: async (request) => {
        assertOpen();
        return this.#map(viewer, parse(mappingSchema, request, "request"));
      },
    };
  }

  /** What a turn of a persona is told of the person it is with; undefined for a persona without a mapper. */
  forTurn(tenant: string, persona: string, person: string): (() => Promise<TurnSuggestions>) | undefined {
    const mapper = this.#options.persona(tenant, persona)?.mapper;
    if (mapper === undefined) return undefined;
    const map = () => this.#map({ tenant }, parse(mappingSchema, { persona, person, whenStale: "serve" }, "request"));
    return turnSuggestions({ mapper, person }, map, (cause) => {
      const message = `The mapper ${mapper} suggests nothing to ${persona}; its turn goes on without`;
      this.#options.warn({ code: "suggestions_failed", message, cause });
    });
  }

  /** Everything about a person is gone from the store. */
  erased(tenant: string, person: string): void {
    this.#residents.forget(tenant, person);
    this.#given.forget();
  }

  /** Nobody is in memory any more, and nothing is waited for. */
  close(): void {
    this.#cores.close();
    this.#residents.close();
  }

  async #map({ tenant, owner }: Viewer, request: z.output<typeof mappingSchema>): Promise<MappedPersona> {
    const { persona, person = owner } = request;
    if (person === undefined) throw missing("person", "must be given, where the view is of a whole tenant");
    if (owner !== undefined && person !== owner) throw new PersonaError("person_not_found", "There is no such person.");
    const found = this.#options.persona(tenant, persona);
    if (found === undefined) throw new PersonaError("persona_not_found", `There is no persona "${persona}".`);
    const { mapper = found.mapper } = request;
    if (mapper === undefined) throw missing("mapper", "must be given: the persona has none of its own");
    return this.#mapPersona.map(tenant, { ...request, person, mapper });
  }
}

/** What of a value keeps the rule engine from reading it. */
function faultAsJson(value: unknown, characters: number): string | undefined {
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    // A circle, a BigInt, or more levels than there is stack.
    return "must be something that JSON can say";
  }
  if (text.length > characters) return `must be at most ${characters} characters as JSON`;
  return levelsOf(text) > MAX_LEVELS ? `must not be nested deeper than ${MAX_LEVELS} levels` : undefined;
}

function missing(field: string, message: string): PersonaError {
  return new PersonaError("invalid_input", `${field} ${message}`, { fields: [{ field, message }] });
}
