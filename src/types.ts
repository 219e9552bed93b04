/** The public shapes of the library. Times are milliseconds since 1970 unless a name says otherwise. */
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { TenantCatalogue } from "./catalogue/catalogue.ts";
import type { ExitJudge } from "./catalogue/exit-judge.ts";
import type { NotHonoured } from "./catalogue/not-honoured.ts";
import type { Persister } from "./catalogue/port.ts";
import type { ResolveRequest } from "./catalogue/resolve.ts";
import type { ResolveDefaults, ResolvedSession } from "./catalogue/resolved-session.ts";
import type { SequenceProgress, StepChange } from "./catalogue/sequence.ts";
import type { Clock } from "./clock.ts";
import type { Admission, Obstacle } from "./cognition/admission.ts";
import type { ErrorCode } from "./errors.ts";
import type { CognitionFacts, PromptFacts, ProviderCall, Usage } from "./facts.ts";
import type { Embedder } from "./mapping/embedder.ts";
import type { Mapping, MappingOptions } from "./mapping/mapping.ts";
import type { Commits, Lane, Sender, Spender } from "./store/port.ts";
import type { Tool, ToolAnswer, ToolCall, ToolCallFacts, TurnTool } from "./tool.ts";

export type * from "./catalogue/catalogue.ts";
export type * from "./catalogue/exit-judge.ts";
export type * from "./catalogue/port.ts";
export type { PersonaEntry, RoleEntry, SequenceEntry } from "./catalogue/schema.ts";
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
export type * from "./tool.ts";
export type {
  Commits,
  Lane,
  NotHonoured,
  ResolveDefaults,
  ResolvedSession,
  ResolveRequest,
  Sender,
  SequenceProgress,
  Spender,
};

/** Who is enrolled: a persona of the catalogue, by its id alone, or one that is defined here and hides an entry of its id. */
export interface PersonaDefinition {
  /** `^[a-z0-9][a-z0-9._-]{0,127}$`, unique; enrolling it again changes the persona and keeps its inbox. */
  readonly id: string;
  /** 1..128 characters after trimming. Left out, with instructions and model: the persona of the catalogue. */
  readonly name?: string;
  /** At most 64 KiB. Default: none. */
  readonly instructions?: string;
  /**
   * `provider:model`: who answers, among `RuntimeOptions.providers`. Default: their default. Without providers, and for
   * a persona with a function of its own, it is kept and shown.
   */
  readonly model?: string;
  /** The caller's own function instead of a provider. It is not stored: enroll again after a restart. Enrolling again without one keeps it. */
  readonly cognition?: Cognition;
  readonly settings?: SettingsInput;
}

/** Settings to be given: what is left out has its default, or stays as it is. */
export interface SettingsInput extends Partial<Omit<PersonaSettings, "windows" | "budget">> {
  readonly windows?: Partial<PersonaSettings["windows"]>;
  readonly budget?: BudgetInput | null;
}

export interface PersonaSettings {
  /**
   * Turns at once over all conversations, 1..1024, but never more than half of the fleet's. Default 1: one mind; 16 for
   * a persona of the catalogue.
   */
  readonly maxParallelTurns: number;
  /** Undecided items before further ones are refused, 1..1 000 000. Default 10 000. */
  readonly maxQueued: number;
  /** How long cognition may take, 1..3 600 000 ms. Default 120 000 (voice: at most 20 000). */
  readonly deadlineMs: number;
  /** Newest messages of the conversation that `turn.history()` gives, in tokens, 0..1 000 000. Default 4 000. */
  readonly historyTokens: number;
  /**
   * What becomes of items whose turn was cut off by a crash: the turn counts as failed (`retry`), they are dead letters
   * for somebody to replay or discard (`ask`), or declined (`drop`), the last two as `unknown_outcome`. Default `auto`:
   * `ask` for a persona with tools, which may have done something already, else `retry`.
   */
  readonly onUnknownOutcome: "auto" | "retry" | "ask" | "drop";
  /** A paused persona accepts messages and answers them when it is resumed. Default false. */
  readonly paused: boolean;
  /**
   * Items of each lane that wait in native memory, 1..10 000. Default: voice 50, chat 500, task 100, background 200.
   * What lies beyond waits in the database; with a memory store the least important item of the lane is declined
   * (`evicted`), but never one that is spoken or urgent.
   */
  readonly windows: Readonly<Record<Lane, number>>;
  /** Turns in a row that fail or time out before the breaker opens, 0..1000; 0: it never does. Default 5. */
  readonly breakerFailures: number;
  /**
   * How long it stays open, 1..600 000 ms; twice as long each time the one turn that then tries fails too, 10 minutes
   * at most, ±10 %. Default 30 000.
   */
  readonly breakerOpenMs: number;
  /** Pause in a room between the persona's last answer and one that no human asked for, 0..600 000 ms. Default 10 000. */
  readonly roomGapMs: number;
  /** Answers in a room that no human asked for, until a human speaks there again, 1..10 000; what comes then is declined (`room_cap`). Default 50. */
  readonly roomCap: number;
  /** Whether it answers what another persona says in a room without naming it. Default false: it listens (`undirected`). */
  readonly answerUndirected: boolean;
  /**
   * Whether load and energy decide what it takes up: with more than 20 messages waiting (or little compute budget)
   * only what is important (effective priority above 0.8), when tired above 0.5. Never what a human says to it, and
   * nothing waits longer than a minute for this. Default false.
   */
  readonly temperament: boolean;
  /**
   * Names of the tools that its cognition may call, 128 at most. One that is not registered is refused when it is
   * given; where a stored persona has outlived its tool, a warning (`tool_unknown`) says so. For a persona of the
   * catalogue its role says which; what is named here narrows that. Default: none.
   */
  readonly tools: readonly string[];
  /** With a temperament: what a minute of work costs, in tenths of its energy, 0..10. Default 1; half a minute of rest brings a tenth back. */
  readonly complexity: number;
  /** With a temperament: what is left to compute with, 0..1, as the host measures it; below 0.2 it is overwhelmed. Default 1. */
  readonly computeBudget: number;
  /** What its calls to models may take in a window; null: what `RuntimeOptions.budgets.persona` says. Default null. */
  readonly budget: Budget | null;
}

