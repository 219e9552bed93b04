/**
 * The part of the store's port that mapping is kept in: the same promises as in `store/port.ts`. A write that finds
 * something else than its caller has read writes nothing, and says so (`stale`).
 */
import type {
  CoreRow,
  ErasureRow,
  FeedbackRow,
  MapperCondition,
  MapperHead,
  MapperRow,
  MindscapeHistoryRow,
  MindscapeRow,
  NarrativeRow,
  ObservationRow,
  PersonalWeightRow,
  RuleWeightChangeRow,
  RuleWeightRow,
  SuggestionRow,
} from "./rows.ts";

export type * from "./rows.ts";

/**
 * What is written along with a message and its items, in one transaction (`Append.along`). Rows whose id the person has
 * used already are not written again; if that leaves none, neither is the message (`repeated`).
 */
export interface Along {
  /** All of one person. Each is pending until a digest takes it. */
  readonly observations?: readonly ObservationRow[];
  /** Pending until it is applied. */
  readonly feedback?: { readonly row: FeedbackRow; readonly quota?: FeedbackQuota };
  /** What the conversation is about; ignored when that is known. */
  readonly subject?: SubjectRow;
}

/** So many rows of feedback of the person may be there with a `createdAt` from `since` to before `until`, this one included. */
export interface FeedbackQuota {
  readonly since: number;
  readonly until: number;
  readonly limit: number;
}

/** What became of rows that were to be written along. */
export type AlongRefusal =
  /** All of them are there: nothing was written. */
  | { readonly status: "repeated" }
  /** This one (the place in the list) is there with another content: nothing was written. */
  | { readonly status: "along_conflict"; readonly index: number }
  /** There is too much feedback of the person: nothing was written. */
  | { readonly status: "over_quota" };

/** What the conversation of an agent is about: a person, or a mapper. */
export interface SubjectRow {
  readonly conversation: number;
  readonly tenant: string;
  /** Name of the agent. */
  readonly agent: string;
  readonly subject: string;
}

/**
 * What guards against bringing back what was erased: a key that was allocated before anything of the person was read.
 * If the person was erased after that, nothing is written (`erased`).
 */
export interface Since {
  readonly since: number;
}

/** One write of a mindscape, with all that follows from it. */
export interface MindscapeChange extends Since {
  /** Its `version` is `expected` + 1, its `key` that of the row that was read, or a new one. */
  readonly row: MindscapeRow;
  /** The version that was read; 0: there was none. */
  readonly expected: number;
  readonly history: MindscapeHistoryRow;
  /**
   * Paths of which anything changed: cores that were made from one of them, or from something above or below it, are
   * stale from now on.
   */
  readonly changed: readonly string[];
  /** Keys of the observations that are in it now. If one of them is not pending any more, nothing is written. */
  readonly digested: readonly number[];
}

export type MindscapeSaved =
  | {
      readonly status: "saved";
      /** Of its line in the change log; those of the cores come before it. */
      readonly rev: number;
      /** Those that became stale by it. */
      readonly stale: readonly Pick<CoreRow, "key" | "persona" | "person" | "mapper">[];
    }
  | { readonly status: "stale" }
  | { readonly status: "erased" };

/** What follows from feedback, in one transaction. */
export interface Adjustment {
  /** Keys of what is applied by it. If one of them is not pending any more, nothing is written. */
  readonly feedback: readonly number[];
  /** In place of the rows of version `version` - 1; version 1: there was none. */
  readonly weights: readonly RuleWeightRow[];
  readonly log: readonly RuleWeightChangeRow[];
  /** The same for one person. */
  readonly personal: readonly PersonalWeightRow[];
  readonly mindscapes: readonly MindscapeChange[];
  readonly at: number;
}

export type Adjusted =
  | {
      readonly status: "adjusted";
      /** The newest one; undefined if nothing but the feedback itself changed. */
      readonly rev: number | undefined;
      readonly stale: Extract<MindscapeSaved, { status: "saved" }>["stale"];
    }
  | { readonly status: "stale" }
  | { readonly status: "erased" };

