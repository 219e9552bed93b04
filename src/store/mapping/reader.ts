import type { Table, Value, Values } from "../columns.ts";
import { type Query, query, type Source } from "../query.ts";
import {
  CORE,
  ERASURE,
  FEEDBACK,
  MAPPER,
  MAPPER_HEAD,
  MINDSCAPE,
  MINDSCAPE_HISTORY,
  NARRATIVE,
  OBSERVATION,
  PERSONAL_WEIGHT,
  RULE_WEIGHT,
  RULE_WEIGHT_CHANGE,
  SUBJECT,
  SUGGESTION,
} from "./columns.ts";
import { personHash } from "./hash.ts";
import type {
  CoreRow,
  ErasureRow,
  FeedbackRow,
  FeedbackSum,
  MapperHead,
  MapperRow,
  MappingTable,
  MindscapeHistoryRow,
  MindscapeRow,
  NarrativeRow,
  ObservationRow,
  PersonalWeightRow,
  RuleWeightChangeRow,
  RuleWeightRow,
  SubjectRow,
  SuggestionRow,
} from "./port.ts";
import type { WordIndex } from "./word-index.ts";

/** What reads a table: everything that changes nothing. */
export type MappingReads = Omit<
  MappingTable,
  | "saveMindscape"
  | "addMapper"
  | "activateMapper"
  | "saveCore"
  | "dropCores"
  | "saveSuggestions"
  | "dropSuggestions"
  | "adjust"
  | "addNarrative"
  | "saveEmbedding"
  | "erasePerson"
>;

type Asked<Name extends keyof MappingReads> = Parameters<MappingReads[Name]>;

/** All reads of mapping; each sees whatever was committed before it. */
export class MappingReader implements MappingReads {
  readonly #source: Source;
  readonly #words: WordIndex;
  readonly #salt: number;
  /** Queries with conditions that are asked for or not, by their text: there are few. */
  readonly #made = new Map<string, Query<unknown>>();

  constructor(source: Source, words: WordIndex, salt: number) {
    this.#source = source;
    this.#words = words;
    this.#salt = salt;
  }

