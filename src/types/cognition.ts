/** What a persona is asked by the function that answers, and what that may say. */
import type { NotHonoured } from "../catalogue/not-honoured.ts";
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import type { Admission } from "../cognition/admission.ts";
import type { CognitionFacts, Usage } from "../facts.ts";
import type { Sender } from "../store/port.ts";
import type { TurnTool } from "../tool.ts";

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