export type Written = { readonly status: "written"; readonly rev: number } | { readonly status: "stale" };
export type OfPerson<Result> = Result | { readonly status: "erased" };

/** Those of one person, oldest first. */
export interface PersonPage {
  readonly tenant: string;
  readonly person: string;
  /** Only rows with a greater key. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface ObservationPage extends PersonPage {
  readonly type?: string | undefined;
  /** Only what was observed at or after `from` and before `to`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface NarrativePage extends PersonPage {
  /** Default: all. */
  readonly types?: readonly NarrativeRow["type"][] | undefined;
}

export interface MapperPage {
  readonly tenant: string;
  /** Only those of which the shown version has a condition that reads this trait, or something above or below it. */
  readonly trait?: string | undefined;
  /** Only those of which a version is active. */
  readonly active?: boolean | undefined;
  /** Only ids behind this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface FeedbackQuery {
  readonly tenant: string;
  readonly mapper?: string | undefined;
  readonly rule?: string | undefined;
  readonly person?: string | undefined;
  /** Only what came at or after `from` and before `to`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Only rows with a greater key. */
  readonly after?: number | undefined;
  /** Only what is applied, or only what is not. */
  readonly applied?: boolean | undefined;
}

export interface FeedbackSum {
  readonly mapper: string;
  readonly rule: string | null;
  readonly type: string | null;
  readonly count: number;
  readonly helpful: number;
  readonly unhelpful: number;
  /** How many have a rating, and the sum of these. */
  readonly rated: number;
  readonly ratings: number;
}

