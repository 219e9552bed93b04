/** What models are asked outside of turns: booked like what a turn asks, for whoever it is about. */
import { encodeId } from "../../ids.ts";
import type { Store } from "../../store/port.ts";
import type { Budgets, Payer } from "./budgets.ts";
import { Purse } from "./purse.ts";

/** What calls are paid from: to be reserved before they are made, or booked where that was not done. */
export type OpenPurse = Pick<Purse, "reserve" | "book" | "used" | "assertNotEmpty">;

export class Expenses {
  readonly #budgets: Budgets;
  readonly #store: Pick<Store, "allocate" | "salt">;
  #closed = false;

  constructor(budgets: Budgets, store: Pick<Store, "allocate" | "salt">) {
    this.#budgets = budgets;
    this.#store = store;
  }

  /**
   * Resolves or rejects as the work does, once what it asked is written: that is paid for, whatever came of it.
   * @param signal When it aborts, nothing can be reserved any more.
   */
  async pay<Result>(
    payer: Payer,
    signal: AbortSignal,
    work: (purse: OpenPurse) => Promise<Result> | Result,
  ): Promise<Result> {
    const turn = this.#store.allocate("turn");
    const id = encodeId("turn", turn, this.#store.salt);
    const purse = new Purse({ budgets: this.#budgets, turn, id, payer, isOver: () => signal.aborted });
    try {
      return await work(purse);
    } finally {
      await this.#write(purse);
    }
  }

  /** What cannot be written from now on is booked as it was reserved, at the next start. */
  close(): void {
    this.#closed = true;
  }

  async #write(purse: Purse): Promise<void> {
    const rows = purse.close();
    if (rows.length === 0) return;
    try {
      await this.#budgets.write(rows);
      purse.written();
    } catch (cause) {
      const message = "What a model was asked outside of a turn could not be written";
      if (!this.#closed) this.#budgets.warn({ code: "spending_not_written", message, cause });
    }
  }
}
