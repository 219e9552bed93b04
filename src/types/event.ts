/** What happens, while it happens. */
import type { StepChange } from "../catalogue/sequence.ts";
import type { ProviderCall, Usage } from "../facts.ts";
import type { Lane } from "../store/port.ts";
import type { ToolCallFacts } from "../tool.ts";
import type { Message, Room } from "./conversation.ts";
import type { Explanation, ItemView } from "./explanation.ts";

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