  async observationsNamed(tenant: string, person: string, ids: readonly string[]): Promise<readonly ObservationRow[]> {
    const named = ids.map((id) => [tenant, person, id]);
    return (await this.#source.each(OBSERVATION_NAMED, named)).flat();
  }

  async observations({ tenant, person, type, from, to, after = 0, limit }: Asked<"observations">[0]) {
    return this.#rows<ObservationRow>(OBSERVATION, "ORDER BY key LIMIT ?", limit, [
      ["tenant = ?", tenant],
      ["person = ?", person],
      ["key > ?", after],
      ["type = ?", type],
      ["observed_at >= ?", from],
      ["observed_at < ?", to],
    ]);
  }

  async pendingObservations({ tenant, person, after = 0, limit }: Asked<"pendingObservations">[0]) {
    return this.#source.all(PENDING_OBSERVATIONS, [tenant, person, after, limit]);
  }

  async mindscape(tenant: string, person: string): Promise<MindscapeRow | undefined> {
    return this.#first(MINDSCAPE_NAMED, [tenant, person]);
  }

  async mindscapeOf(key: number): Promise<MindscapeRow | undefined> {
    return this.#first(MINDSCAPE_OF, [key]);
  }

  async mindscapeHistory({ tenant, person, before, limit }: Asked<"mindscapeHistory">[0]) {
    return this.#rows<MindscapeHistoryRow>(MINDSCAPE_HISTORY, "ORDER BY version DESC LIMIT ?", limit, [
      ["tenant = ?", tenant],
      ["person = ?", person],
      ["version < ?", before],
    ]);
  }

  async mapper(tenant: string, id: string, version: number): Promise<MapperRow | undefined> {
    return this.#first(MAPPER_VERSION, [tenant, id, version]);
  }

  async activeMapper(tenant: string, id: string): Promise<MapperRow | undefined> {
    return this.#first(ACTIVE_MAPPER, [tenant, id]);
  }

  async newestMapper(tenant: string, id: string): Promise<MapperRow | undefined> {
    return this.#first(NEWEST_MAPPER, [tenant, id]);
  }

  async mappers({ tenant, trait, active = false, after, limit }: Asked<"mappers">[0]): Promise<readonly MapperHead[]> {
    const conditions: Condition[] = [
      ["mapper.tenant = ?", tenant],
      ["mapper.id > ?", after],
      [active ? "mapper.status = 'active'" : SHOWN],
    ];
    if (trait !== undefined) conditions.push([READS_TRAIT, trait, `${trait}.`, `${trait}/`, trait]);
    return this.#asked<MapperHead>(HEADS, "ORDER BY mapper.id LIMIT ?", limit, conditions);
  }

  async mapperVersions({ tenant, id, before, limit }: Asked<"mapperVersions">[0]): Promise<readonly MapperHead[]> {
    return this.#asked<MapperHead>(HEADS, "ORDER BY mapper.version DESC LIMIT ?", limit, [
      ["mapper.tenant = ?", tenant],
      ["mapper.id = ?", id],
      ["mapper.version < ?", before],
    ]);
  }

  async core(tenant: string, persona: string, person: string, mapper: string): Promise<CoreRow | undefined> {
    return this.#first(CORE_NAMED, [tenant, person, persona, mapper]);
  }

  async coreOf(key: number): Promise<CoreRow | undefined> {
    return this.#first(CORE_OF, [key]);
  }

  async suggestion(key: number): Promise<SuggestionRow | undefined> {
    return this.#first(SUGGESTION_OF, [key]);
  }

  async feedback(tenant: string, person: string, id: string): Promise<FeedbackRow | undefined> {
    return this.#first(FEEDBACK_NAMED, [tenant, person, id]);
  }

  async pendingFeedback({ tenant, mapper, limit }: Asked<"pendingFeedback">[0]): Promise<readonly FeedbackRow[]> {
    return this.#source.all(PENDING_FEEDBACK, [tenant, mapper, limit]);
  }

  async feedbackSums(asked: Asked<"feedbackSums">[0]): Promise<readonly FeedbackSum[]> {
    const { tenant, mapper, rule, person, from, to, after, applied } = asked;
    return this.#asked<FeedbackSum>(
      SUMS,
      "GROUP BY mapper, rule, type ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST",
      undefined,
      [
        ["tenant = ?", tenant],
        ["mapper = ?", mapper],
        ["rule = ?", rule],
        ["person = ?", person],
        ["created_at >= ?", from],
        ["created_at < ?", to],
        ["key > ?", after],
        ...(applied === undefined ? [] : [[`applied_at IS ${applied ? "NOT " : ""}NULL`] as const]),
      ],
    );
  }

  async weights(tenant: string, mapper: string): Promise<readonly RuleWeightRow[]> {
    return this.#source.all(WEIGHTS, [tenant, mapper]);
  }

  async personalWeights(tenant: string, person: string, mapper: string): Promise<readonly PersonalWeightRow[]> {
    return this.#source.all(PERSONAL_WEIGHTS, [tenant, person, mapper]);
  }

  async weightLog({ tenant, mapper, rule, before, limit }: Asked<"weightLog">[0]) {
    return this.#rows<RuleWeightChangeRow>(RULE_WEIGHT_CHANGE, "ORDER BY key DESC LIMIT ?", limit, [
      ["tenant = ?", tenant],
      ["mapper = ?", mapper],
      ["rule = ?", rule],
      ["key < ?", before],
    ]);
  }

  async narrativeOf(key: number): Promise<NarrativeRow | undefined> {
    return this.#first(NARRATIVE_OF, [key]);
  }

  async narratives({ tenant, person, types, after = 0, limit }: Asked<"narratives">[0]) {
    return this.#rows<NarrativeRow>(NARRATIVE, "ORDER BY key LIMIT ?", limit, [
      ["tenant = ?", tenant],
      ["person = ?", person],
      ["key > ?", after],
      ...among("type", types),
    ]);
  }

  async embeddings({ tenant, person, model, types, before, limit }: Asked<"embeddings">[0]) {
    const rows = await this.#asked<{ key: number; vector: Uint8Array }>(
      EMBEDDINGS,
      "ORDER BY key DESC LIMIT ?",
      limit,
      [
        ["tenant = ?", tenant],
        ["person = ?", person],
        ["model = ?", model],
        ["key < ?", before],
        ...among("type", types),
      ],
    );
    return rows.map(({ key, vector }) => ({ key, vector: floatsOf(vector) }));
  }

  async unembedded(model: string, after: number, limit: number): Promise<readonly NarrativeRow[]> {
    return this.#source.all(UNEMBEDDED, [after, model, limit]);
  }

  async searchNarratives({ tenant, person, words, types, before, limit }: Asked<"searchNarratives">[0]) {
    if (words.length === 0) return [];
    const { condition, expression } = this.#words;
    return this.#rows<NarrativeRow>(NARRATIVE, "ORDER BY key DESC LIMIT ?", limit, [
      ["tenant = ?", tenant],
      ["person = ?", person],
      ["key < ?", before],
      [condition, expression(words, personHash(tenant, person, this.#salt))],
      ...among("type", types),
    ]);
  }

  async subject(conversation: number): Promise<SubjectRow | undefined> {
    return this.#first(SUBJECT_OF, [conversation]);
  }

  async subjectNamed(tenant: string, agent: string, subject: string): Promise<SubjectRow | undefined> {
    return this.#first(SUBJECT_NAMED, [tenant, agent, subject]);
  }

  async erasures(tenant: string, hash: string): Promise<readonly ErasureRow[]> {
    return this.#source.all(ERASURES, [tenant, hash]);
  }

  async #first<Row>(query: Query<Row>, values: Values): Promise<Row | undefined> {
    return (await this.#source.all(query, values))[0];
  }

  /** Rows of a table for which all conditions hold. */
  #rows<Row>(table: Table<never>, rest: string, limit: number, conditions: readonly Condition[]) {
    return this.#asked<Row>(`SELECT ${table.selection} FROM ${table.name}`, rest, limit, conditions);
  }

  /** Conditions of which a value is undefined are not asked for. */
  async #asked<Row>(
    select: string,
    rest: string,
    limit: number | undefined,
    conditions: readonly Condition[],
  ): Promise<readonly Row[]> {
    const asked = conditions.filter(([, ...values]) => !values.includes(undefined));
    const sql = `${select} WHERE ${asked.map(([condition]) => condition).join(" AND ")} ${rest}`;
    const made = (this.#made.get(sql) as Query<Row> | undefined) ?? query<Row>(sql);
    this.#made.set(sql, made);
    const values = asked.flatMap(([, ...values]) => values as Value[]);
    return this.#source.all(made, limit === undefined ? values : [...values, limit]);
  }
}

