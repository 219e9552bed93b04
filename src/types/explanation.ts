/** Why something was answered, and what became of what. */
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import type { PromptFacts, ProviderCall, Usage } from "../facts.ts";
import type { Lane } from "../store/port.ts";
import type { ToolCallFacts } from "../tool.ts";

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