/** Dollars for a million tokens, 0..10 000 with at most six decimals. */
export interface Price {
  readonly inputUsdPerMTok: number;
  readonly outputUsdPerMTok: number;
  /** Default: as other input. */
  readonly cachedInputUsdPerMTok?: number | undefined;
}

/** What may be spent, input and output together; at least one of the two is given. */
export interface Limits {
  /** 1..10^12. */
  readonly tokens?: number | undefined;
  /** Above 0, at most 1 000 000, with at most nine decimals. */
  readonly usd?: number | undefined;
}

/** What may be spent in each window. Windows lie end to end from 1970 on, so that a day begins at midnight UTC. */
export interface Budget extends Limits {
  /** 1 000 ms to 366 days. Default: a day. */
  readonly windowMs: number;
  /**
   * What becomes of a turn whose call does not fit: declined (`budget_exhausted`), or held until the next window. A
   * call that fits into no window is declined in any case. Default `decline`.
   */
  readonly onExhausted: "decline" | "hold";
}

export type BudgetInput = Limits & Partial<Budget>;

/** What a persona waits for in its sleep. */
export const SLEEP_MODES = ["active", "mentioned_only", "human_only", "sleeping", "until_topic"] as const;
export type SleepMode = (typeof SLEEP_MODES)[number];

/**
 * How a persona sleeps. Asleep it takes messages and answers none of them. It is woken by being named or spoken to in
 * a session (`mentioned_only`), by a human (`human_only`), by a message on its topic (`until_topic`, see
 * `SendOptions.similarity`), or by time; then it is `active` again.
 */
export interface Sleep {
  readonly mode: SleepMode;
  /** When it wakes by itself. Default: never. */
  readonly until?: number | undefined;
  /** 1..256 characters; only with `until_topic`, and needed there. */
  readonly topic?: string | undefined;
  /** Similarity from which on a message is on the topic, 0..1; only with `until_topic`. Default 0.7. */
  readonly threshold?: number | undefined;
}

/** What `configure` changes; the rest stays. */
export interface PersonaChanges {
  readonly settings?: SettingsInput;
  readonly sleep?: Sleep;
}

export interface TurnMessage {
  /** Public id of the message. */
  readonly id: string;
  readonly from: Sender;
  readonly text: string;
  readonly at: number;
  /** Public id of the turn in which a persona said it; undefined for what was sent from outside, whoever it names. */
  readonly turn: string | undefined;
}

/** The room that a turn is in. */
export interface TurnRoom {
  readonly name: string | undefined;
  /** The personas in it, also the one whose turn it is, sorted by id. */
  readonly members: readonly { readonly id: string; readonly name: string }[];
}

/** What the persona's mapper suggests about whom it talks with. */
export interface TurnSuggestions {
  readonly mapper: string;
  /** 0 where there was a fault. */
  readonly mapperVersion: number;
  /** `Sender.id` of the person. */
  readonly person: string;
  /** The best first. */
  readonly suggestions: readonly {
    /** Public id; feedback names it by this. */
    readonly id: string;
    readonly rule: string;
    readonly type: string;
    readonly title: string;
    readonly description: string;
    readonly priority: "high" | "medium" | "low";
  }[];
  /** Code of why there is none. */
  readonly fault?: string | undefined;
}

/** What cognition receives. */
export interface CognitionTurn {
  readonly id: string;
  readonly persona: {
    readonly id: string;
    readonly name: string;
    readonly instructions: string;
    readonly model: string | undefined;
  };
  readonly conversation: string;
  /** What its session was resolved to, at the current step; undefined for a persona that is not of the catalogue. */
  readonly session?: ResolvedSession | undefined;
  /** Text of the trigger: the newest of the merged messages. */
  readonly text: string;
  readonly trigger: TurnMessage;
  /** The earlier messages that were merged into this turn, oldest first. */
  readonly context: readonly TurnMessage[];
  readonly attempt: number;
  /** Those that the persona may use, and its role allows. */
  readonly tools: readonly TurnTool[];
  readonly deadline: number;
  /** Aborts at the deadline, and when the runtime closes. */
  readonly signal: AbortSignal;
  /** The newest messages before this turn that fit into the persona's history tokens, oldest first. Read when asked for. */
  history(): Promise<readonly TurnMessage[]>;
  /** How many messages lie before those of `history()`, which did not fit, counted up to 1 000. */
  earlier(): Promise<number>;
  /** The room that the conversation is; undefined in a session. Read when asked for. */
  room(): Promise<TurnRoom | undefined>;
  /** Only of a persona that has a mapper, in a turn with a human. Made when asked for, once; never rejects. */
  suggestions?(): Promise<TurnSuggestions>;
  /**
   * Streams a part of the reply to whoever listens. What was streamed is the reply, unless another text is
   * returned. Throws `cognition_invalid` for what is no text, and beyond a million characters of reply.
   */
  stream(token: string): void;
  /**
   * Tells what goes into the explanation of this attempt. Throws `cognition_invalid` for what is no fact; what is
   * noted once the turn has ended changes nothing.
   */
  note(facts: CognitionFacts): void;
  /**
   * Sets aside what a call to a model may cost at most, before it is made; with a budget that bounds it this is on
   * the disk when the promise resolves. Throws `budget_exhausted`, `price_unknown`, or `invalid_input`: then the call
   * must not be made. What is not settled when the turn ends is booked as it was reserved.
   */
  reserve(call: ModelCall): Promise<Reservation>;
}

