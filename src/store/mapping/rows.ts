/**
 * The rows of mapping. As in `store/port.ts` they are plain data; what is called JSON is a text, which whoever wrote it
 * checks when it is read. A `person` is the id of a human (`Sender.id`), 1..128 characters. Keys are allocated as
 * `mapping`, and grow over all these tables together.
 */

/** What was observed. Never changed; it goes only when all of its person goes. */
export interface ObservationRow {
  readonly key: number;
  readonly tenant: string;
  readonly person: string;
  /** Made by whoever sends it, unique for the person. */
  readonly id: string;
  readonly type: string;
  /** JSON. */
  readonly content: string;
  /** JSON. */
  readonly metadata: string;
  readonly observedAt: number;
  readonly createdAt: number;
  /** Hash of what was sent; another hash under the same id is a conflict. */
  readonly fingerprint: string;
}

export interface MindscapeRow {
  readonly key: number;
  readonly tenant: string;
  readonly person: string;
  /** Counts the writes, from 1 on. */
  readonly version: number;
  /** The traits by path, as JSON. */
  readonly traits: string;
  /** What extractors keep for themselves, as JSON; nobody else sees it. */
  readonly state: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One write of a mindscape: there is one row for each version. */
export interface MindscapeHistoryRow {
  readonly tenant: string;
  readonly person: string;
  readonly version: number;
  /** What each changed path was before and is after, as JSON. */
  readonly changes: string;
  readonly cause: "digest" | "curation" | "feedback";
  /** Who did it: the id of a user, or the name of an agent. */
  readonly by: string;
  readonly at: number;
}

/** One version of a mapper. Only its status ever changes. */
export interface MapperRow {
  readonly key: number;
  readonly tenant: string;
  readonly id: string;
  /** Counts the versions of this id, from 1 on. */
  readonly version: number;
  readonly semver: string;
  readonly status: "draft" | "active" | "deprecated";
  /** JSON, also where YAML was sent. */
  readonly document: string;
  readonly createdBy: string;
  readonly createdAt: number;
}

/**
 * What a version of a mapper reads: a trait, because a condition of a rule (`trait`), a parameter or template
 * (`parameter`), or the mapper itself (`required`) reads it; a field of the context; a search in narratives.
 */
export interface MapperCondition {
  readonly kind: "trait" | "parameter" | "required" | "context" | "narrative";
  /** Path of the trait, name of the field, or the query. */
  readonly path: string;
}

/** Which version of a mapper a list shows: the active one, or else the newest. */
export type MapperHead = Omit<MapperRow, "document"> & {
  /** The newest version of this id. */
  readonly newest: number;
};

export interface CoreRow {
  readonly key: number;
  readonly tenant: string;
  /** Id of a persona. Unique together with person and mapper. */
  readonly persona: string;
  readonly person: string;
  /** Id of a mapper, and which version of it made the core. */
  readonly mapper: string;
  readonly mapperVersion: number;
  /** Which version of the mindscape it was made from; 0: there was none. */
  readonly mindscapeVersion: number;
  /** JSON. */
  readonly core: string;
  readonly summary: string | null;
  /** What it cost, as JSON. */
  readonly cost: string;
  /** Since when something it was made from is another; null while nothing is. */
  readonly staleSince: number | null;
  readonly generatedAt: number;
  readonly expiresAt: number;
}

/** What was suggested to whom: what feedback finds its rule and version by. */
export interface SuggestionRow {
  readonly key: number;
  readonly tenant: string;
  readonly person: string;
  readonly persona: string | null;
  readonly mapper: string;
  readonly mapperVersion: number;
  readonly rule: string;
  readonly type: string;
  /** The suggestion as it was given, as JSON. */
  readonly body: string;
  readonly createdAt: number;
}

export interface FeedbackRow {
  readonly key: number;
  readonly tenant: string;
  readonly person: string;
  /** Made by whoever sends it, unique for the person. */
  readonly id: string;
  readonly mapper: string;
  readonly mapperVersion: number;
  /** Null: it is on a type of suggestions, or on a core. */
  readonly rule: string | null;
  /** Type of the suggestion. */
  readonly type: string | null;
  /** Keys of the suggestion or core that it is on. */
  readonly suggestion: number | null;
  readonly core: number | null;
  readonly helpful: 0 | 1 | null;
  /** 1..5. */
  readonly rating: number | null;
  /** JSON. */
  readonly context: string;
  readonly createdAt: number;
  /** When it was applied; null while it waits. */
  readonly appliedAt: number | null;
  /** Hash of what was sent; another hash under the same id is a conflict. */
  readonly fingerprint: string;
}

/** What was learned of a rule. It holds for all versions of the mapper. */
export interface RuleWeightRow {
  readonly key: number;
  readonly tenant: string;
  readonly mapper: string;
  readonly rule: string;
  readonly weight: number;
  /** The weight in the document that it began with. */
  readonly base: number;
  /** Of Thompson sampling: helpful and unhelpful, discounted. */
  readonly alpha: number;
  readonly beta: number;
  /** Which way it moved last. */
  readonly direction: -1 | 0 | 1;
  /** Counts the writes, from 1 on. */
  readonly version: number;
  readonly reason: string;
  readonly updatedAt: number;
}

/** A line of the weights' log. */
export interface RuleWeightChangeRow {
  readonly key: number;
  readonly tenant: string;
  readonly mapper: string;
  readonly rule: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  /** Key of the feedback that moved it; null if somebody set it. */
  readonly feedback: number | null;
  readonly at: number;
}

/** What multiplies the weight of a rule for one person. */
export interface PersonalWeightRow {
  readonly tenant: string;
  readonly person: string;
  readonly mapper: string;
  readonly rule: string;
  readonly factor: number;
  /** Counts the writes, from 1 on. */
  readonly version: number;
  readonly updatedAt: number;
}

export interface NarrativeRow {
  readonly key: number;
  readonly tenant: string;
  readonly person: string;
  readonly type: "self_observation" | "curation";
  readonly text: string;
  /** JSON. */
  readonly metadata: string;
  /** Who wrote it: the id of a user. */
  readonly by: string;
  readonly createdAt: number;
}

/** That a person was erased, not who: the hash says it only to whoever asks for a certain person (`personHash`). */
export interface ErasureRow {
  readonly key: number;
  readonly tenant: string;
  readonly hash: string;
  /** How many rows went. */
  readonly rows: number;
  readonly at: number;
}