type Condition = readonly [sql: string, ...values: (Value | undefined)[]];

function among(column: string, values: readonly string[] | undefined): readonly Condition[] {
  if (values === undefined) return [];
  return values.length === 0 ? [["1 = 0"]] : [[`${column} IN (${values.map(() => "?").join(", ")})`, ...values]];
}

/** Copied, because a driver's bytes need not lie where floats can. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.byteLength / 4));
}

function select<Row>({ name, selection }: Table<never>, rest: string): Query<Row> {
  return query(`SELECT ${selection} FROM ${name} ${rest}`);
}

const OBSERVATION_NAMED = select<ObservationRow>(OBSERVATION, "WHERE tenant = ? AND person = ? AND id = ?");
const PENDING_OBSERVATIONS = select<ObservationRow>(
  OBSERVATION,
  `WHERE key IN (SELECT observation FROM pending_observation
    WHERE tenant = ? AND person = ? AND observation > ? ORDER BY observation LIMIT ?) ORDER BY key`,
);
const MINDSCAPE_NAMED = select<MindscapeRow>(MINDSCAPE, "WHERE tenant = ? AND person = ?");
const MINDSCAPE_OF = select<MindscapeRow>(MINDSCAPE, "WHERE key = ?");
const MAPPER_VERSION = select<MapperRow>(MAPPER, "WHERE tenant = ? AND id = ? AND version = ?");
const ACTIVE_MAPPER = select<MapperRow>(MAPPER, "WHERE tenant = ? AND id = ? AND status = 'active'");
const NEWEST_MAPPER = select<MapperRow>(MAPPER, "WHERE tenant = ? AND id = ? ORDER BY version DESC LIMIT 1");
const NEWEST = "(SELECT max(version) FROM mapper AS other WHERE other.tenant = mapper.tenant AND other.id = mapper.id)";
const HEADS = `SELECT ${MAPPER_HEAD.selection}, ${NEWEST} AS newest FROM mapper`;
/** The active version, or else the newest. */
const SHOWN = `(mapper.status = 'active' OR mapper.version = ${NEWEST} AND NOT EXISTS (
  SELECT 1 FROM mapper AS other WHERE other.tenant = mapper.tenant AND other.id = mapper.id AND other.status = 'active'))`;
