/** What learns, put together, and the view of it that one tenant or one person has. */
import * as z from "zod";
import type { Condition } from "../catalogue/catalogue.ts";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { invalidInput, parse } from "../faults.ts";
import type { RuleWeightChangeRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { Adjuster } from "./adjuster.ts";
import { type Analytics, analytics } from "./analytics.ts";
import type { Curation } from "./curation.ts";
import type { Extractor } from "./extractors/extractor.ts";
import { Extractors } from "./extractors/registry.ts";
import { type Feedback, type FeedbackInput, Feedbacks } from "./feedback.ts";
import { missingMapper } from "./mappers.ts";
import type { Mindscape, MindscapeChangeView } from "./mind-row.ts";
import { Mindscaper } from "./mindscaper.ts";
import { Mindscapes, missingMindscape } from "./mindscapes.ts";
import { type Observation, type ObservationInput, personId } from "./observation.ts";
import { type ObservationPage, Observations, type Recorded } from "./observations.ts";
import type { Agents, Pay } from "./types.ts";
import { Weights } from "./weights.ts";

export interface LearningOptions {
  readonly store: Pick<Store, "mapping" | "allocate" | "salt">;
  readonly clock: Clock;
  /** From 0 to 1: for what has to be spread, and for draws. */
  readonly random: () => number;
  readonly agents: Agents;
  /** Something was written; the rev is the newest of it. */
  readonly changed: (rev: number) => void;
  /** Beside those that it has. */
  readonly extractors?: readonly Extractor[] | undefined;
  /** Of one person. Default 10. */
  readonly feedbackPerDay?: number | undefined;
  readonly pay: Pay;
}

/** Persons are given by `Sender.id`; the default is the owner of the view, who is the only person in it. */
export interface LearningView {
  /**
   * Records one observation, or up to a hundred of one person, all or none. Sent again they are the same ones. Rejects
   * with `invalid_input` and every fault, `observation_conflict`.
   */
  observe(observation: ObservationInput | readonly ObservationInput[]): Promise<Recorded>;
  /** In the order in which they came in. */
  observations(
    page?: Partial<ObservationPage> & { readonly person?: string | undefined },
  ): Promise<readonly Observation[]>;
  /** Rejects with `mindscape_not_found`, `mindscape_damaged`. */
  mindscape(person?: string): Promise<Mindscape>;
  /** Newest first. */
  mindscapeHistory(
    page?: Partial<HistoryPage> & { readonly person?: string | undefined },
  ): Promise<readonly MindscapeChangeView[]>;
  /**
   * Writes what somebody says of the person; it outranks what is learned, but where a trait changes within hours only
   * until something later is. Rejects with `invalid_input`, `version_conflict`, `mindscape_not_found`.
   */
  curate(
    curation: CurationInput,
    options?: Condition & { readonly person?: string | undefined; readonly by?: string | undefined },
  ): Promise<Mindscape>;
  /**
   * Rejects with `invalid_input`, `suggestion_not_found`, `core_not_found`, `mapper_not_found`, `feedback_conflict`, and
   * `feedback_limit` until the person's midnight.
   */
  feedback(feedback: FeedbackInput): Promise<{ readonly feedback: Feedback; readonly repeated: boolean }>;
  feedbackAnalytics(query?: AnalyticsInput): Promise<Analytics>;
  /** Why the weights of a mapper moved, newest first. Throws `mapper_not_found`. Takes the tenant's own view. */
  weightLog(mapper: string, page?: Partial<WeightLogPage>): Promise<readonly WeightChange[]>;
}

export interface HistoryPage {
  /** Versions below this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface AnalyticsInput {
  /** Default: everybody, in the view of a tenant. */
  readonly person?: string | undefined;
  readonly mapper?: string | undefined;
  readonly rule?: string | undefined;
  /** How far back it looks, 1..366. Default 7. */
  readonly days?: number | undefined;
}

export type WeightChange = Pick<RuleWeightChangeRow, "rule" | "from" | "to" | "reason" | "at"> & {
  /** Of this line; older lines are asked for with it. */
  readonly id: string;
};

export interface WeightLogPage {
  readonly rule?: string | undefined;
  /** Id of the oldest line that is already known. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export type CurationInput = Omit<Curation, "traits"> & {
  readonly traits: Readonly<Record<string, { readonly value: unknown; readonly [more: string]: unknown } | null>>;
};

const limit = z.int().min(1).max(1_000).default(100);
const word = z.string().min(1).max(256);
const person = personId.optional();

const observationPageSchema = z
  .strictObject({
    person,
    type: word.optional(),
    from: z.int().optional(),
    to: z.int().optional(),
    after: word.optional(),
    limit,
  })
  .prefault({});
const historySchema = z.strictObject({ person, before: z.int().min(1).optional(), limit }).prefault({});
const curateSchema = z
  .strictObject({
    person,
    by: z.string().min(1).max(256).optional(),
    ifVersion: z.union([z.int(), z.enum(["any", "none"])]).optional(),
  })
  .prefault({});
const analyticsSchema = z
  .strictObject({ person, mapper: word.optional(), rule: word.optional(), days: z.int().min(1).max(366).optional() })
  .prefault({});
/** Keys, written short. */
const line = z
  .string()
  .regex(/^[0-9a-z]{1,11}$/, "must be the id of a line of the log")
  .transform((id) => Number.parseInt(id, 36));
const logSchema = z.strictObject({ rule: word.optional(), before: line.optional(), limit }).prefault({});

interface Viewer {
  readonly tenant: string;
  /** Of what is a person's, only this one's. */
  readonly owner?: string | undefined;
}

export class Learning {
  readonly mindscapes: Mindscapes;
  readonly weights: Weights;
  readonly #options: LearningOptions;
  readonly #observations: Observations;
  readonly #feedbacks: Feedbacks;

  /** Registers both agents. */
  constructor(options: LearningOptions) {
    this.#options = options;
    const { store, clock, random, agents, changed, extractors, feedbackPerDay: perDay, pay } = options;
    const mindscapes = new Mindscapes({ store, clock, random, changed });
    const weights = new Weights({ store, random });
    this.mindscapes = mindscapes;
    this.weights = weights;
    this.#observations = new Observations({ store, clock, agents });
    const zoneOf = (tenant: string, person: string) => mindscapes.zoneOf(tenant, person);
    this.#feedbacks = new Feedbacks({ store, clock, agents, zoneOf, perDay });
    const shared = { store, clock, random, mindscapes };
    const mindscaper = new Mindscaper({ ...shared, extractors: new Extractors(extractors), pay });
    const adjuster = new Adjuster({ ...shared, weights, changed });
    agents.register("mindscaper", (task) => mindscaper.run(task));
    agents.register("adjuster", (task) => adjuster.run(task));
  }

  /** `assertOpen` throws where nothing is answered any more. */
  view({ tenant, owner }: Viewer, assertOpen: () => void = () => {}): LearningView {
    const { mindscapes } = this;
    const personOf = (asked: string | undefined) => {
      const person = asked ?? owner;
      if (person === undefined) throw invalidInput("request", [{ field: "person", message: NEEDED }]);
      if (owner !== undefined && person !== owner)
        throw new PersonaError("person_not_found", "There is no such person.");
      return person;
    };
    /** The mindscape of somebody else is one that is not there. */
    const knownTo = (asked: string | undefined) => {
      if (owner !== undefined && asked !== undefined && asked !== owner) throw missingMindscape(asked);
      return personOf(asked);
    };
    return {
      observe: async (observation) => {
        assertOpen();
        for (const one of [observation].flat()) if (one?.person_id !== undefined) personOf(one.person_id);
        return this.#observations.record(tenant, observation, owner);
      },
      observations: async (asked) => {
        const { person, ...page } = parse(observationPageSchema, asked, "page");
        return this.#observations.list(tenant, personOf(person), page);
      },
      mindscape: async (person) => mindscapes.get(tenant, knownTo(person)),
      mindscapeHistory: async (asked) => {
        const { person, ...page } = parse(historySchema, asked, "page");
        return mindscapes.history(tenant, knownTo(person), page);
      },
      curate: async (curation, options) => {
        assertOpen();
        const { person, by = owner ?? "host", ...condition } = parse(curateSchema, options, "options");
        return mindscapes.curate(tenant, knownTo(person), curation, by, condition);
      },
      feedback: async (feedback) => {
        assertOpen();
        if (feedback?.person_id !== undefined) personOf(feedback.person_id);
        return this.#feedbacks.record(tenant, feedback, { person: owner, only: owner });
      },
      feedbackAnalytics: async (asked) => {
        const query = parse(analyticsSchema, asked, "query");
        const person = query.person === undefined && owner === undefined ? undefined : personOf(query.person);
        return analytics(this.#options, tenant, { ...query, person });
      },
      weightLog: async (mapper, asked) => {
        const page = parse(logSchema, asked, "page");
        if (owner !== undefined) throw new PersonaError("forbidden", "Weights belong to the tenant; use its own view");
        const { mapping } = this.#options.store;
        const lines = await mapping.weightLog({ tenant, mapper, ...page });
        if (lines.length === 0 && (await mapping.newestMapper(tenant, mapper)) === undefined) {
          throw missingMapper(mapper);
        }
        return lines.map(({ key, rule, from, to, reason, at }) => {
          return { id: key.toString(36), rule, from, to, reason, at };
        });
      },
    };
  }
}

const NEEDED = "must be given, where the view is of a whole tenant";
