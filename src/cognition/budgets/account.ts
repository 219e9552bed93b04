import type { Budget } from "../../types.ts";
import { nanoOf, usdOf } from "./money.ts";

/** Tokens, and billionths of a dollar. */
export interface Amount {
  readonly tokens: number;
  readonly nanoUsd: number;
}

export const NOTHING: Amount = { tokens: 0, nanoUsd: 0 };

/** What has been taken out of one window of an account: booked, or reserved. */
export class Window {
  readonly start: number;
  readonly end: number;
  #tokens: number;
  #nanoUsd: number;

  constructor(start: number, end: number, { tokens, nanoUsd }: Amount = NOTHING) {
    this.start = start;
    this.end = end;
    this.#tokens = tokens;
    this.#nanoUsd = nanoUsd;
  }

  covers(at: number): boolean {
    return this.start <= at && at < this.end;
  }

  /** What was taken so far turns out to be another amount. */
  change(from: Amount, to: Amount): void {
    this.#tokens += to.tokens - from.tokens;
    this.#nanoUsd += to.nanoUsd - from.nanoUsd;
  }

  /** Whether so much more fits; with nothing more, whether anything is left. */
  fits({ tokens, usd }: Pick<Budget, "tokens" | "usd">, more: Amount): boolean {
    return fits(tokens, this.#tokens, more.tokens) && fits(usd && nanoOf(usd), this.#nanoUsd, more.nanoUsd);
  }

  get taken(): Amount {
    return { tokens: this.#tokens, nanoUsd: this.#nanoUsd };
  }
}

function fits(limit: number | undefined, taken: number, more: number): boolean {
  if (limit === undefined) return true;
  return more === 0 ? taken < limit : taken + more <= limit;
}

/** Windows are functions of the time alone: they lie end to end from 1970 on, whenever the process began. */
export function windowAt(at: number, windowMs: number): { readonly start: number; readonly end: number } {
  const start = Math.floor(at / windowMs) * windowMs;
  return { start, end: start + windowMs };
}

/** What one persona, owner or the fleet has taken out of the window of the moment. */
export class Account {
  readonly #windowMs: number;
  #window: Window;

  constructor(windowMs: number, window: Window) {
    this.#windowMs = windowMs;
    this.#window = window;
  }

  /** The window of the moment; a new one is untouched. What is still reserved in an earlier one stays there. */
  at(now: number): Window {
    if (!this.#window.covers(now)) {
      const { start, end } = windowAt(now, this.#windowMs);
      this.#window = new Window(start, end);
    }
    return this.#window;
  }

  /** Whether its window is over, so that nothing in it bounds anything any more. */
  isOver(now: number): boolean {
    return !this.#window.covers(now);
  }
}

/** For messages. */
export function describeAmount({ tokens, nanoUsd }: Amount): string {
  return `${tokens} tokens, ${usdOf(nanoUsd)} USD`;
}