export interface ModelCall {
  /** `provider:model`. */
  readonly model: string;
  /** Estimated size of the prompt, 0..10^8. */
  readonly inputTokens: number;
  /** The most that the model is allowed to answer, 0..10^8. */
  readonly maxOutputTokens: number;
}

export interface Reservation {
  /**
   * Books what was really used instead; undefined, or a usage that cannot be true (negative, no number, more than
   * 10^8): all that was reserved. Only the first call counts.
   */
  settle(usage: Usage | undefined): void;
}

export type CognitionAnswer =
  | string
  | { readonly text: string; readonly usage?: Usage }
  | { readonly decline: string }
  | AsyncIterable<string>
  | undefined;

/**
 * Answers a turn: a text, a stream of tokens, or `{ decline: reason }`. A throw, a rejection, an empty reply or
 * anything else is a failure and is tried again.
 */
export interface Cognition {
  (turn: CognitionTurn): CognitionAnswer | Promise<CognitionAnswer>;
  /** Of those that have room for so many turns only: asked before a turn is begun. */
  readonly admission?: Admission;
  /** `provider:model` of those that it may call, as far as that is known before: under a budget in dollars each needs a price. */
  readonly models?: readonly string[];
  /**
   * What it cannot honour of what such a session asks for. Default: what nobody can in writing; what a function makes of
   * the rest of `turn.session` is its own affair.
   */
  notHonoured?(session: ResolvedSession): readonly NotHonoured[];
}

/** Who answers for models: made by `providers` of `persona-runtime/ai`. Runtimes may share one. */
export interface Providers {
  /**
   * The cognition of a persona with this model, or of one without; undefined if there is no default for it. Throws
   * `provider_unknown`.
   */
  cognition(model: string | undefined): Cognition | undefined;
  /** What embeds texts by this model (`provider:model`). Throws `provider_unknown`, or `invalid_input` if it embeds none. */
  embedder?(model: string): Embedder;
  status(): readonly ProviderStatus[];
}

/** Whether a provider can be called. */
export interface ProviderHealth {
  readonly name: string;
  readonly state: "closed" | "open" | "half_open";
  /** When one call may try, if it is open. */
  readonly halfOpenAt: number | undefined;
  /** It has asked not to be called before. */
  readonly throttledUntil: number | undefined;
}

export interface ProviderStatus extends ProviderHealth {
  /** Closed: calls that failed in a row. Else: tries that failed in a row. */
  readonly failures: number;
  readonly inFlight: number;
  readonly maxConcurrent: number;
  /** Personas and turns that wait for room. */
  readonly waiting: number;
  /** Calls since it was configured; of those, how many failed, and how many it asked to repeat later. */
  readonly calls: number;
  readonly failed: number;
  readonly throttled: number;
}

export interface RuntimeOptions {
  /** A file name for SQLite, or `"memory"`. */
  readonly store: string;
  /** Answers for personas without a cognition of their own. Default: the rehearsal. */
  readonly cognition?: Cognition;
  /** Answer for personas with a `model`, and for those without one if they have a default. They come before `cognition`. */
  readonly providers?: Providers;
  /** What personas may call, each those that its settings name; 256 at most. */
  readonly tools?: readonly Tool[];
  /** Where personas, roles and sequences come from, beside what is written into the store. */
  readonly catalogue?: CatalogueOptions;
  /**
   * Decides whether the exit criteria of a step are met. It is asked after a turn, while the next one may already run;
   * it has 30 s. Default: nobody does, and such a step is left by `advanceSession` or its bound.
   */
  readonly judge?: ExitJudge;
  readonly mapping?: MappingOptions;
  readonly clock?: Clock;
  /** For the jitter of back-offs; the same seed and inputs give the same run. Default: random. */
  readonly seed?: number;
  /** Turns in flight over the whole fleet, 1..65 536. Default 1 024. */
  readonly maxTurnsInFlight?: number;
  /** The longest chain of replies to replies in a room, 1..64; then somebody else has to speak. Default 8. */
  readonly maxHops?: number;
  /** Told of what went wrong behind the caller's back (a write that is being repeated, say). Default: nobody. */
  readonly onWarning?: (warning: PersonaWarning) => void;
  /**
   * A file to which everything is appended that goes into turns and comes out of them, for `replay`: what people and
   * personas said, and what models streamed. No key and no header is in it. Default: nothing is recorded.
   */
  readonly record?: string;
  /** What models cost, by `provider:model`. Default: nothing is known. */
  readonly prices?: Readonly<Record<string, Price>>;
  /**
   * What may be spent: by one turn, each persona without a budget of its own, each owner (the caller of a session), and
   * all together. Under a budget in dollars every model needs a price (`price_unknown`). Default: no bounds.
   */
  readonly budgets?: {
    readonly turn?: Limits;
    readonly persona?: BudgetInput;
    readonly owner?: BudgetInput;
    readonly fleet?: BudgetInput;
  };
  /**
   * Where traces and metrics of turns go, by the conventions of OpenTelemetry for generative AI. Default: to the SDK that
   * the process has registered with `@opentelemetry/api` by now; nowhere if there is none.
   */
  readonly telemetry?: TelemetryOptions;
}

export interface CatalogueOptions {
  /** A TOML file with entries; what is wrong in it is a warning (`catalogue_entry_skipped`), and the rest holds. */
  readonly seeds?: string | undefined;
  /** Whether the built-in personas, roles and sequences are there. Default false. */
  readonly builtIn?: boolean | undefined;
  /** Whether entries can be written. Default true. */
  readonly writes?: boolean | undefined;
  /** Keeps what is written. Default: the runtime's store. */
  readonly persister?: Persister | undefined;
  /** What holds for sessions where neither persona nor role says it. */
  readonly defaults?: ResolveDefaults | undefined;
}

