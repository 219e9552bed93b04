/** A later step: the log of one rule, and the feedback of a time, are found without reading that of all others. */
export const MAPPING_INDEXES = `
  CREATE INDEX rule_weight_change_rule ON rule_weight_change (tenant, mapper, rule, key);
  CREATE INDEX feedback_time ON feedback (tenant, created_at);
  `;

/**
 * A later step: in PostgreSQL the guard of observations looks for erasures beside the table that it guards, wherever the
 * session of whoever deletes looks first.
 */
export const OBSERVATION_GUARD = {
  common: "",
  sqlite: "",
  postgres: `
  CREATE OR REPLACE FUNCTION observation_is_not_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    is_erased boolean;
  BEGIN
    -- A statement that is put together for each row takes ten times as long: only where the name could mean another table.
    IF current_schema() = TG_TABLE_SCHEMA AND pg_my_temp_schema() = 0 THEN
      is_erased := EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant AND person = OLD.person);
    ELSE
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.erasing WHERE tenant = $1 AND person = $2)', TG_TABLE_SCHEMA)
        INTO is_erased USING OLD.tenant, OLD.person;
    END IF;
    IF is_erased THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'observations go only with their person';
  END $$;
  `,
};

/** The tables of mapping: a step of the migrations, so it is never changed. */
export const MAPPING_TABLES = {
  common: `
  CREATE TABLE observation (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    metadata TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    UNIQUE (tenant, person, id)
  ) STRICT;
  CREATE INDEX observation_person ON observation (tenant, person, key);

  -- What no digest has taken yet.
  CREATE TABLE pending_observation (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    observation INTEGER NOT NULL,
    PRIMARY KEY (tenant, person, observation)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE mindscape (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    traits TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    UNIQUE (tenant, person)
  ) STRICT;

  CREATE TABLE mindscape_history (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    version INTEGER NOT NULL,
    changes TEXT NOT NULL,
    cause TEXT NOT NULL,
    written_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, person, version)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE mapper (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    semver TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'deprecated')),
    document TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    UNIQUE (tenant, id, version)
  ) STRICT;
  CREATE UNIQUE INDEX mapper_active ON mapper (tenant, id) WHERE status = 'active';

  CREATE TABLE mapper_condition (
    mapper_key INTEGER NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (mapper_key, kind, path)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE persona_core (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    persona TEXT NOT NULL,
    person TEXT NOT NULL,
    mapper TEXT NOT NULL,
    mapper_version INTEGER NOT NULL,
    mindscape_version INTEGER NOT NULL,
    core TEXT NOT NULL,
    summary TEXT,
    cost TEXT NOT NULL,
    stale_since INTEGER,
    generated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    UNIQUE (tenant, person, persona, mapper)
  ) STRICT;
  CREATE INDEX persona_core_expiry ON persona_core (expires_at);

  CREATE TABLE suggestion (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    persona TEXT,
    mapper TEXT NOT NULL,
    mapper_version INTEGER NOT NULL,
    rule TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX suggestion_person ON suggestion (tenant, person);
  CREATE INDEX suggestion_age ON suggestion (created_at);

  CREATE TABLE feedback (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    id TEXT NOT NULL,
    mapper TEXT NOT NULL,
    mapper_version INTEGER NOT NULL,
    rule TEXT,
    type TEXT,
    suggestion INTEGER,
    core INTEGER,
    helpful INTEGER,
    rating INTEGER,
    context TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    applied_at INTEGER,
    fingerprint TEXT NOT NULL,
    UNIQUE (tenant, person, id)
  ) STRICT;
  CREATE INDEX feedback_rule ON feedback (tenant, mapper, rule, created_at);

  CREATE TABLE pending_feedback (
    feedback INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    mapper TEXT NOT NULL
  ) STRICT;
  CREATE INDEX pending_feedback_mapper ON pending_feedback (tenant, mapper, feedback);

  CREATE TABLE rule_weight (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    mapper TEXT NOT NULL,
    rule TEXT NOT NULL,
    weight REAL NOT NULL,
    base REAL NOT NULL,
    alpha REAL NOT NULL,
    beta REAL NOT NULL,
    direction INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    reason TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    UNIQUE (tenant, mapper, rule)
  ) STRICT;

  CREATE TABLE rule_weight_change (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    mapper TEXT NOT NULL,
    rule TEXT NOT NULL,
    before REAL NOT NULL,
    after REAL NOT NULL,
    reason TEXT NOT NULL,
    feedback INTEGER,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX rule_weight_change_mapper ON rule_weight_change (tenant, mapper, key);
  CREATE INDEX rule_weight_change_feedback ON rule_weight_change (feedback) WHERE feedback IS NOT NULL;

  CREATE TABLE personal_weight (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    mapper TEXT NOT NULL,
    rule TEXT NOT NULL,
    factor REAL NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, person, mapper, rule)
  ) STRICT, WITHOUT ROWID;

  -- words: those of the text as a search compares them; owner: a word for its person, so that a search reads only theirs.
  CREATE TABLE narrative (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    type TEXT NOT NULL,
    text TEXT NOT NULL,
    metadata TEXT NOT NULL,
    written_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    owner TEXT NOT NULL,
    words TEXT NOT NULL,
    rev INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX narrative_person ON narrative (tenant, person, key);

  CREATE TABLE narrative_embedding (
    narrative INTEGER NOT NULL,
    model TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (narrative, model)
  ) STRICT;

  -- What the conversations of agents are about.
  CREATE TABLE mapping_subject (
    conversation INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    agent TEXT NOT NULL,
    subject TEXT NOT NULL
  ) STRICT;
  CREATE INDEX mapping_subject_named ON mapping_subject (tenant, agent, subject);

  -- Who is being erased, within the transaction that does it.
  CREATE TABLE erasing (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (tenant, person)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE erasure (
    key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    hash TEXT NOT NULL,
    removed INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX erasure_hash ON erasure (tenant, hash, key);
  `,
  sqlite: `
  CREATE TRIGGER observation_is_not_changed BEFORE UPDATE ON observation
  BEGIN
    SELECT RAISE(ABORT, 'observations are never changed');
  END;
  CREATE TRIGGER observation_is_not_deleted BEFORE DELETE ON observation
  WHEN NOT EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant AND person = OLD.person)
  BEGIN
    SELECT RAISE(ABORT, 'observations go only with their person');
  END;
  -- REPLACE would delete without a word.
  CREATE TRIGGER observation_is_not_replaced BEFORE INSERT ON observation
  WHEN EXISTS (SELECT 1 FROM observation WHERE key = NEW.key)
    OR EXISTS (SELECT 1 FROM observation WHERE tenant = NEW.tenant AND person = NEW.person AND id = NEW.id)
  BEGIN
    SELECT RAISE(IGNORE);
  END;

  CREATE VIRTUAL TABLE narrative_index USING fts5 (
    owner, words, content = 'narrative', content_rowid = 'key', tokenize = 'unicode61 remove_diacritics 0'
  );
  -- What is taken out of the index is overwritten at once, not when it is merged some day.
  INSERT INTO narrative_index (narrative_index, rank) VALUES ('secure-delete', 1);
  CREATE TRIGGER narrative_is_indexed AFTER INSERT ON narrative
  BEGIN
    INSERT INTO narrative_index (rowid, owner, words) VALUES (NEW.key, NEW.owner, NEW.words);
  END;
  CREATE TRIGGER narrative_leaves_index AFTER DELETE ON narrative
  BEGIN
    INSERT INTO narrative_index (narrative_index, rowid, owner, words) VALUES ('delete', OLD.key, OLD.owner, OLD.words);
  END;
  `,
  postgres: `
  CREATE FUNCTION observation_is_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'observations are never changed';
  END $$;
  CREATE TRIGGER observation_is_not_changed BEFORE UPDATE ON observation
    FOR EACH ROW EXECUTE FUNCTION observation_is_not_changed();
  CREATE TRIGGER observation_is_not_truncated BEFORE TRUNCATE ON observation
    FOR EACH STATEMENT EXECUTE FUNCTION observation_is_not_changed();
  CREATE FUNCTION observation_is_not_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT 1 FROM erasing WHERE tenant = OLD.tenant AND person = OLD.person) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'observations go only with their person';
  END $$;
  CREATE TRIGGER observation_is_not_deleted BEFORE DELETE ON observation
    FOR EACH ROW EXECUTE FUNCTION observation_is_not_deleted();

  ALTER TABLE narrative ADD COLUMN lexemes tsvector
    GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED;
  CREATE INDEX narrative_lexemes ON narrative USING gin (lexemes);
  `,
};
