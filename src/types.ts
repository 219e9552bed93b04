/** The public shapes of the library. Times are milliseconds since 1970 unless a name says otherwise. */
import type { Clock } from "./clock.ts";
import type { ErrorCode } from "./errors.ts";
import type { Lane, Sender } from "./store/port.ts";

export type { Lane, Sender };

/** What a persona is, as far as this version needs it. */
export interface PersonaDefinition {
  /** `^[a-z0-9][a-z0-9._-]{0,127}$`, unique; enrolling it again changes the persona and keeps its inbox. */
  readonly id: string;
  /** 1..128 characters after trimming. */
  readonly name: string;
  /** At most 64 KiB. Default: none. */
  readonly instructions?: string;
  /** `provider:model`. Kept, and shown; no provider is built into this version. */
  readonly model?: string;
  /** The caller's own function instead of a provider. It is not stored: enroll again after a restart. Enrolling again without one keeps it. */
  readonly cognition?: Cognition;
  readonly settings?: Partial<PersonaSettings>;
}

export interface PersonaSettings {
  /** Turns at once over all conversations, 1..1024. Default 1: one mind. */
  readonly maxParallelTurns: number;
  /** Undecided items before further ones are refused, 1..1 000 000. Default 10 000. */
  readonly maxQueued: number;
  /** How long cognition may take, 1..3 600 000 ms. Default 120 000 (voice: at most 20 000). */
  readonly deadlineMs: number;
  /** Newest messages of the conversation that `turn.history()` gives, in tokens, 0..1 000 000. Default 4 000. */
  readonly historyTokens: number;
  /** What becomes of items whose turn was cut off by a crash. Default `retry`. */
  readonly onUnknownOutcome: "retry" | "drop";
  /** A paused persona accepts messages and answers them when it is resumed. Default false. */
  readonly paused: boolean;
}

export interface TurnMessage {
  /** Public id of the message. */
  readonly id: string;
  readonly from: Sender;
  readonly text: string;
  readonly at: number;
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
  /** Text of the trigger: the newest of the merged messages. */
  readonly text: string;
  readonly trigger: TurnMessage;
  /** The earlier messages that were merged into this turn, oldest first. */
  readonly context: readonly TurnMessage[];
  readonly attempt: number;
  readonly deadline: number;
  /** Aborts at the deadline, and when the runtime closes. */
  readonly signal: AbortSignal;
  /** The newest messages before this turn that fit into the persona's history tokens, oldest first. Read when asked for. */
  history(): Promise<readonly TurnMessage[]>;
  /**
   * Streams a part of the reply to whoever listens. What was streamed is the reply, unless another text is
   * returned. Throws `cognition_invalid` for what is no text, and beyond a million characters of reply.
   */
  stream(token: string): void;
}

export type CognitionAnswer =
  | string
  | { readonly text: string; readonly usage?: Usage }
  | { readonly decline: string }
  | AsyncIterable<string>
  | undefined;

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * Answers a turn: a text, a stream of tokens, or `{ decline: reason }`. A throw, a rejection, an empty reply or
 * anything else is a failure and is tried again.
 */
export type Cognition = (turn: CognitionTurn) => CognitionAnswer | Promise<CognitionAnswer>;

