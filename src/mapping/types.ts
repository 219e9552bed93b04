/** What the parts of mapping know of each other. */
import type { OpenPurse } from "../cognition/budgets/expenses.ts";
import type { Along, AlongRefusal } from "../store/mapping/port.ts";

/** The fleet's personas that do the work of mapping, on the background lane. */
export const AGENTS = ["mindscaper", "adjuster"] as const;
export type AgentName = (typeof AGENTS)[number];

export interface AgentTask {
  readonly tenant: string;
  /** A person's id for the Mindscaper, a mapper's id for the Configuration Adjuster. */
  readonly subject: string;
  readonly now: number;
  /** Aborts at the deadline, and when the runtime closes. */
  readonly signal: AbortSignal;
}

/**
 * Does what is pending of a subject in the store, whatever it was asked: merged, repeated and late tasks find less, or
 * nothing. Resolves to what was done, in a sentence. A throw is a failed turn: it is tried again, then a dead letter.
 */
export type Agent = (task: AgentTask) => Promise<string>;

export type Enqueued =
  | {
      readonly status: "accepted";
      /** Public id of the item. */
      readonly item: string;
      /** Places of the observations that were there before; of feedback `[0]`. */
      readonly repeated: readonly number[];
    }
  | AlongRefusal;

export interface Agents {
  /** Once for each name, before the runtime takes up its work. */
  register(name: AgentName, agent: Agent): void;
  /**
   * Writes rows and the task that they make, in one transaction. Rejects with `inbox_full`, `runtime_closed`, `store_*`.
   * @param along Left out: the task alone.
   */
  enqueue(
    tenant: string,
    name: AgentName,
    subject: string,
    along?: Pick<Along, "observations" | "feedback">,
  ): Promise<Enqueued>;
}

/**
 * Runs what may ask models: the person's account pays, and the persona's if it is one of the fleet, else that of the
 * Mindscaper. What it asked is booked, whatever comes of it.
 */
export type Pay = <Result>(
  who: { readonly tenant: string; readonly person: string; readonly persona?: string },
  signal: AbortSignal,
  work: (purse: OpenPurse) => Promise<Result> | Result,
) => Promise<Result>;
