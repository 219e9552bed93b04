/** How the rows of mapping lie in their tables, as in `store/columns.ts`. */
import { table } from "../columns.ts";
import type {
  CoreRow,
  ErasureRow,
  FeedbackRow,
  MapperHead,
  MapperRow,
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

/** Rows that sync reads have the rev of their last line in the change log. */
export type Stamped<Row> = Row & { readonly rev: number };

/** A narrative as it is stored: with what it is found by. */
export type StoredNarrative = NarrativeRow & { readonly owner: string; readonly words: string };

export const OBSERVATION = table<ObservationRow>("observation", {
  key: "key",
  tenant: "tenant",
  person: "person",
  id: "id",
  type: "type",
  content: "content",
  metadata: "metadata",
  observedAt: "observed_at",
  createdAt: "created_at",
  fingerprint: "fingerprint",
});

const mindscape = {
  key: "key",
  tenant: "tenant",
  person: "person",
  version: "version",
  traits: "traits",
  state: "state",
  createdAt: "created_at",
  updatedAt: "updated_at",
} as const;
export const MINDSCAPE = table<MindscapeRow>("mindscape", mindscape);
export const STAMPED_MINDSCAPE = table<Stamped<MindscapeRow>>("mindscape", { ...mindscape, rev: "rev" });

export const MINDSCAPE_HISTORY = table<MindscapeHistoryRow>("mindscape_history", {
  tenant: "tenant",
  person: "person",
  version: "version",
  changes: "changes",
  cause: "cause",
  by: "written_by",
  at: "at",
});

const head = {
  key: "mapper.key",
  tenant: "mapper.tenant",
  id: "mapper.id",
  version: "mapper.version",
  semver: "mapper.semver",
  status: "mapper.status",
  createdBy: "mapper.created_by",
  createdAt: "mapper.created_at",
} as const;
export const MAPPER_HEAD = table<Omit<MapperHead, "newest">>("mapper", head);
export const MAPPER = table<MapperRow>("mapper", { ...head, document: "mapper.document" });
export const STAMPED_MAPPER = table<Stamped<MapperRow>>("mapper", {
  key: "key",
  tenant: "tenant",
  id: "id",
  version: "version",
  semver: "semver",
  status: "status",
  document: "document",
  createdBy: "created_by",
  createdAt: "created_at",
  rev: "rev",
});

const core = {
  key: "key",
  tenant: "tenant",
  persona: "persona",
  person: "person",
  mapper: "mapper",
  mapperVersion: "mapper_version",
  mindscapeVersion: "mindscape_version",
  core: "core",
  summary: "summary",
  cost: "cost",
  staleSince: "stale_since",
  generatedAt: "generated_at",
  expiresAt: "expires_at",
} as const;
export const CORE = table<CoreRow>("persona_core", core);
export const STAMPED_CORE = table<Stamped<CoreRow>>("persona_core", { ...core, rev: "rev" });

export const SUGGESTION = table<SuggestionRow>("suggestion", {
  key: "key",
  tenant: "tenant",
  person: "person",
  persona: "persona",
  mapper: "mapper",
  mapperVersion: "mapper_version",
  rule: "rule",
  type: "type",
  body: "body",
  createdAt: "created_at",
});

export const FEEDBACK = table<FeedbackRow>("feedback", {
  key: "key",
  tenant: "tenant",
  person: "person",
  id: "id",
  mapper: "mapper",
  mapperVersion: "mapper_version",
  rule: "rule",
  type: "type",
  suggestion: "suggestion",
  core: "core",
  helpful: "helpful",
  rating: "rating",
  context: "context",
  createdAt: "created_at",
  appliedAt: "applied_at",
  fingerprint: "fingerprint",
});

const weight = {
  key: "key",
  tenant: "tenant",
  mapper: "mapper",
  rule: "rule",
  weight: "weight",
  base: "base",
  alpha: "alpha",
  beta: "beta",
  direction: "direction",
  version: "version",
  reason: "reason",
  updatedAt: "updated_at",
} as const;
export const RULE_WEIGHT = table<RuleWeightRow>("rule_weight", weight);
export const STAMPED_RULE_WEIGHT = table<Stamped<RuleWeightRow>>("rule_weight", { ...weight, rev: "rev" });

export const RULE_WEIGHT_CHANGE = table<RuleWeightChangeRow>("rule_weight_change", {
  key: "key",
  tenant: "tenant",
  mapper: "mapper",
  rule: "rule",
  from: "before",
  to: "after",
  reason: "reason",
  feedback: "feedback",
  at: "at",
});

export const PERSONAL_WEIGHT = table<PersonalWeightRow>("personal_weight", {
  tenant: "tenant",
  person: "person",
  mapper: "mapper",
  rule: "rule",
  factor: "factor",
  version: "version",
  updatedAt: "updated_at",
});

const narrative = {
  key: "key",
  tenant: "tenant",
  person: "person",
  type: "type",
  text: "text",
  metadata: "metadata",
  by: "written_by",
  createdAt: "created_at",
} as const;
export const NARRATIVE = table<NarrativeRow>("narrative", narrative);
export const STAMPED_NARRATIVE = table<Stamped<StoredNarrative>>("narrative", {
  ...narrative,
  owner: "owner",
  words: "words",
  rev: "rev",
});

export const SUBJECT = table<SubjectRow>("mapping_subject", {
  conversation: "conversation",
  tenant: "tenant",
  agent: "agent",
  subject: "subject",
});

export const ERASURE = table<ErasureRow>("erasure", {
  key: "key",
  tenant: "tenant",
  hash: "hash",
  rows: "removed",
  at: "at",
});
