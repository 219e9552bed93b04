import { insertInto, replaceInto, type Values } from "../columns.ts";
import type { ChangeKind } from "../port.ts";
import { all, type Connection, first, type Program, type Query, query, type Statement, statement } from "../query.ts";
import { Refused } from "../refused.ts";
import {
  ERASURE,
  FEEDBACK,
  MINDSCAPE_HISTORY,
  OBSERVATION,
  PERSONAL_WEIGHT,
  RULE_WEIGHT_CHANGE,
  STAMPED_CORE,
  STAMPED_MAPPER,
  STAMPED_MINDSCAPE,
  STAMPED_NARRATIVE,
  STAMPED_RULE_WEIGHT,
  type StoredNarrative,
  SUBJECT,
  SUGGESTION,
} from "./columns.ts";
import type {
  Adjusted,
  Adjustment,
  Along,
  AlongRefusal,
  CoreRow,
  ErasureRow,
  MapperCondition,
  MapperRow,
  MindscapeChange,
  MindscapeSaved,
  OfPerson,
  PersonalWeightRow,
  RuleWeightRow,
  Since,
  SuggestionRow,
  Written,
} from "./port.ts";

/** Writes a line of the change log, and gives its rev. */
export type Stamp = (kind: ChangeKind, tenant: string, key: number, tombstone?: boolean) => number;

/** A guard against bringing back what was erased, with the hash of whom it is about. */
export type Guard = Since & { readonly hash: string };
export type GuardedChange = MindscapeChange & Guard;
export type GuardedAdjustment = Omit<Adjustment, "mindscapes"> & { readonly mindscapes: readonly GuardedChange[] };

type Stale = Extract<MindscapeSaved, { status: "saved" }>["stale"];

/**
 * What is written of mapping, by name, as in `Commands`: each is taken back whole when it throws. Arguments are rows of
 * the port, which cross threads as well; none of these commands is as frequent as a message.
 */
export class MappingCommands {
  readonly #connection: Connection;
  readonly #stamp: Stamp;

  constructor(connection: Connection, stamp: Stamp) {
    this.#connection = connection;
    this.#stamp = stamp;
  }