export interface TelemetryOptions {
  readonly tracerProvider?: TracerProvider | undefined;
  readonly meterProvider?: MeterProvider | undefined;
  /** Whether traces contain what was said. Default false. */
  readonly captureContent?: boolean | undefined;
}

export interface PersonaWarning {
  readonly code: string;
  readonly message: string;
  readonly cause?: unknown;
}

export interface SendOptions {
  /** `"user:7"` and `"agent:x"`, `"system:x"` name the kind by the word before the colon; anything else is a human. */
  readonly from: string | Sender;
  /** Public id of a session or room. Default: the direct session of this sender with the persona. */
  readonly conversation?: string;
  /** Default `chat`. */
  readonly lane?: Lane;
  /** 0..1; default by the sender's kind. */
  readonly priority?: number;
  readonly urgent?: boolean;
  /** Milliseconds after which an unanswered item is given up. Default: never. */
  readonly expiresInMs?: number;
  /** 1..255 characters; the same key again is the same message, not a second one. */
  readonly idempotencyKey?: string;
  /**
   * 1..255 characters: waiting messages of one conversation and lane with the same key become one turn. Chat without
   * a key merges too; tasks and background work do not.
   */
  readonly mergeKey?: string;
  /**
   * `latest`: instead of merging, it takes the place of the waiting one that was sent as `latest` with the same key,
   * which is declined (`superseded`). Default `merge`.
   */
  readonly coalesce?: "merge" | "latest";
  /** 0..1: how near it is to the topic that a persona sleeps until, as the caller finds it. Default: not near. */
  readonly similarity?: number;
  /** W3C Trace Context: the span that the turn's trace goes on from. Default: the active one. What is none is ignored. */
  readonly traceparent?: string;
}

export interface Accepted {
  /** Public id of the stored message. */
  readonly message: string;
  readonly conversation: string;
  /** One for each persona that received it. */
  readonly items: readonly { readonly id: string; readonly persona: string }[];
  /** Members of the room that had no room for it; a refusal by all of them, or by the only one, is an error instead. */
  readonly refused: readonly { readonly persona: string; readonly code: ErrorCode }[];
  /** True if an idempotency key showed that this message was sent before. */
  readonly replayed: boolean;
}

export interface Reply {
  /** Public id of the reply, which is a message. */
  readonly id: string;
  readonly text: string;
  readonly persona: string;
  readonly conversation: string;
  /** Public id of the turn. */
  readonly turn: string;
  /** Public ids of all items that this reply answers; merged messages share one reply. */
  readonly answers: readonly string[];
}

/** Handle of one message to one persona. Awaiting it gives the reply, or throws what became of the item instead. */
export interface Answer extends PromiseLike<Reply> {
  /** Settles when the message is stored (durably, with a file as store). */
  readonly accepted: Promise<Accepted>;
  /**
   * The reply as it is spoken; ends with it, and throws what awaiting the handle would throw. A failed attempt's
   * tokens are followed by those of the next one. Of a message that was answered before: the reply at once.
   */
  readonly tokens: AsyncIterable<string>;
}

export interface RoomInput {
  /** 1..128 characters after trimming. Default: none. */
  readonly name?: string;
  /** Ids of personas, enrolled or of the catalogue, at most 1 000. Default: none yet. */
  readonly members?: readonly string[];
  /** `Sender.id` of the human whose room it is (`user:7`). Default: the view's own owner, else nobody. */
  readonly owner?: string;
}

export interface Room {
  readonly id: string;
  readonly name: string | undefined;
  /** `Sender.id` of the human whose room it is. */
  readonly owner: string | undefined;
  readonly members: readonly string[];
  readonly createdAt: number;
  readonly closedAt: number | undefined;
}

export interface SessionInput {
  /** Id of a persona of the catalogue. */
  readonly persona: string;
  /** Default: that of the persona. */
  readonly role?: string;
  /** Default: that of the persona; null: none. */
  readonly sequence?: string | null;
  /** Default `text`, which is all there is. */
  readonly mode?: "text";
  /** Who talks, as in `SendOptions.from`. */
  readonly from: string | Sender;
}

/** A conversation of one caller with one persona: the direct one, or one that was opened beside it. */
export interface Session {
  readonly id: string;
  readonly persona: string;
  /** `Sender.id` of the caller. */
  readonly caller: string;
  readonly mode: "text";
  readonly createdAt: number;
  readonly closedAt: number | undefined;
  /**
   * What it was resolved to when it was opened, at its current step: what the catalogue became since then is not in it.
   * Undefined for a persona that is not of the catalogue.
   */
  readonly resolved: ResolvedSession | undefined;
  /** How far its sequence has come; undefined without one. */
  readonly progress: SequenceProgress | undefined;
  /** What is resolved and does not reach who answers, and why. */
  readonly notHonoured: readonly NotHonoured[];
}

export interface Message {
  readonly id: string;
  readonly conversation: string;
  readonly from: Sender;
  readonly text: string;
  readonly replyTo: string | undefined;
  /** Public id of the turn that produced it, for replies. */
  readonly turn: string | undefined;
  readonly createdAt: number;
}