export interface WordSearch {
  readonly tenant: string;
  readonly person: string;
  /** Words as `wordsOf` gives them; those that match one at least are found. */
  readonly words: readonly string[];
  readonly types?: readonly NarrativeRow["type"][] | undefined;
  /** Only rows with a smaller key. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface MappingTable {
  // Observations and mindscapes. Observations are written by `Store.append`.
  /** Those of these ids. */
  observationsNamed(tenant: string, person: string, ids: readonly string[]): Promise<readonly ObservationRow[]>;
  observations(page: ObservationPage): Promise<readonly ObservationRow[]>;
  /** What no digest has taken yet. */
  pendingObservations(page: PersonPage): Promise<readonly ObservationRow[]>;
  mindscape(tenant: string, person: string): Promise<MindscapeRow | undefined>;
  mindscapeOf(key: number): Promise<MindscapeRow | undefined>;
  saveMindscape(change: MindscapeChange): Promise<MindscapeSaved>;
  /** Newest first, those of a version below `before`. */
  mindscapeHistory(page: {
    readonly tenant: string;
    readonly person: string;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly MindscapeHistoryRow[]>;

  // Mappers
  /**
   * Writes the next version of a mapper as a draft, or (`activate`) in place of the active one. `stale`: there is another
   * newest version than the one before it.
   */
  addMapper(row: MapperRow, conditions: readonly MapperCondition[], activate: boolean): Promise<Written>;
  /**
   * Makes a version active in place of the one with the key `instead`, which was read as active (null: none was) and is
   * then deprecated. `stale`: another one is active by now, or there is no such version.
   */
  activateMapper(row: Pick<MapperRow, "key" | "tenant" | "id">, instead: number | null): Promise<Written>;
  mapper(tenant: string, id: string, version: number): Promise<MapperRow | undefined>;
  activeMapper(tenant: string, id: string): Promise<MapperRow | undefined>;
  newestMapper(tenant: string, id: string): Promise<MapperRow | undefined>;
  /** By id. */
  mappers(page: MapperPage): Promise<readonly MapperHead[]>;
  /** Newest first, versions below `before`. */
  mapperVersions(page: {
    readonly tenant: string;
    readonly id: string;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly MapperHead[]>;

  // Cores and suggestions
  core(tenant: string, persona: string, person: string, mapper: string): Promise<CoreRow | undefined>;
  coreOf(key: number): Promise<CoreRow | undefined>;
  /**
   * Writes a core in place of the one for the same persona, person and mapper, whose key it keeps. It is stale at once
   * (`staleSince`) if the mindscape is not the one that it was made from any more.
   */
  saveCore(
    row: CoreRow,
    guard: Since,
  ): Promise<OfPerson<{ readonly status: "written"; readonly rev: number; readonly core: CoreRow }>>;
  /** Removes at most `limit` cores that expired before `at`, with tombstones. Resolves to how many. */
  dropCores(at: number, limit: number): Promise<number>;
  saveSuggestions(rows: readonly SuggestionRow[], guard: Since): Promise<OfPerson<{ readonly status: "written" }>>;
  suggestion(key: number): Promise<SuggestionRow | undefined>;
  /** Removes at most `limit` suggestions that were given before `at`. Resolves to how many. */
  dropSuggestions(at: number, limit: number): Promise<number>;

  // Feedback. It is written by `Store.append`.
  feedback(tenant: string, person: string, id: string): Promise<FeedbackRow | undefined>;
  /** What was not applied yet of that on one mapper, oldest first. */
  pendingFeedback(page: {
    readonly tenant: string;
    readonly mapper: string;
    readonly limit: number;
  }): Promise<readonly FeedbackRow[]>;
  /** Sums by mapper, rule and type, in this order. */
  feedbackSums(query: FeedbackQuery): Promise<readonly FeedbackSum[]>;
  adjust(adjustment: Adjustment): Promise<Adjusted>;
  /** By rule. */
  weights(tenant: string, mapper: string): Promise<readonly RuleWeightRow[]>;
  personalWeights(tenant: string, person: string, mapper: string): Promise<readonly PersonalWeightRow[]>;
  /** Newest first, those with a key below `before`. */
  weightLog(page: {
    readonly tenant: string;
    readonly mapper: string;
    readonly rule?: string | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly RuleWeightChangeRow[]>;

  // Narratives
  addNarrative(row: NarrativeRow): Promise<number>;
  narrativeOf(key: number): Promise<NarrativeRow | undefined>;
  narratives(page: NarrativePage): Promise<readonly NarrativeRow[]>;
  /** Those in which one of the words is, or begins with it, newest first; how well they match is not the database's to say. */
  searchNarratives(search: WordSearch): Promise<readonly NarrativeRow[]>;
  /** Keeps what a model made of a narrative. Nothing happens if that is gone. */
  saveEmbedding(key: number, model: string, vector: Float32Array): Promise<void>;
  /** Newest first, those with a key below `before`. */
  embeddings(page: {
    readonly tenant: string;
    readonly person: string;
    readonly model: string;
    readonly types?: readonly NarrativeRow["type"][] | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly { readonly key: number; readonly vector: Float32Array }[]>;
  /** Narratives that have nothing of this model yet, with a greater key, of whomever. */
  unembedded(model: string, after: number, limit: number): Promise<readonly NarrativeRow[]>;

  // Agents
  subject(conversation: number): Promise<SubjectRow | undefined>;
  subjectNamed(tenant: string, agent: string, subject: string): Promise<SubjectRow | undefined>;

  // Erasure
  /**
   * Removes everything of a person from these tables in one transaction, with tombstones in the change log, and writes
   * that it happened. A second call finds nothing, and writes that too.
   */
  erasePerson(
    row: Omit<ErasureRow, "rows">,
    person: string,
  ): Promise<{
    readonly rows: number;
    /** Of the last tombstone; undefined if there was nothing that sync tells of. */
    readonly rev: number | undefined;
  }>;
  /** Of one person (`personHash`), newest first. */
  erasures(tenant: string, hash: string): Promise<readonly ErasureRow[]>;
}