  /**
   * What is written along with a message, before the message itself.
   * @returns Places of what was there before; whole when everything that was run is done.
   */
  along({ observations = [], feedback, subject }: Along): readonly number[] {
    const repeated: number[] = [];
    const count = observations.length + (feedback === undefined ? 0 : 1);
    for (const [index, row] of observations.entries()) {
      this.#addOnce(OBSERVATIONS, row, OBSERVATION.values(row), { index, count, repeated });
    }
    if (feedback !== undefined) {
      const { row, quota } = feedback;
      if (quota !== undefined) {
        // One that is there already counts the others only, and is not refused.
        this.#connection.look(FEEDBACK_SINCE, [row.tenant, row.person, quota.since, quota.until, row.id], (found) => {
          if ((found?.count ?? 0) >= quota.limit) throw OVER_QUOTA;
        });
      }
      this.#addOnce(FEEDBACKS, row, FEEDBACK.values(row), { index: observations.length, count, repeated });
    }
    if (subject !== undefined) this.#connection.run(ADD_SUBJECT, SUBJECT.values(subject));
    return repeated;
  }

  *saveMindscape(change: GuardedChange): Program<MindscapeSaved> {
    const { row, expected, history, digested } = change;
    const { key, tenant, person } = row;
    this.#assertNotErased(tenant, change);
    this.#connection.look(MINDSCAPE_VERSION, [tenant, person], (found) => {
      if ((found?.version ?? 0) !== expected) throw STALE;
    });
    for (const observation of digested) {
      this.#connection.check(TAKE_OBSERVATION, [tenant, person, observation], assertCurrent);
    }
    const stale = yield* this.#markStale(change);
    const rev = this.#stamp("mindscape", tenant, key);
    this.#connection.run(SAVE_MINDSCAPE, STAMPED_MINDSCAPE.values({ ...row, rev }));
    this.#connection.run(INSERT_HISTORY, MINDSCAPE_HISTORY.values(history));
    return { status: "saved", rev, stale };
  }

  *addMapper(row: MapperRow, conditions: readonly MapperCondition[], activate: boolean): Program<Written> {
    const { key, tenant, id } = row;
    this.#connection.look(NEWEST_VERSION, [tenant, id], (found) => {
      if ((found?.version ?? 0) !== row.version - 1) throw STALE;
    });
    const active = activate ? yield* first(ACTIVE_KEY, [tenant, id]) : undefined;
    if (active !== undefined) this.#setStatus("deprecated", tenant, active.key);
    const rev = this.#stamp("mapper", tenant, key);
    const status = activate ? "active" : "draft";
    this.#connection.check(INSERT_MAPPER, STAMPED_MAPPER.values({ ...row, status, rev }), assertCurrent);
    for (const { kind, path } of conditions) this.#connection.run(ADD_CONDITION, [key, kind, path]);
    return { status: "written", rev };
  }

  *activateMapper(row: Pick<MapperRow, "key" | "tenant" | "id">, instead: number | null): Program<Written> {
    const active = yield* first(ACTIVE_KEY, [row.tenant, row.id]);
    if ((active?.key ?? null) !== instead) throw STALE;
    if (instead !== null && instead !== row.key) this.#setStatus("deprecated", row.tenant, instead);
    return { status: "written", rev: this.#setStatus("active", row.tenant, row.key) };
  }

  *saveCore(row: CoreRow, guard: Guard): Program<OfPerson<{ status: "written"; rev: number; core: CoreRow }>> {
    const { tenant, persona, person, mapper } = row;
    this.#assertNotErased(tenant, guard);
    const known = yield* first(CORE_KEY, [tenant, person, persona, mapper]);
    const mindscape = yield* first(MINDSCAPE_VERSION, [tenant, person]);
    const isCurrent = (mindscape?.version ?? 0) === row.mindscapeVersion;
    const core = { ...row, key: known?.key ?? row.key, staleSince: isCurrent ? row.staleSince : row.generatedAt };
    const rev = this.#stamp("core", tenant, core.key);
    this.#connection.run(SAVE_CORE, STAMPED_CORE.values({ ...core, rev }));
    return { status: "written", rev, core };
  }

  *dropCores(at: number, limit: number): Program<number> {
    const expired = yield* all(EXPIRED_CORES, [at, limit]);
    for (const { key, tenant } of expired) {
      this.#connection.run(DELETE_CORE, [key]);
      this.#stamp("core", tenant, key, true);
    }
    return expired.length;
  }

  saveSuggestions(rows: readonly SuggestionRow[], guard: Guard): OfPerson<{ status: "written" }> {
    if (rows[0] !== undefined) this.#assertNotErased(rows[0].tenant, guard);
    for (const row of rows) this.#connection.run(INSERT_SUGGESTION, SUGGESTION.values(row));
    return { status: "written" };
  }

  *dropSuggestions(at: number, limit: number): Program<number> {
    let dropped = 0;
    this.#connection.check(DROP_SUGGESTIONS, [at, limit], (changes) => {
      dropped = changes;
    });
    yield "done";
    return dropped;
  }

  *adjust({ feedback, weights, log, personal, mindscapes, at }: GuardedAdjustment): Program<Adjusted> {
    for (const key of feedback) {
      this.#connection.check(TAKE_FEEDBACK, [key], assertCurrent);
      this.#connection.run(SET_APPLIED, [at, key]);
    }
    const revs = weights.map((row) => this.#saveWeight(row));
    for (const row of log) this.#connection.run(INSERT_WEIGHT_CHANGE, RULE_WEIGHT_CHANGE.values(row));
    for (const row of personal) this.#savePersonalWeight(row);
    const stale: Stale[number][] = [];
    for (const change of mindscapes) {
      const saved = yield* this.saveMindscape(change);
      if (saved.status !== "saved") continue;
      revs.push(saved.rev);
      stale.push(...saved.stale);
    }
    return { status: "adjusted", rev: revs.at(-1), stale };
  }

  addNarrative(row: StoredNarrative): number {
    const rev = this.#stamp("narrative", row.tenant, row.key);
    this.#connection.run(INSERT_NARRATIVE, STAMPED_NARRATIVE.values({ ...row, rev }));
    return rev;
  }

  saveEmbedding(narrative: number, model: string, vector: Uint8Array): void {
    this.#connection.look(NARRATIVE_KEY, [narrative], (found) => {
      if (found === undefined) throw new Refused(undefined);
    });
    this.#connection.run(SAVE_EMBEDDING, [narrative, model, vector]);
  }

  *erasePerson(
    { key, tenant, hash, at }: Omit<ErasureRow, "rows">,
    person: string,
  ): Program<{ rows: number; rev: number | undefined }> {
    let rows = 0;
    let rev: number | undefined;
    for (const [kind, keys] of STAMPED_OF_PERSON) {
      for (const found of yield* all(keys, [tenant, person])) rev = this.#stamp(kind, tenant, found.key, true);
    }
    this.#connection.run(BEGIN_ERASING, [tenant, person]);
    this.#connection.run(FORGET_CAUSES, [tenant, person]);
    for (const removal of REMOVALS) {
      this.#connection.check(removal, [tenant, person], (changes) => {
        rows += changes;
      });
    }
    this.#connection.run(END_ERASING, [tenant, person]);
    yield "done";
    this.#connection.run(INSERT_ERASURE, ERASURE.values({ key, tenant, hash, rows, at }));
    return { rows, rev };
  }

  /** Inserts a row whose id is new, and makes it pending. */
  #addOnce(
    { insert, fingerprint, makePending }: OnceTable,
    row: { readonly tenant: string; readonly person: string; readonly id: string } & Printed,
    values: Values,
    { index, count, repeated }: { index: number; count: number; repeated: number[] },
  ): void {
    this.#connection.check(insert, values, (changes) => {
      if (changes === 0) repeated.push(index);
    });
    this.#connection.look(fingerprint, [row.tenant, row.person, row.id], (found) => {
      if (found?.fingerprint !== row.fingerprint) throw new Refused<AlongRefusal>({ status: "along_conflict", index });
      if (index === count - 1 && repeated.length === count) throw REPEATED;
    });
    this.#connection.run(makePending, [row.key]);
  }

  *#markStale({ row, changed }: MindscapeChange): Program<Stale> {
    if (changed.length === 0) return [];
    const stale = new Map<number, Stale[number]>();
    for (const { path, ...core } of yield* all(READ_BY_CORES, [row.tenant, row.person])) {
      if (!stale.has(core.key) && changed.some((one) => overlap(one, path))) stale.set(core.key, core);
    }
    for (const { key } of stale.values()) {
      const rev = this.#stamp("core", row.tenant, key);
      this.#connection.run(MARK_STALE, [row.updatedAt, rev, key]);
    }
    return [...stale.values()];
  }

  #setStatus(status: MapperRow["status"], tenant: string, key: number): number {
    const rev = this.#stamp("mapper", tenant, key);
    this.#connection.check(SET_STATUS, [status, rev, key, tenant], assertCurrent);
    return rev;
  }

  #saveWeight(row: RuleWeightRow): number {
    const rev = this.#stamp("weight", row.tenant, row.key);
    if (row.version === 1) {
      this.#connection.check(INSERT_WEIGHT, STAMPED_RULE_WEIGHT.values({ ...row, rev }), assertCurrent);
    } else {
      const { weight, base, alpha, beta, direction, version, reason, updatedAt } = row;
      const values = [weight, base, alpha, beta, direction, version, reason, updatedAt, rev, row.key, version - 1];
      this.#connection.check(UPDATE_WEIGHT, values, assertCurrent);
    }
    return rev;
  }

  #savePersonalWeight(row: PersonalWeightRow): void {
    const { tenant, person, mapper, rule, factor, version, updatedAt } = row;
    if (version === 1) this.#connection.check(INSERT_PERSONAL_WEIGHT, PERSONAL_WEIGHT.values(row), assertCurrent);
    else {
      const values = [factor, version, updatedAt, tenant, person, mapper, rule, version - 1];
      this.#connection.check(UPDATE_PERSONAL_WEIGHT, values, assertCurrent);
    }
  }

  #assertNotErased(tenant: string, { hash, since }: Guard): void {
    this.#connection.look(ERASED_SINCE, [tenant, hash, since], (found) => {
      if (found !== undefined) throw ERASED;
    });
  }
}