export interface EnrollmentStatus {
  readonly id: string;
  /** `inline`: it was enrolled with a definition of its own, which hides an entry of the catalogue with the same id. */
  readonly source: "inline" | "catalogue";
  readonly name: string;
  /** Empty for a persona of the catalogue: its roles say what it is told. */
  readonly instructions: string;
  readonly model: string | undefined;
  /**
   * `rehearsal`, `function`, `provider`, or `absent` (its function was not given again after a restart, or the provider
   * of its model is not configured any more; items wait).
   */
  readonly cognition: "rehearsal" | "function" | "provider" | "absent";
  readonly settings: PersonaSettings;
  /** How it sleeps; `active` when it is awake. */
  readonly sleep: Sleep;
  readonly breaker: BreakerStatus;
  readonly queued: number;
  /** Of those, how many wait in the database only. */
  readonly inStore: number;
  readonly inFlight: number;
  /** Queued items by lane. */
  readonly lanes: Readonly<Record<Lane, number>>;
  /** Why nothing of it is dispatched right now; undefined when it could be, or when nothing waits. */
  readonly held: Gate | undefined;
  /** Since when, where that is known. */
  readonly heldSince: number | undefined;
  /** When that ends by itself, if it does. */
  readonly heldUntil: number | undefined;
  readonly draining: boolean;
}

/** What can stand between an item and its turn. */
export type Gate =
  /** The persona is paused. */
  | "paused"
  /** Its function was not given again after a restart, or the provider of its model is not configured any more. */
  | "cognition_absent"
  /** It is of the catalogue, which has no entry for it any more, or one that is damaged. */
  | "persona_absent"
  /** The provider of its model is failing (`provider_open`), asked to be called later, or has as many calls as it may. */
  | Obstacle
  | "asleep"
  /** Its circuit breaker is open. */
  | "breaker_open"
  /** One turn tries whether it answers again. */
  | "breaker_probing"
  /** It has as many turns as it may, or one in this conversation. */
  | "busy"
  /** The fleet has as many turns as it may, or as the lane may. */
  | "fleet_busy"
  /** A retry after a failure. */
  | "backing_off"
  /** It has just spoken in the room, and no human asks. */
  | "room_gap"
  /** Too much waits for it, and this is not important enough. */
  | "overwhelmed"
  /** It has worked much, and this is not important enough. */
  | "tired"
  /** On its way from the database. */
  | "paging";

export interface BreakerStatus {
  readonly state: "closed" | "open" | "half_open";
  /** Closed: turns that failed in a row. Else: tries that failed in a row. */
  readonly failures: number;
  /** When one turn may try, if it is open. */
  readonly halfOpenAt: number | undefined;
}

