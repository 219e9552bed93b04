/**
 * The rows of the store: plain data. Keys are integers below 2^53, times milliseconds since 1970, and what is JSON is
 * only checked by whoever reads it.
 */

export type SenderKind = "human" | "agent" | "persona" | "system";

export interface Sender {
  readonly kind: SenderKind;
  readonly id: string;
  readonly name?: string;
}

export const LANES = ["voice", "chat", "task", "background"] as const;
export type Lane = (typeof LANES)[number];

export interface EnrollmentRow {
  readonly key: number;
  readonly tenant: string;
  /** The public name of the persona, unique within the tenant. */
  readonly id: string;
  /** `partitionOf(tenant, id)` (`partition.ts`); fixed for ever, so that several nodes can share the work later. */
  readonly partition: number;
  /** The persona's definition as JSON. */
  readonly definition: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Set once it was unenrolled; the row stays, because what it said still names it. */
  readonly removedAt: number | null;
}

export interface ConversationRow {
  readonly key: number;
  readonly tenant: string;
  readonly kind: "room" | "session";
  readonly name: string | null;
  /** `Sender.id` of the human whose conversation it is: who opened the room, or talks in the session. Null: nobody's. */
  readonly owner: string | null;
  /** Of a direct session: who talks (`Sender.id`), and with which persona; both null for a room. */
  readonly caller: string | null;
  readonly persona: number | null;
  /** 1: the session that a first message opens, of which a caller has one with a persona. 0: any other conversation. */
  readonly direct: 0 | 1;
  readonly createdAt: number;
  readonly closedAt: number | null;
}

/** What a session follows, beside its conversation; a session with a persona that is not of the catalogue has none. */
export interface SessionRow {
  readonly conversation: number;
  /** What was asked, and what the catalogue made of it, as JSON. */
  readonly snapshot: string;
  /** How far its sequence has come, as JSON. */
  readonly progress: string;
  /** Counts what was written, from 1 on. */
  readonly version: number;
  readonly updatedAt: number;
}

/** Something happened to a step of a session's sequence. */
export interface SequenceStepRow {
  readonly key: number;
  readonly tenant: string;
  readonly conversation: number;
  /** The turn whose settlement this is part of. */
  readonly turn: number | null;
  /** Ids as in the catalogue at the time of the snapshot. */
  readonly sequence: string;
  readonly step: string;
  readonly stepIndex: number;
  readonly status: "entered" | "completed" | "sequence_completed";
  readonly reason: string;
  /** What was judged of its exit criteria, as JSON; null if nobody judged. */
  readonly verdict: string | null;
  readonly at: number;
}

export interface MessageRow {
  readonly key: number;
  readonly tenant: string;
  readonly conversation: number;
  readonly sender: Sender;
  readonly text: string;
  /** Estimated length in tokens, what `history` counts. */
  readonly tokens: number;
  readonly replyTo: number | null;
  /** How many personas have answered each other since somebody else spoke. */
  readonly hop: number;
  /** The turn that produced this message; null unless a persona said it. */
  readonly turn: number | null;
  /** Its items have consecutive keys, from `firstItem` on; null and 0 if nobody received it. */
  readonly firstItem: number | null;
  readonly itemCount: number;
  readonly createdAt: number;
}

/** An undecided item: exactly the plain numbers that the native cycle schedules by. */
export interface ItemRow {
  readonly key: number;
  readonly message: number;
  readonly conversation: number;
  /** Key of the enrollment whose inbox holds it. */
  readonly persona: number;
  readonly partition: number;
  /** Index into LANES. */
  readonly lane: number;
  readonly priority: number;
  /** Bits as in `layout.ts` FLAG_*. */
  readonly flags: number;
  readonly enqueuedAt: number;
  readonly notBefore: number | null;
  readonly expiresAt: number | null;
  /** How often it has been in a turn. */
  readonly attempt: number;
  /** How often it failed while it was alone in a turn. */
  readonly failures: number;
  /** The turn it is in; after a restart this says that the outcome of that turn is unknown. */
  readonly turn: number | null;
  /** Items of one conversation and lane may be answered together if this is the same; 0 stands for the conversation. */
  readonly mergeKey: number;
  /** The dead item that this one stands in for; null for those that came with their message. */
  readonly replayOf: number | null;
}