/** Whether one is the other, or lies above or below it. */
function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

const STALE = new Refused<{ readonly status: "stale" }>({ status: "stale" });
const ERASED = new Refused<{ readonly status: "erased" }>({ status: "erased" });
const REPEATED = new Refused<AlongRefusal>({ status: "repeated" });
const OVER_QUOTA = new Refused<AlongRefusal>({ status: "over_quota" });

function assertCurrent(changes: number): void {
  if (changes === 0) throw STALE;
}

interface Printed {
  readonly key: number;
  readonly fingerprint: string;
}

/** A table in which a person uses an id once. */
interface OnceTable {
  readonly insert: Statement;
  readonly fingerprint: Query<Printed>;
  readonly makePending: Statement;
}

const OBSERVATIONS: OnceTable = {
  insert: insertNew(OBSERVATION),
  fingerprint: query("SELECT key, fingerprint FROM observation WHERE tenant = ? AND person = ? AND id = ?"),
  makePending: statement(`
    INSERT INTO pending_observation (tenant, person, observation)
    SELECT tenant, person, key FROM observation WHERE key = ?`),
};
const FEEDBACKS: OnceTable = {
  insert: insertNew(FEEDBACK),
  fingerprint: query("SELECT key, fingerprint FROM feedback WHERE tenant = ? AND person = ? AND id = ?"),
  makePending: statement(`
    INSERT INTO pending_feedback (tenant, mapper, feedback) SELECT tenant, mapper, key FROM feedback WHERE key = ?`),
};
const FEEDBACK_SINCE = query<{ count: number }>(
  "SELECT count(*) AS count FROM feedback WHERE tenant = ? AND person = ? AND created_at >= ? AND created_at < ? AND id <> ?",
);
const ADD_SUBJECT = insertNew(SUBJECT);

