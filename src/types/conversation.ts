/** What is said, where, and what comes back. */
import type { NotHonoured } from "../catalogue/not-honoured.ts";
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import type { SequenceProgress } from "../catalogue/sequence.ts";
import type { ErrorCode } from "../errors.ts";
import type { Lane, Sender } from "../store/port.ts";

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

export interface PostOptions extends Omit<SendOptions, "conversation"> {
  readonly replyTo?: string;
}