export const OUTCOMES = ["answered", "declined", "dead"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A decided item: the one recorded outcome. It has left the inbox for good. */
export interface OutcomeRow {
  readonly item: number;
  readonly message: number;
  readonly conversation: number;
  readonly persona: number;
  readonly turn: number | null;
  readonly outcome: Outcome;
  /** Why, as a stable word: `unenrolled`, `expired`, `cognition_failed`…; null when answered. */
  readonly reason: string | null;
  /** The last error, for a dead letter. */
  readonly error: string | null;
  readonly attempt: number;
  readonly enqueuedAt: number;
  readonly decidedAt: number;
  /** As in the item. */
  readonly replayOf: number | null;
}

/** What is kept of a dead item, beside its outcome, until somebody replays or discards it. */
export interface DeadLetterRow
  extends Omit<ItemRow, "key" | "notBefore" | "expiresAt" | "turn" | "replayOf">,
    Pick<OutcomeRow, "item" | "reason" | "error"> {
  readonly tenant: string;
  readonly diedAt: number;
}

export type TurnOutcome = "answered" | "declined" | "failed" | "timeout" | "cancelled" | "unknown";

export interface TurnRow {
  readonly key: number;
  readonly tenant: string;
  readonly persona: number;
  readonly conversation: number;
  readonly lane: number;
  readonly attempt: number;
  readonly epoch: number;
  /** Keys of its items, the trigger last. */
  readonly items: readonly number[];
  readonly formedAt: number;
  readonly deadline: number;
  /** Null while it runs. */
  readonly outcome: TurnOutcome | null;
  readonly settledAt: number | null;
  /** Key of the message that answers it. */
  readonly reply: number | null;
  readonly error: string | null;
  /** What `explain` shows, as JSON; written at begin (why now, what was merged) and again at settle. */
  readonly explanation: string;
}

/** A key that callers of the server identify themselves with. Only its hash is kept. */
export interface ApiKeyRow {
  readonly key: number;
  readonly tenant: string;
  readonly user: string;
  readonly role: string;
  readonly tier: string;
  /** What it is for, in the words of whoever made it. */
  readonly name: string;
  /** SHA-256 of the whole secret, in hexadecimal. */
  readonly hash: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** Not exact: written now and then. */
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

/** A persona, role or sequence of the catalogue, as it was written. */
export interface EntryRow {
  readonly tenant: string;
  readonly kind: "persona" | "role" | "sequence";
  /** Unique within tenant and kind. */
  readonly id: string;
  /** Counts the writes of this id. */
  readonly version: number;
  /** The document as JSON; null: a tombstone. */
  readonly body: string | null;
  /** 1: a tombstone that hides nothing, and only keeps the version. Else 0. */
  readonly reset: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One line of the change log: what the event stream resumes from, and later what sync reads. */
export interface ChangeRow {
  readonly rev: number;
  readonly tenant: string;
  readonly kind: ChangeKind;
  /** Key of the row that changed. */
  readonly key: number;
  readonly tombstone: boolean;
}

/** The places are stored, so further ones come behind. */
export const CHANGE_KINDS = [
  "enrollment",
  "conversation",
  "message",
  "turn",
  "item",
  "sequence_step",
  "mindscape",
  "core",
  "mapper",
  "weight",
  "narrative",
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** What one call to a model was booked at. */
export interface SpendingRow {
  readonly turn: number;
  /** The number of the call in its turn, from 0 on. */
  readonly call: number;
  readonly tenant: string;
  /** Key of the enrollment. */
  readonly persona: number;
  /** The user to whom the conversation belongs; null if it belongs to nobody. */
  readonly owner: string | null;
  /** `provider:model`; null if a function did not say what it called. */
  readonly model: string | null;
  /** When it was reserved, which decides the window that it counts in. */
  readonly at: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Billionths of a dollar; null if the model has no price. */
  readonly nanoUsd: number | null;
  /**
   * `reserved`: under way. `unconfirmed`: booked as it was reserved, because nobody could say what was used; so is
   * what was under way when the process ended.
   */
  readonly state: "reserved" | "settled" | "unconfirmed";
}