const TAKE_OBSERVATION = statement(
  "DELETE FROM pending_observation WHERE tenant = ? AND person = ? AND observation = ?",
);
const SAVE_MINDSCAPE = replaceInto(STAMPED_MINDSCAPE, "tenant, person");
const INSERT_HISTORY = insertInto(MINDSCAPE_HISTORY);
const MINDSCAPE_VERSION = query<{ version: number }>("SELECT version FROM mindscape WHERE tenant = ? AND person = ?");
const READ_BY_CORES = query<Stale[number] & { path: string }>(`
  SELECT persona_core.key AS key, persona_core.persona AS persona, persona_core.person AS person,
    persona_core.mapper AS mapper, mapper_condition.path AS path
  FROM persona_core
    JOIN mapper ON mapper.tenant = persona_core.tenant AND mapper.id = persona_core.mapper
      AND mapper.version = persona_core.mapper_version
    JOIN mapper_condition ON mapper_condition.mapper_key = mapper.key
  WHERE persona_core.tenant = ? AND persona_core.person = ? AND persona_core.stale_since IS NULL
    AND mapper_condition.kind IN ('trait', 'parameter', 'required')
  ORDER BY persona_core.key`);
const MARK_STALE = statement("UPDATE persona_core SET stale_since = ?, rev = ? WHERE key = ?");

const NEWEST_VERSION = query<{ version: number | null }>(
  "SELECT max(version) AS version FROM mapper WHERE tenant = ? AND id = ?",
);
const ACTIVE_KEY = query<{ key: number }>("SELECT key FROM mapper WHERE tenant = ? AND id = ? AND status = 'active'");
const INSERT_MAPPER = insertNew(STAMPED_MAPPER);
const ADD_CONDITION = statement(
  "INSERT INTO mapper_condition (mapper_key, kind, path) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
);
const SET_STATUS = statement("UPDATE mapper SET status = ?, rev = ? WHERE key = ? AND tenant = ?");

