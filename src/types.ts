/**
 * The public shapes of the library, each in the file of what it is about. Times are milliseconds since 1970 unless a
 * name says otherwise.
 */
export type * from "./catalogue/catalogue.ts";
export type * from "./catalogue/exit-judge.ts";
export type { NotHonoured } from "./catalogue/not-honoured.ts";
export type * from "./catalogue/port.ts";
export type { ResolveRequest } from "./catalogue/resolve.ts";
export type { ResolveDefaults, ResolvedSession } from "./catalogue/resolved-session.ts";
export type { PersonaEntry, RoleEntry, SequenceEntry } from "./catalogue/schema.ts";
export type { SequenceProgress } from "./catalogue/sequence.ts";
export type * from "./facts.ts";
export type { Analytics } from "./mapping/analytics.ts";
export type { Extractor, Finding, SampleFinding, ScoreFinding, ValueFinding } from "./mapping/extractors/extractor.ts";
export type { Feedback, FeedbackInput } from "./mapping/feedback.ts";
export type {
  AnalyticsInput,
  CurationInput,
  HistoryPage,
  LearningView,
  WeightChange,
} from "./mapping/learning.ts";
export type { Mindscape, MindscapeChangeView } from "./mapping/mind-row.ts";
export type { Observation, ObservationInput } from "./mapping/observation.ts";
export type { ObservationPage, Recorded } from "./mapping/observations.ts";
export type { Trait, Traits } from "./mapping/trait.ts";
export type { Commits, Lane, Sender, Spender } from "./store/port.ts";
export type * from "./tool.ts";
export * from "./types/api-key.ts";
export type * from "./types/cognition.ts";
export type * from "./types/conversation.ts";
export type * from "./types/event.ts";
export type * from "./types/explanation.ts";
export type * from "./types/options.ts";
export * from "./types/persona.ts";
export type * from "./types/provider.ts";
export type * from "./types/runtime.ts";
export type * from "./types/spending.ts";
export type * from "./types/status.ts";