export interface RuntimeOptions {
  /** A file name for SQLite, or `"memory"`. */
  readonly store: string;
  /** Answers for personas without a cognition of their own. Default: the rehearsal. */
  readonly cognition?: Cognition;
  readonly clock?: Clock;
  /** For the jitter of back-offs; the same seed and inputs give the same run. Default: random. */
  readonly seed?: number;
  /** Turns in flight over the whole fleet, 1..65 536. Default 1 024. */
  readonly maxTurnsInFlight?: number;
  /** Told of what went wrong behind the caller's back (a write that is being repeated, say). Default: nobody. */
  readonly onWarning?: (warning: PersonaWarning) => void;
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

export interface Room {
  readonly id: string;
  readonly name: string | undefined;
  readonly members: readonly string[];
  readonly createdAt: number;
  readonly closedAt: number | undefined;
}

/** The direct conversation of one caller with one persona. */
export interface Session {
  readonly id: string;
  readonly persona: string;
  /** `Sender.id` of the caller. */
  readonly caller: string;
  readonly createdAt: number;
  readonly closedAt: number | undefined;
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
  readonly name: string;
  readonly instructions: string;
  readonly model: string | undefined;
  /** `rehearsal`, `function`, or `absent` (its function was not given again after a restart; items wait). */
  readonly cognition: "rehearsal" | "function" | "absent";
  readonly settings: PersonaSettings;
  readonly queued: number;
  readonly inFlight: number;
  /** Queued items by lane. */
  readonly lanes: Readonly<Record<Lane, number>>;
  /** Why nothing of it is dispatched right now; undefined when it could be, or when nothing waits. */
  readonly held: "paused" | "cognition_absent" | "busy" | "fleet_busy" | "backing_off" | undefined;
  /** When that ends by itself, if it does. */
  readonly heldUntil: number | undefined;
  readonly draining: boolean;
}

export interface FleetStatus {
  readonly personas: number;
  readonly queued: number;
  readonly inFlight: number;
  readonly lanes: Readonly<Record<Lane, number>>;
  /** Since the start of this runtime. */
  readonly accepted: number;
  readonly answered: number;
  readonly declined: number;
  readonly dead: number;
  readonly retried: number;
  readonly refused: number;
  readonly nativeBytes: number;
  readonly store: "sqlite" | "memory";
  /** False once the native cycle has failed. */
  readonly driver: boolean;
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
  readonly cognition: { readonly kind: "rehearsal" | "function"; readonly model: string | undefined };
  readonly cost: {
    /** Undefined when cognition did not report it: nothing was billed by a provider. */
    readonly usage: Usage | undefined;
    /** Milliseconds from the oldest item's arrival to the turn, to begin on disk, to the answer, to the reply on disk. */
    readonly latencyMs: {
      readonly waited: number;
      readonly begin: number;
      readonly cognition: number;
      readonly settle: number;
    };
  };
}

/** What became of one item that is not answered: for `explain(item)` and events. */
export interface ItemView {
  readonly id: string;
  readonly message: string;
  readonly conversation: string;
  readonly persona: string;
  readonly state: ItemState;
  readonly reason: string | undefined;
  readonly error: string | undefined;
  readonly attempt: number;
  readonly turn: string | undefined;
}

/**
 * Durable events carry the `rev` of the change log as their id and can be resumed from it.
 * `token`, `turn_started`, `gap` and `lagged` have none.
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
  | { readonly type: "item"; readonly rev: number; readonly item: ItemView }
  | { readonly type: "enrollment"; readonly rev: number; readonly persona: string; readonly removed: boolean }
  | { readonly type: "room"; readonly rev: number; readonly room: Room }
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
  /** Events between the asked id and this moment are gone; read the messages again. */
  | { readonly type: "gap"; readonly oldest: number }
  /** This reader was too slow: so many tokens were left out. */
  | { readonly type: "lagged"; readonly missed: number };

export interface EventOptions {
  /** Only what came after this rev. Default: from now on. */
  readonly after?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: {
    readonly driver: "ok" | "failed";
    readonly store: "ok" | "failed";
    readonly accepting: "ok" | "closing";
  };
}

export interface PostOptions extends Omit<SendOptions, "conversation"> {
  readonly replyTo?: string;
}

export interface Runtime {
  /** Adds a persona to the fleet, or changes the one with this id. Resolves when it is stored. */
  enroll(definition: PersonaDefinition): Promise<EnrollmentStatus>;
  /**
   * `drain` answers what waits first; `return` gives it back as declined (`unenrolled`). Resolves when the persona
   * is gone; rejects when the runtime ends before, and then the next start still has it.
   */
  unenroll(id: string, mode?: "drain" | "return"): Promise<void>;
  /** Sends a message to one persona. Refusals and outcomes arrive through the handle; nothing is thrown here. */
  send(persona: string, text: string, options: SendOptions): Answer;
  createRoom(room: { readonly name?: string; readonly members?: readonly string[] }): Promise<Room>;
  room(id: string): Promise<Room>;
  addMember(room: string, persona: string): Promise<Room>;
  removeMember(room: string, persona: string): Promise<Room>;
  /** Says something in a room: one item for each member persona. */
  post(room: string, text: string, options: PostOptions): Promise<Accepted>;
  /** Throws `session_not_found` for anything else, also for a room. */
  session(id: string): Promise<Session>;
  /** Messages of a room or session, oldest first, at most `limit` (1..200, default 200). */
  messages(
    conversation: string,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly Message[]>;
  /** Takes the public id of a turn, a reply, an item, or a message that one turn answered. */
  explain(id: string): Promise<Explanation>;
  /** What became of an item. */
  item(id: string): Promise<ItemView>;
  status(): FleetStatus;
  status(persona: string): EnrollmentStatus;
  /** Whether a persona with this id is enrolled. */
  has(persona: string): boolean;
  /** Enrolled personas, sorted by id: all, or `limit` of those after the id `after`. */
  personas(page?: { readonly after?: string; readonly limit?: number }): readonly EnrollmentStatus[];
  events(options?: EventOptions): AsyncIterableIterator<RuntimeEvent>;
  /** The newest rev: what happens from now on comes after it. */
  readonly rev: number;
  readiness(): Promise<Readiness>;
  /** Takes nothing new, lets running turns finish for `graceMs` (default 10 000), then lets everything go. A second call waits for the first. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
