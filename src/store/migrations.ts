import { ENTRY_TABLE } from "./entries.ts";
import { MAPPING_INDEXES, MAPPING_TABLES, OBSERVATION_GUARD } from "./mapping/tables.ts";

/** A step of the schema: in the words that both databases share, and behind that what each says in its own. */
export type Migration = string | { readonly common: string; readonly sqlite: string; readonly postgres: string };

/**
 * The schema, one step after the other; `PRAGMA user_version` counts those that were taken. A step
 * that was released is never changed, only followed by another.
 *
 * Written in what SQLite and PostgreSQL share, but for what `inPostgres` puts into other words: the types, STRICT and
 * WITHOUT ROWID.
 *
 * Keys name rows of other tables without REFERENCES: only the writer writes, nothing that is named
 * is ever deleted, and a check per row would cost a lookup each in the hottest statements.
 */
export const MIGRATIONS: readonly Migration[] = [
  `
  -- One row: what this database is, who owns it, and the counts, raised in the transaction they count.
  CREATE TABLE database (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    salt INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    last_key INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    in_turn INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    declined INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE enrollment (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    removed_at INTEGER,
    rev INTEGER NOT NULL,
    UNIQUE (tenant, id)
  ) STRICT;

  CREATE TABLE conversation (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    caller TEXT,
    persona INTEGER,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    rev INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX open_session ON conversation (tenant, caller, persona)
    WHERE kind = 'session' AND closed_at IS NULL;

  CREATE TABLE member (
    conversation INTEGER NOT NULL,
    persona INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (conversation, persona)
  ) STRICT, WITHOUT ROWID;

  -- Immutable. The index ends with the row's key, which is what history and pages are read by.
  CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    sender_kind TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    sender_name TEXT,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    reply_to INTEGER,
    hop INTEGER NOT NULL,
    turn INTEGER,
    first_item INTEGER,
    item_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX message_conversation ON message (conversation);

  -- Undecided items only, and no further index: native holds the order, rows are found by key.
  -- unknown_items > 0: the process died during \`turn\`, which had so many items.
  CREATE TABLE inbox (
    key INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    persona INTEGER NOT NULL,
    "partition" INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    priority REAL NOT NULL,
    flags INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    not_before INTEGER,
    expires_at INTEGER,
    attempt INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    turn INTEGER,
    unknown_items INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- Decided items. The primary key makes a second outcome impossible.
  CREATE TABLE outcome (
    item INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    persona INTEGER NOT NULL,
    turn INTEGER,
    outcome TEXT NOT NULL,
    reason TEXT,
    error TEXT,
    attempt INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    decided_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE turn (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    persona INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    items TEXT NOT NULL,
    formed_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    outcome TEXT,
    settled_at INTEGER,
    reply INTEGER,
    error TEXT,
    explanation TEXT NOT NULL,
    rev INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- kind is an index into CHANGE_KINDS.
  CREATE TABLE change_log (
    rev INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,
    tombstone INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    message INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE inbox ADD COLUMN merge_key INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE inbox ADD COLUMN replay_of INTEGER;
  ALTER TABLE outcome ADD COLUMN replay_of INTEGER;

  -- Dead items that nobody has replayed or discarded yet.
  CREATE TABLE dead_letter (
    item INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    persona INTEGER NOT NULL,
    "partition" INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    priority REAL NOT NULL,
    flags INTEGER NOT NULL,
    merge_key INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    reason TEXT,
    error TEXT,
    attempt INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    died_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX dead_letter_persona ON dead_letter (persona);

  -- What died before there were dead letters, as far as it is known: the lane of its last turn, else chat; of the
  -- flags, whether a human spoke (4); that it failed three times, unless it expired. Its priority is lost.
  INSERT INTO dead_letter
  SELECT outcome.item, outcome.message, outcome.conversation, outcome.persona, enrollment."partition",
    coalesce(turn.lane, 1), 0.5, CASE WHEN message.sender_kind = 'human' THEN 4 ELSE 0 END, 0, outcome.enqueued_at,
    outcome.reason, outcome.error, outcome.attempt, CASE WHEN outcome.reason = 'expired' THEN 0 ELSE 3 END, outcome.decided_at
  FROM outcome
    JOIN message ON message.key = outcome.message
    JOIN enrollment ON enrollment.key = outcome.persona
    LEFT JOIN turn ON turn.key = outcome.turn
  WHERE outcome.outcome = 'dead';

  -- Old idempotency keys are found by their age.
  CREATE INDEX idempotency_age ON idempotency (created_at);
  `,
  `
  CREATE TABLE api_key (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    "user" TEXT NOT NULL,
    role TEXT NOT NULL,
    tier TEXT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
  ) STRICT;
  CREATE INDEX api_key_tenant ON api_key (tenant);
  `,
  `
  -- Whose a conversation is: who opened the room, or the human who talks in the session. Rooms of before are nobody's.
  ALTER TABLE conversation ADD COLUMN owner TEXT;
  UPDATE conversation SET owner = substr(caller, length('human/') + 1) WHERE kind = 'session' AND caller LIKE 'human/%';

  -- Until now there was one tenant.
  ALTER TABLE dead_letter ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';
  CREATE INDEX dead_letter_tenant ON dead_letter (tenant);

  -- A key is unique within a tenant, or for one person there.
  ALTER TABLE idempotency RENAME COLUMN tenant TO scope;
  `,
  `
  -- One row for each call to a model, in the order of time: windows and reports are ranges of it.
  CREATE TABLE spending (
    at INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    call INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    persona INTEGER NOT NULL,
    owner TEXT,
    model TEXT,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    nano_usd INTEGER,
    state TEXT NOT NULL,
    PRIMARY KEY (at, turn, call)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX spending_persona ON spending (persona, at);
  CREATE INDEX spending_owner ON spending (tenant, owner, at) WHERE owner IS NOT NULL;
  CREATE INDEX spending_reserved ON spending (state) WHERE state = 'reserved';
  `,
  `
  -- Of the sessions of a caller with a persona one is the direct one: until now all were.
  ALTER TABLE conversation ADD COLUMN direct INTEGER NOT NULL DEFAULT 0;
  UPDATE conversation SET direct = 1 WHERE kind = 'session';
  DROP INDEX open_session;
  CREATE UNIQUE INDEX direct_session ON conversation (tenant, caller, persona) WHERE direct = 1 AND closed_at IS NULL;

  -- What a session follows. The snapshot, which is large and stays, is not written again with each turn.
  CREATE TABLE session (
    conversation INTEGER PRIMARY KEY,
    progress TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE session_snapshot (
    conversation INTEGER PRIMARY KEY,
    snapshot TEXT NOT NULL
  ) STRICT;

  CREATE TABLE sequence_step (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    turn INTEGER,
    sequence TEXT NOT NULL,
    step TEXT NOT NULL,
    step_index INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    verdict TEXT,
    at INTEGER NOT NULL
  ) STRICT;
  `,
  ENTRY_TABLE,
  MAPPING_TABLES,
  MAPPING_INDEXES,
  OBSERVATION_GUARD,
];

/** A step of the schema as SQLite takes it. */
export function inSqlite(migration: Migration): string {
  return typeof migration === "string" ? migration : migration.common + migration.sqlite;
}

/** The same for PostgreSQL. Texts are compared byte by byte, as SQLite does. */
export function inPostgres(migration: Migration): string {
  return typeof migration === "string" ? translated(migration) : translated(migration.common) + migration.postgres;
}

function translated(migration: string): string {
  return migration
    .replace(/\bINTEGER\b/g, "BIGINT")
    .replace(/\bREAL\b/g, "DOUBLE PRECISION")
    .replace(/\bBLOB\b/g, "BYTEA")
    .replace(/\bTEXT\b/g, 'TEXT COLLATE "C"')
    .replace(/\) (STRICT, WITHOUT ROWID|STRICT);/g, ");");
}
