/** Rows of mapping as the runtime would write them, with whatever a test wants different. */
import type {
  CoreRow,
  FeedbackRow,
  MapperRow,
  MindscapeChange,
  MindscapeRow,
  NarrativeRow,
  ObservationRow,
  RuleWeightRow,
  SuggestionRow,
} from "../../../src/store/mapping/port.ts";
import type { Store } from "../../../src/store/port.ts";
import { NOW } from "../rows.ts";

export const ADA = { tenant: "default", person: "user:ada" } as const;
export const BOB = { tenant: "default", person: "user:bob" } as const;

export function anObservation(store: Store, over: Partial<ObservationRow> = {}): ObservationRow {
  const key = store.allocate("mapping");
  return {
    key,
    ...ADA,
    id: `o-${key}`,
    type: "work_session",
    content: '{"productivity":4}',
    metadata: "{}",
    observedAt: NOW - 1,
    createdAt: NOW,
    fingerprint: "f",
    ...over,
  };
}

export function aMindscape(store: Store, over: Partial<MindscapeRow> = {}): MindscapeRow {
  return {
    key: store.allocate("mapping"),
    ...ADA,
    version: 1,
    traits: '{"work.focus_duration":{"value":25}}',
    state: "{}",
    createdAt: NOW,
    updatedAt: NOW,
    ...over,
  };
}

export function aChange(row: MindscapeRow, over: Partial<MindscapeChange> = {}): MindscapeChange {
  const { tenant, person, version } = row;
  return {
    row,
    expected: version - 1,
    history: { tenant, person, version, changes: "{}", cause: "digest", by: "mindscaper", at: row.updatedAt },
    changed: ["work.focus_duration"],
    digested: [],
    since: row.key,
    ...over,
  };
}

export function aMapper(store: Store, over: Partial<MapperRow> = {}): MapperRow {
  return {
    key: store.allocate("mapping"),
    tenant: "default",
    id: "daily",
    version: 1,
    semver: "1.0.0",
    status: "draft",
    document: '{"rules":[]}',
    createdBy: "user:ada",
    createdAt: NOW,
    ...over,
  };
}

export function aCore(store: Store, over: Partial<CoreRow> = {}): CoreRow {
  return {
    key: store.allocate("mapping"),
    ...ADA,
    persona: "coach",
    mapper: "daily",
    mapperVersion: 1,
    mindscapeVersion: 1,
    core: '{"traits":{}}',
    summary: null,
    cost: '{"ms":1}',
    staleSince: null,
    generatedAt: NOW,
    expiresAt: NOW + 1_000,
    ...over,
  };
}

export function aSuggestion(store: Store, over: Partial<SuggestionRow> = {}): SuggestionRow {
  return {
    key: store.allocate("mapping"),
    ...ADA,
    persona: "coach",
    mapper: "daily",
    mapperVersion: 1,
    rule: "deep-work",
    type: "task",
    body: '{"title":"Now"}',
    createdAt: NOW,
    ...over,
  };
}

export function aFeedback(store: Store, over: Partial<FeedbackRow> = {}): FeedbackRow {
  const key = store.allocate("mapping");
  return {
    key,
    ...ADA,
    id: `f-${key}`,
    mapper: "daily",
    mapperVersion: 1,
    rule: "deep-work",
    type: "task",
    suggestion: null,
    core: null,
    helpful: 1,
    rating: null,
    context: "{}",
    createdAt: NOW,
    appliedAt: null,
    fingerprint: "f",
    ...over,
  };
}

export function aWeight(store: Store, over: Partial<RuleWeightRow> = {}): RuleWeightRow {
  return {
    key: store.allocate("mapping"),
    tenant: "default",
    mapper: "daily",
    rule: "deep-work",
    weight: 1.1,
    base: 1,
    alpha: 1,
    beta: 0,
    direction: 1,
    version: 1,
    reason: "helpful",
    updatedAt: NOW,
    ...over,
  };
}

export function aNarrative(store: Store, over: Partial<NarrativeRow> = {}): NarrativeRow {
  return {
    key: store.allocate("mapping"),
    ...ADA,
    type: "self_observation",
    text: "I work best early in the morning.",
    metadata: "{}",
    by: "user:ada",
    createdAt: NOW,
    ...over,
  };
}
