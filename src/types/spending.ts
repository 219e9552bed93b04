/** What calls to models may take, and what they took. */
import type { Spender } from "../store/port.ts";

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