/** The path itself, one below it (between "path." and "path/"), or one above it. */
const READS_TRAIT = `EXISTS (SELECT 1 FROM mapper_condition AS read WHERE read.mapper_key = mapper.key
  AND read.kind = 'trait' AND (read.path = ? OR (read.path >= ? AND read.path < ?)
    OR substr(?, 1, length(read.path) + 1) = read.path || '.'))`;
const CORE_NAMED = select<CoreRow>(CORE, "WHERE tenant = ? AND person = ? AND persona = ? AND mapper = ?");
const CORE_OF = select<CoreRow>(CORE, "WHERE key = ?");
const SUGGESTION_OF = select<SuggestionRow>(SUGGESTION, "WHERE key = ?");
const FEEDBACK_NAMED = select<FeedbackRow>(FEEDBACK, "WHERE tenant = ? AND person = ? AND id = ?");
const PENDING_FEEDBACK = select<FeedbackRow>(
  FEEDBACK,
  `WHERE key IN (SELECT feedback FROM pending_feedback
    WHERE tenant = ? AND mapper = ? ORDER BY feedback LIMIT ?) ORDER BY key`,
);
const SUMS = `
  SELECT mapper, rule, type, count(*) AS count, count(*) FILTER (WHERE helpful = 1) AS helpful,
    count(*) FILTER (WHERE helpful = 0) AS unhelpful, count(rating) AS rated,
    CAST(coalesce(sum(rating), 0) AS BIGINT) AS ratings
  FROM feedback`;
const WEIGHTS = select<RuleWeightRow>(RULE_WEIGHT, "WHERE tenant = ? AND mapper = ? ORDER BY rule");
const PERSONAL_WEIGHTS = select<PersonalWeightRow>(
  PERSONAL_WEIGHT,
  "WHERE tenant = ? AND person = ? AND mapper = ? ORDER BY rule",
);
const NARRATIVE_OF = select<NarrativeRow>(NARRATIVE, "WHERE key = ?");
const EMBEDDINGS = `
  SELECT key, vector FROM narrative JOIN narrative_embedding ON narrative_embedding.narrative = narrative.key`;
const UNEMBEDDED = select<NarrativeRow>(
  NARRATIVE,
  `WHERE key > ? AND NOT EXISTS (
    SELECT 1 FROM narrative_embedding WHERE narrative_embedding.narrative = narrative.key AND model = ?)
  ORDER BY key LIMIT ?`,
);
const SUBJECT_OF = select<SubjectRow>(SUBJECT, "WHERE conversation = ?");
const SUBJECT_NAMED = select<SubjectRow>(
  SUBJECT,
  "WHERE tenant = ? AND agent = ? AND subject = ? ORDER BY conversation LIMIT 1",
);
const ERASURES = select<ErasureRow>(ERASURE, "WHERE tenant = ? AND hash = ? ORDER BY key DESC");