/** Which gate holds something, since when, and until when, as far as that is known. */
export interface Held {
  readonly gate: Gate;
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** Why a persona is not answering. */
export interface Why {
  readonly persona: string;
  readonly source: EnrollmentStatus["source"];
  /** What holds all of it; undefined when nothing does, or nothing waits. */
  readonly held: Held | undefined;
  readonly queued: number;
  readonly inStore: number;
  readonly inFlight: number;
  readonly breaker: BreakerStatus;
  readonly sleep: Sleep;
  /** 0..1; 1 without a temperament. */
  readonly energy: number;
  /** Items that it took beyond its share: its next round is so much shorter. */
  readonly debt: number;
  /** Where something waits in memory, 100 at most: what comes next there, and why not yet (undefined: it is about to). */
  readonly conversations: readonly {
    readonly conversation: string;
    readonly item: string;
    readonly queued: number;
    readonly held: Held | undefined;
  }[];
}

export interface BusiestPage {
  /** What counts. Default `queued`. */
  readonly by?: "queued" | "inFlight";
  /** How many to leave out from the top. Default 0. */
  readonly offset?: number;
  /** 1..1000, default 100. */
  readonly limit?: number;
}

export interface Busiest {
  /** How many have something to do. */
  readonly busy: number;
  readonly personas: readonly EnrollmentStatus[];
}

/** A tenant in numbers. */
export interface TenantStatus {
  readonly personas: number;
  readonly queued: number;
  /** Of those, how many wait in the database only. */
  readonly inStore: number;
  readonly inFlight: number;
  readonly lanes: Readonly<Record<Lane, number>>;
  /** Since the start of this runtime. */
  readonly accepted: number;
  readonly answered: number;
  readonly declined: number;
  readonly dead: number;
  readonly retried: number;
  readonly refused: number;
  /** Of those, how many for which reason, such as `inbox_full`. */
  readonly refusals: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly store: "sqlite" | "postgres" | "memory";
  /** False once the native cycle has failed. */
  readonly driver: boolean;
  /** Those that the runtime was given; none without. How much they are called is no tenant's business. */
  readonly providers: readonly ProviderHealth[];
}

/** All tenants together in numbers. */
export interface FleetStatus extends TenantStatus {
  /** How many tenants have personas. */
  readonly tenants: number;
  readonly providers: readonly ProviderStatus[];
  readonly nativeBytes: number;
  /** Who reads the events right now. */
  readonly readers: number;
  /** What the store has committed since the start; undefined for one in memory, where there is nothing to wait for. */
  readonly commits: Commits | undefined;
}

export type ItemState = "waiting" | "in_turn" | "answered" | "declined" | "dead";

export interface Explanation {
  readonly turn: string;
  readonly persona: string;
  readonly conversation: string;
  readonly attempt: number;
  /** `running` until it is settled. */
  readonly outcome: "running" | "answered" | "declined" | "failed" | "timeout" | "cancelled" | "unknown";
  readonly error: string | undefined;
  /** Public id of the reply. */
  readonly reply: string | undefined;
  readonly why: {
    /** What put it before the persona's other conversations. */
    readonly reason: "urgent" | "starved" | "lane" | "priority" | "age" | "only";
    readonly lane: Lane;
    readonly effectivePriority: number;
    readonly waitedMs: number;
  };
  readonly items: readonly {
    readonly id: string;
    readonly message: string;
    readonly role: "trigger" | "context";
    readonly state: ItemState;
    readonly waitedMs: number;
  }[];
  /** What it followed, as it was when it began; undefined for a persona that is not of the catalogue. */
  readonly session:
    | {
        readonly role: string | undefined;
        readonly sequence: string | undefined;
        readonly step: string | undefined;
        readonly stepIndex: number | undefined;
        /** Of the entries in the snapshot. */
        readonly versions: ResolvedSession["versions"];
      }
    | undefined;
  readonly cognition: {
    /** `provider`: also a function that called one, and said so. */
    readonly kind: "rehearsal" | "function" | "provider";
    readonly provider: string | undefined;
    /** The model that answered; without a provider the one that the persona names. */
    readonly model: string | undefined;
    /** Each call of a provider, in order; the first 64. */
    readonly calls: readonly ProviderCall[];
    readonly callsLeftOut: number;
    /** Its calls of tools, in the order of their ends. */
    readonly tools: readonly ToolCallFacts[];
  };
  /** What entered the prompt and what was left out; undefined when cognition did not say. */
  readonly prompt: PromptFacts | undefined;
  readonly cost: {
    /** What cognition reported, or else its calls together; undefined when nothing was billed by a provider. */
    readonly usage: Usage | undefined;
    /** Undefined when nobody knows the price. */
    readonly usd: number | undefined;
    /** Milliseconds. `prompt` and `firstToken` are parts of `cognition`, and undefined when there was none. */
    readonly latencyMs: {
      /** From the oldest item's arrival to the turn. */
      readonly waited: number;
      /** From there to begin on disk. */
      readonly begin: number;
      /** From there to the prompt that was noted. */
      readonly prompt: number | undefined;
      /** From begin on disk to the first part of the reply. */
      readonly firstToken: number | undefined;
      /** From begin on disk to the answer. */
      readonly cognition: number;
      /** From there to the reply on disk. */
      readonly settle: number;
    };
  };
}

/** What became of one item that is not answered: for `explain(item)` and events. */
export interface ItemView {
  readonly id: string;
  /** The dead item that it stands in for. */
  readonly replayOf: string | undefined;
  readonly message: string;
  readonly conversation: string;
  readonly persona: string;
  readonly state: ItemState;
  readonly reason: string | undefined;
  readonly error: string | undefined;
  readonly attempt: number;
  readonly turn: string | undefined;
}

/** An item that was given up, kept until somebody replays or discards it. */
export interface DeadLetter {
  /** Public id of the item. */
  readonly item: string;
  readonly message: string;
  readonly conversation: string;
  readonly persona: string;
  readonly lane: Lane;
  /**
   * `expired`, `cognition_failed`, `cognition_timeout`, `unknown_outcome`; or why its session cannot be answered at all:
   * `session_damaged`, `provider_unknown`, `role_not_found`.
   */
  readonly reason: string;
  /** The last error, if there was one. */
  readonly error: string | undefined;
  readonly attempt: number;
  readonly enqueuedAt: number;
  readonly diedAt: number;
}

/**
 * Durable events carry the `rev` of the change log as their id and can be resumed from it.
 * `token`, `turn_started`, `tool_call`, `tool_call_ended`, `gap` and `lagged` have none.
 */
export type RuntimeEvent =
  | { readonly type: "message"; readonly rev: number; readonly message: Message }
  | {
      readonly type: "turn";
      readonly rev: number;
      readonly turn: string;
      readonly persona: string;
      readonly conversation: string;
      readonly outcome: Explanation["outcome"];
      readonly reply: string | undefined;
    }
  /** An item was decided without being answered, waits again for a dead one, or is a dead letter that was discarded. */
  | { readonly type: "item"; readonly rev: number; readonly item: ItemView; readonly discarded: boolean }
  | { readonly type: "enrollment"; readonly rev: number; readonly persona: string; readonly removed: boolean }
  | { readonly type: "room"; readonly rev: number; readonly room: Room }
  /** Something happened to a step of a session's sequence. */
  | {
      readonly type: "sequence_step";
      readonly rev: number;
      readonly conversation: string;
      readonly persona: string;
      readonly sequence: string;
      readonly step: string;
      readonly stepIndex: number;
      readonly status: StepChange["status"];
      /** `begun`, `advanced`, `exit_criteria`, `max_turns`, `closed`. */
      readonly reason: string;
      /** Of a step that is completed: what was judged of its exit criteria. */
      readonly verdict: { readonly met: boolean; readonly reason: string } | undefined;
      /** The turn by which it happened. */
      readonly turn: string | undefined;
    }
  /** A mindscape has another version. */
  | {
      readonly type: "mindscape_updated";
      readonly rev: number;
      /** `Sender.id` of the person. */
      readonly person: string;
      readonly version: number;
      /** Paths of the traits that changed with this version. */
      readonly changed: readonly string[];
    }
  /** What a persona's core was made from is another by now. */
  | {
      readonly type: "core_stale";
      readonly rev: number;
      readonly person: string;
      readonly persona: string;
      readonly mapper: string;
      readonly staleSince: number;
    }
  | {
      readonly type: "turn_started";
      readonly turn: string;
      readonly persona: string;
      readonly conversation: string;
      readonly items: readonly string[];
    }
  | {
      readonly type: "token";
      readonly turn: string;
      readonly persona: string;
      readonly conversation: string;
      readonly token: string;
    }
  /** A tool call waits for a client. */
  | {
      readonly type: "tool_call";
      readonly call: string;
      readonly turn: string;
      readonly persona: string;
      readonly conversation: string;
      /** Of the tool. */
      readonly name: string;
      readonly arguments: unknown;
    }
  /** It does not wait any more; `cancelled`: it was not answered in time, or its turn ended. */
  | {
      readonly type: "tool_call_ended";
      readonly call: string;
      readonly turn: string;
      readonly persona: string;
      readonly conversation: string;
      readonly name: string;
      readonly outcome: "answered" | "failed" | "cancelled";
    }
  /** Events between the asked id and this moment are gone; read the messages again. */
  | { readonly type: "gap"; readonly oldest: number }
  /** This reader was too slow: so many tokens and other passing events were left out. */
  | { readonly type: "lagged"; readonly missed: number };

export interface EventOptions {
  /** Only what came after this rev. Default: from now on. */
  readonly after?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/** A turn whose end is stored, for who counts and times. */
export interface EndedTurn {
  readonly tenant: string;
  readonly turn: string;
  readonly persona: string;
  readonly conversation: string;
  readonly lane: Lane;
  readonly attempt: number;
  readonly outcome: "answered" | "declined" | "failed" | "timeout" | "cancelled" | "unknown";
  /** How many items were merged in it. */
  readonly items: number;
  readonly formedAt: number;
  /** When its end was stored. */
  readonly endedAt: number;
  readonly latencyMs: Explanation["cost"]["latencyMs"];
  readonly error: string | undefined;
  /** What cognition noted of how it answered. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly calls: readonly ProviderCall[];
  readonly tools: readonly ToolCallFacts[];
  readonly usage: Usage | undefined;
  readonly costUsd: number | undefined;
}

export interface EventStream extends AsyncIterableIterator<RuntimeEvent> {
  /** To resume after: everything up to this rev was taken, or concerns others. It also moves on while nothing is told. */
  readonly rev: number;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: {
    readonly driver: "ok" | "failed";
    readonly store: "ok" | "failed";
    readonly accepting: "ok" | "closing";
    /** `degraded`: the breaker of one is open; `failed`: that of each. */
    readonly providers: "ok" | "degraded" | "failed";
  };
}

/** What to add up: by whom, and when the calls were reserved. */
export interface SpendingOptions {
  readonly by: Spender;
  /** Default: from the beginning. */
  readonly from?: number;
  /** Only what came before. Default: up to now. */
  readonly to?: number;
  /** Only what was spent for this owner, the caller of a session. */
  readonly owner?: string;
  /** 1..1000. Default: all. */
  readonly limit?: number;
}

export interface Spending {
  /** Id of the persona or owner, or `provider:model`; undefined for the fleet, and for what has no owner or model. */
  readonly of: string | undefined;
  /** Calls to models. */
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Exact to a billionth of a dollar. */
  readonly usd: number;
  /** Of the calls, those booked as they were reserved because nobody could say what was used. */
  readonly unconfirmed: number;
  /** Of the calls, those of models without a price. */
  readonly unpriced: number;
}

export interface PostOptions extends Omit<SendOptions, "conversation"> {
  readonly replyTo?: string;
}

/** What a caller of the server may do: `user` sees its own, `service` acts for users, `admin` runs the tenant. */
export const ROLES = ["user", "service", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** An API key; the secret is not part of it. */
export interface ApiKey {
  readonly id: string;
  readonly tenant: string;
  readonly user: string;
  readonly role: Role;
  /** How much its user may do, such as `free`. */
  readonly tier: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  /** To the hour. */
  readonly lastUsedAt: number | undefined;
  readonly revokedAt: number | undefined;
}

export interface NewApiKey extends ApiKey {
  /** `pr_…`: shown once, and known to nobody afterwards. */
  readonly secret: string;
}

export interface ApiKeyOptions {
  /** Default `default`. */
  readonly tenant?: string;
  /** Who uses it: 1..128 characters without blanks. */
  readonly user: string;
  /** Default `user`. */
  readonly role?: Role;
  /** Default `free` for a user, `enterprise` for the other roles. */
  readonly tier?: string;
  /** What it is for: 1..128 characters. */
  readonly name: string;
  readonly expiresAt?: number;
}

export interface ApiKeyPage {
  /** Default `default`. */
  readonly tenant?: string;
  /** Id of a key: only later ones. */
  readonly after?: string;
  /** 1..200, default 200. */
  readonly limit?: number;
}

/** What callers of the server identify themselves with. */
export interface ApiKeys {
  create(options: ApiKeyOptions): Promise<NewApiKey>;
  /** Oldest first, also those that expired or were revoked. */
  list(page?: ApiKeyPage): Promise<readonly ApiKey[]>;
  /** Takes effect before it resolves. Throws `key_not_found` if this tenant (default `default`) has no such key. */
  revoke(id: string, tenant?: string): Promise<ApiKey>;
  /** The key with this secret, unless it expired or was revoked. At once for one that was seen before. */
  verify(secret: string): ApiKey | undefined | Promise<ApiKey | undefined>;
  /** Calls `revoked` when the key with this id is revoked, unless the returned function is called before. */
  watch(id: string, revoked: () => void): () => void;
}

/** Everything here happens in one tenant; what is another's is not found. `createRuntime` gives the tenant `default`. */
export interface Runtime {
  /**
   * The same runtime in another tenant (a name as the id of a persona): its personas, conversations, idempotency keys,
   * events and numbers are its own. With an `owner` (`Sender.id` of a human, `user:7`) only the conversations of that
   * person are there: the sessions in which they talk and the rooms that are theirs, with all that belongs to them;
   * one speaks as that person only, with idempotency keys of one's own, and does not change who is enrolled
   * (`forbidden`). A view costs nothing and has no life of its own: `close`, `readiness`, `fleet`, `keys` and `observe` are
   * about the whole runtime.
   */
  tenant(name: string, options?: { readonly owner?: string }): Runtime;
  /** Adds a persona to the fleet, or changes the one with this id; without a name one of the catalogue. Resolves when it is stored. */
  enroll(definition: PersonaDefinition): Promise<EnrollmentStatus>;
  /**
   * `drain` answers what waits first; `return` gives it back as declined (`unenrolled`). Resolves when the persona
   * is gone; rejects when the runtime ends before, and then the next start still has it. One of the catalogue comes back
   * with its next message: delete its entry to let it go for good.
   */
  unenroll(id: string, mode?: "drain" | "return"): Promise<void>;
  /** Changes settings, and how a persona sleeps; keeps the rest and the inbox. Resolves when it is stored. */
  configure(id: string, changes: PersonaChanges): Promise<EnrollmentStatus>;
  /** Sends a message to one persona; one of the catalogue joins the fleet with it. Refusals and outcomes arrive through the handle; nothing is thrown here. */
  send(persona: string, text: string, options: SendOptions): Answer;
  /**
   * The same for whoever does not wait for the answer: resolves when the message is stored, rejects when it is refused,
   * and then keeps nothing that waits for its outcome.
   */
  tell(persona: string, text: string, options: SendOptions): Promise<Accepted>;
  createRoom(room: RoomInput): Promise<Room>;
  room(id: string): Promise<Room>;
  addMember(room: string, persona: string): Promise<Room>;
  removeMember(room: string, persona: string): Promise<Room>;
  /** Says something in a room: one item for each member persona. */
  post(room: string, text: string, options: PostOptions): Promise<Accepted>;
  /** Personas, roles and sequences. A view with an `owner` does not change them (`forbidden`). */
  readonly catalogue: TenantCatalogue;
  /** What is observed and learned of persons, and what mappers make of it. */
  readonly mapping: Mapping;
  /** What a session would be resolved to now. Throws `persona_not_found` (role, sequence), `step_not_found`. */
  resolve(request: ResolveRequest): ResolvedSession;
  /**
   * Opens a session with a persona of the catalogue: what it is made of is resolved now, and stays so. Throws what
   * `resolve` throws, `persona_inline`, `provider_unknown`, or `price_unknown`.
   */
  openSession(session: SessionInput): Promise<Session>;
  /** Throws `session_not_found` for anything else, also for a room, and `session_damaged`. */
  session(id: string): Promise<Session>;
  /**
   * Leaves the step with this id for the next one. To leave it again changes nothing. Throws `step_not_found`,
   * `step_not_current`, `step_incomplete`, or `session_closed`.
   */
  advanceSession(id: string, options: { readonly step: string }): Promise<Session>;
  /**
   * Resolves again what was asked for when the session was opened. It stays in its step if the sequence still has that;
   * else the sequence begins anew, unless it has ended. Throws what `openSession` throws, or `session_closed`.
   */
  refreshSession(id: string): Promise<Session>;
  /** Takes nothing new in this session, and ends its sequence; what was sent before is answered. A second call changes nothing. */
  closeSession(id: string): Promise<Session>;
  /** Messages of a room or session, oldest first, at most `limit` (1..200, default 200). */
  messages(
    conversation: string,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly Message[]>;
  /** Takes the public id of a turn, a reply, an item, or a message that one turn answered. */
  explain(id: string): Promise<Explanation>;
  /** What became of an item. */
  item(id: string): Promise<ItemView>;
  /** Why a persona is not answering: which gate, since when, until when. */
  why(persona: string): Promise<Why>;
  /** Items that were given up, oldest first, at most `limit` (1..200, default 200). */
  deadLetters(page?: {
    readonly persona?: string;
    /** Public id of an item: only later ones. */
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly DeadLetter[]>;
  /** Gives a dead letter to its persona again, as a new item without expiry. Throws `dead_letter_not_found`, or a refusal. */
  replay(item: string): Promise<ItemView>;
  /** Lets a dead letter go; its outcome stays recorded. Throws `dead_letter_not_found`. */
  discard(item: string): Promise<void>;
  /** Who in the tenant spent what: the most expensive first. Calls under way are not in it. */
  spending(options: SpendingOptions): Promise<readonly Spending[]>;
  /** Tool calls that wait for a client, by id, which is oldest first; at most `limit` (1..200, default 200). */
  toolCalls(page?: {
    readonly persona?: string;
    readonly conversation?: string;
    /** Id of a call: only later ones. */
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly ToolCall[]>;
  /**
   * Answers one; the first answer counts. Throws `tool_call_not_found`, or `invalid_input` for what JSON cannot say in
   * 64 KiB: then the call still waits.
   */
  answerTool(call: string, answer: ToolAnswer): Promise<void>;
  /**
   * The tenant in numbers. Beside other tenants what waits and runs is asked of each of its busy personas: about a
   * microsecond each.
   */
  status(): TenantStatus;
  status(persona: string): EnrollmentStatus;
  /** All tenants in numbers, for whoever operates the process. */
  fleet(): FleetStatus;
  /** Whether a persona with this id is enrolled. */
  has(persona: string): boolean;
  /** Enrolled personas, sorted by id: all, or `limit` of those after the id `after`. */
  personas(page?: { readonly after?: string; readonly limit?: number }): readonly EnrollmentStatus[];
  /** Who has most to do, most first: of those with something waiting or in a turn. */
  busiest(page?: BusiestPage): Busiest;
  events(options?: EventOptions): EventStream;
  /** The newest rev: what happens from now on comes after it. Tenants share one count: it jumps over what is another's. */
  readonly rev: number;
  readiness(): Promise<Readiness>;
  /** Of all tenants: each call names its own. */
  readonly keys: ApiKeys;
  /**
   * Calls `observer` with each turn, of all tenants, whose end is stored, until the returned function is called. It is called on the way
   * of every message: it must be quick. What it throws becomes a warning (`observer_failed`).
   */
  observe(observer: (turn: EndedTurn) => void): () => void;
  /** Takes nothing new, lets running turns finish for `graceMs` (default 10 000), then lets everything go. A second call waits for the first. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