const CORE_KEY = query<{ key: number }>(
  "SELECT key FROM persona_core WHERE tenant = ? AND person = ? AND persona = ? AND mapper = ?",
);
const SAVE_CORE = replaceInto(STAMPED_CORE, "key");
const EXPIRED_CORES = query<{ key: number; tenant: string }>(
  "SELECT key, tenant FROM persona_core WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
);
const DELETE_CORE = statement("DELETE FROM persona_core WHERE key = ?");
const INSERT_SUGGESTION = insertInto(SUGGESTION);
const DROP_SUGGESTIONS = statement(`
  DELETE FROM suggestion WHERE key IN (SELECT key FROM suggestion WHERE created_at < ? ORDER BY created_at LIMIT ?)`);

const TAKE_FEEDBACK = statement("DELETE FROM pending_feedback WHERE feedback = ?");
const SET_APPLIED = statement("UPDATE feedback SET applied_at = ? WHERE key = ?");
const INSERT_WEIGHT = insertNew(STAMPED_RULE_WEIGHT);
const UPDATE_WEIGHT = statement(`
  UPDATE rule_weight SET weight = ?, base = ?, alpha = ?, beta = ?, direction = ?, version = ?, reason = ?,
    updated_at = ?, rev = ?
  WHERE key = ? AND version = ?`);
const INSERT_WEIGHT_CHANGE = insertInto(RULE_WEIGHT_CHANGE);
const INSERT_PERSONAL_WEIGHT = insertNew(PERSONAL_WEIGHT);
const UPDATE_PERSONAL_WEIGHT = statement(`
  UPDATE personal_weight SET factor = ?, version = ?, updated_at = ?
  WHERE tenant = ? AND person = ? AND mapper = ? AND rule = ? AND version = ?`);

const INSERT_NARRATIVE = insertInto(STAMPED_NARRATIVE);
const NARRATIVE_KEY = query<{ key: number }>("SELECT key FROM narrative WHERE key = ?");
const SAVE_EMBEDDING = statement(`
  INSERT INTO narrative_embedding (narrative, model, vector) VALUES (?, ?, ?)
  ON CONFLICT (narrative, model) DO UPDATE SET vector = excluded.vector`);

const ERASED_SINCE = query<{ key: number }>(
  "SELECT key FROM erasure WHERE tenant = ? AND hash = ? AND key > ? LIMIT 1",
);
const BEGIN_ERASING = statement("INSERT INTO erasing (tenant, person) VALUES (?, ?)");
const END_ERASING = statement("DELETE FROM erasing WHERE tenant = ? AND person = ?");
const INSERT_ERASURE = insertInto(ERASURE);
/** What sync has told of a person, by the kind of its line in the change log. */
const STAMPED_OF_PERSON = (
  [
    ["mindscape", "mindscape"],
    ["core", "persona_core"],
    ["narrative", "narrative"],
  ] as const
).map(
  ([kind, table]) =>
    [kind, query<{ key: number }>(`SELECT key FROM ${table} WHERE tenant = ? AND person = ? ORDER BY key`)] as const,
);
/** The log of weights stays, and what moved them is nobody's any more. */
const FORGET_CAUSES = statement(`
  UPDATE rule_weight_change SET feedback = NULL
  WHERE feedback IN (SELECT key FROM feedback WHERE tenant = ? AND person = ?)`);
/** All with tenant and person; what refers to another table goes before it. */
const REMOVALS = [
  statement(`
    DELETE FROM narrative_embedding
    WHERE narrative IN (SELECT key FROM narrative WHERE tenant = ? AND person = ?)`),
  statement(`
    DELETE FROM pending_feedback WHERE feedback IN (SELECT key FROM feedback WHERE tenant = ? AND person = ?)`),
  statement("DELETE FROM mapping_subject WHERE agent = 'mindscaper' AND tenant = ? AND subject = ?"),
  ...[
    "narrative",
    "feedback",
    "suggestion",
    "personal_weight",
    "persona_core",
    "pending_observation",
    "mindscape_history",
    "mindscape",
    "observation",
  ].map((table) => statement(`DELETE FROM ${table} WHERE tenant = ? AND person = ?`)),
];

/** Writes nothing if there is a row with one of its unique keys. */
function insertNew({ name, columns, places }: Parameters<typeof insertInto>[0]): Statement {
  return statement(`INSERT INTO ${name} (${columns}) VALUES (${places}) ON CONFLICT DO NOTHING`);
}
