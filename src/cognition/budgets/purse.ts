/** What one turn pays its calls to models from, and the record of what they cost. */
import { PersonaError } from "../../errors.ts";
import { MODEL_NAME_FORM, MODEL_NAME_PATTERN } from "../../inputs.ts";
import type { SpendingRow } from "../../store/port.ts";
import type { ModelCall, Reservation, Usage } from "../../types.ts";
import { type Amount, describeAmount, NOTHING, Window } from "./account.ts";
import type { Bound, Budgets, Charge, Payer } from "./budgets.ts";
import { costOf, isPlausible, MAX_TOKENS, usdOf } from "./money.ts";

export interface PurseOptions {
  readonly budgets: Budgets;
  /** Key and public id of the turn. */
  readonly turn: number;
  readonly id: string;
  readonly payer: Payer;
  /** Whether the turn's outcome is decided. */
  readonly isOver: () => boolean;
}

/** What is decided of a call: how much of what, and whether somebody said so. */
interface Booking {
  readonly usage: Pick<Usage, "inputTokens" | "outputTokens">;
  readonly nanoUsd: number | null;
  readonly state: SpendingRow["state"];
}

interface Call extends Booking {
  readonly model: string | null;
  readonly charge: Charge;
  /** Whether the call may have been made. */
  made: boolean;
}

export class Purse {
  readonly #options: PurseOptions;
  readonly #calls: Call[] = [];
  readonly #turnWindow = new Window(0, Number.POSITIVE_INFINITY);
  #closed = false;

  constructor(options: PurseOptions) {
    this.#options = options;
  }

  /** Whether a call was reserved: then what cognition reports in the end is not booked again. */
  get used(): boolean {
    return this.#calls.some(({ made }) => made);
  }

  /** What the calls were booked at; undefined if none has a price. */
  get usd(): number | undefined {
    const costs = this.#calls.map(({ nanoUsd }) => nanoUsd).filter((nano) => nano !== null);
    return costs.length === 0 ? undefined : usdOf(costs.reduce((sum, nano) => sum + nano, 0));
  }

  /** Throws `budget_exhausted` when nothing is left to reserve. */
  async assertNotEmpty(): Promise<void> {
    const { budgets, payer } = this.#options;
    this.#assertFits(await budgets.boundsOf(payer), NOTHING);
  }

  async reserve(call: ModelCall): Promise<Reservation> {
    const { budgets, payer } = this.#options;
    const usage = usageOf(call);
    budgets.assertPriced(call.model, payer.persona.budget);
    const price = budgets.priceOf(call.model);
    const nanoUsd = price === undefined ? null : costOf(usage, price);
    const bounds = await budgets.boundsOf(payer);
    this.#assertOpen();
    const amount = amountOf({ usage, nanoUsd });
    this.#assertFits(bounds, amount);
    const booked = this.#take(bounds, { model: call.model, usage, nanoUsd, state: "reserved" });
    if (bounds.length > 0) await this.#writeDown(booked);
    // Only now: a turn that ended meanwhile has booked nothing for a call that is not made.
    this.#assertOpen();
    booked.made = true;
    return { settle: (actual) => this.#settle(booked, actual) };
  }

  /** Books what a cognition used without having reserved it. */
  async book(reported: Usage, model: string | null): Promise<void> {
    const { budgets, payer } = this.#options;
    const plausible = isPlausible(reported);
    const { inputTokens, outputTokens } = reported;
    const usage = plausible
      ? reported
      : { inputTokens: Math.min(inputTokens, MAX_TOKENS), outputTokens: Math.min(outputTokens, MAX_TOKENS) };
    const price = budgets.priceOf(model);
    const nanoUsd = price === undefined ? null : costOf(usage, price);
    const bounds = await budgets.boundsOf(payer);
    if (this.#closed) return;
    this.#take(bounds, { model, usage, nanoUsd, state: plausible ? "settled" : "unconfirmed" });
  }

  /** Nothing is reserved any more; what is not settled is booked as it was reserved. Gives what is to be written. */
  close(): readonly SpendingRow[] {
    this.#closed = true;
    for (const call of this.#calls) {
      if (call.state === "reserved") this.#decide(call, call.made ? { ...call, state: "unconfirmed" } : UNMADE);
    }
    return this.#calls.map((call, number) => this.#row(call, number));
  }

  /** What `close` gave is in the store. */
  written(): void {
    this.#options.budgets.written(this.#calls.map(({ charge }) => charge));
  }

  #settle(call: Call, usage: Usage | undefined): void {
    if (call.state !== "reserved") return;
    this.#decide(call, usage === undefined ? { ...call, state: "unconfirmed" } : this.#bookingOf(call, usage));
  }

  /** What is booked for a usage that was reported; a lie counts for nothing. */
  #bookingOf(call: Call, usage: Usage): Booking {
    const { budgets, id } = this.#options;
    if (usage === null || typeof usage !== "object" || !isPlausible(usage)) {
      const message = `${call.model} reported a usage in turn ${id} that cannot be true; what was reserved is booked`;
      budgets.warn({ code: "usage_invalid", message });
      return { ...call, state: "unconfirmed" };
    }
    const price = budgets.priceOf(call.model);
    const booking: Booking = { usage, nanoUsd: price === undefined ? null : costOf(usage, price), state: "settled" };
    const [reserved, used] = [amountOf(call), amountOf(booking)];
    if (used.tokens > reserved.tokens || used.nanoUsd > reserved.nanoUsd) {
      const message = `${call.model} used ${describeAmount(used)} in turn ${id}; reserved were ${describeAmount(reserved)}`;
      budgets.warn({ code: "usage_above_reservation", message });
    }
    return booking;
  }

  #decide(call: Call, booking: Booking): void {
    const amount = amountOf(booking);
    this.#turnWindow.change(call.charge.amount, amount);
    this.#options.budgets.change(call.charge, amount);
    Object.assign(call, { usage: booking.usage, nanoUsd: booking.nanoUsd, state: booking.state });
  }

  #take(bounds: readonly Bound[], booking: Booking & Pick<Call, "model">): Call {
    const { budgets, payer } = this.#options;
    const amount = amountOf(booking);
    this.#turnWindow.change(NOTHING, amount);
    const charge = budgets.charge(payer, amount, bounds, budgets.clock.now());
    const call = { ...booking, charge, made: false };
    this.#calls.push(call);
    return call;
  }

  /** A call that the store does not know of is not made. */
  async #writeDown(call: Call): Promise<void> {
    try {
      await this.#options.budgets.write([this.#row(call, this.#calls.indexOf(call))]);
    } catch (error) {
      if (call.state === "reserved") this.#decide(call, UNMADE);
      throw error;
    }
  }

  #row({ model, usage, nanoUsd, state, charge }: Call, call: number): SpendingRow {
    const { turn, payer } = this.#options;
    const { tenant, persona, owner } = payer;
    const { inputTokens, outputTokens } = usage;
    return {
      ...{ turn, call, tenant, persona: persona.key, owner, model, at: charge.at },
      ...{ inputTokens, outputTokens, nanoUsd, state },
    };
  }

  #assertOpen(): void {
    if (this.#closed || this.#options.isOver())
      throw new PersonaError("turn_conflict", "The turn has ended; nothing can be reserved for it");
  }

  /** With nothing to be taken, whether anything is left. */
  #assertFits(bounds: readonly Bound[], amount: Amount): void {
    const { budgets, payer } = this.#options;
    const now = budgets.clock.now();
    if (budgets.turnBudget !== undefined && !this.#turnWindow.fits(budgets.turnBudget, amount)) {
      throw new PersonaError("budget_exhausted", "The budget of the turn has no room for another call to a model");
    }
    const full = bounds.filter(({ account, budget }) => !account.at(now).fits(budget, amount));
    const first = full[0];
    if (first === undefined) return;
    const ends = Math.max(...full.map(({ account }) => account.at(now).end));
    // Where no window has room for it, waiting for the next one is in vain.
    const held = full.every(({ budget }) => budget.onExhausted === "hold" && new Window(0, 1).fits(budget, amount));
    const whose = first.scope === "persona" ? `of ${payer.persona.id}` : WHOSE[first.scope];
    throw new PersonaError(
      "budget_exhausted",
      `The budget ${whose} is exhausted; its next window begins at ${new Date(ends).toISOString()}`,
      held ? { retryAfterMs: ends - now } : {},
    );
  }
}

const WHOSE = { turn: "of the turn", owner: "of the conversation's owner", fleet: "of the fleet" };

/** A call that was reserved and then not made. */
const UNMADE: Booking = { usage: { inputTokens: 0, outputTokens: 0 }, nanoUsd: 0, state: "settled" };

function amountOf({ usage, nanoUsd }: Pick<Booking, "usage" | "nanoUsd">): Amount {
  return { tokens: usage.inputTokens + usage.outputTokens, nanoUsd: nanoUsd ?? 0 };
}

/** Throws `invalid_input` for what no call can be. */
function usageOf({ model, inputTokens, maxOutputTokens }: ModelCall): Usage {
  const usage = { inputTokens, outputTokens: maxOutputTokens };
  const faults = [
    ...(typeof model === "string" && MODEL_NAME_PATTERN.test(model) ? [] : [["model", MODEL_NAME_FORM] as const]),
    ...Object.entries({ inputTokens, maxOutputTokens })
      .filter(([, tokens]) => !isPlausible({ inputTokens: tokens, outputTokens: 0 }))
      .map(([field]) => [field, `must be a whole number from 0 to ${MAX_TOKENS}`] as const),
  ].map(([field, message]) => ({ field: `call.${field}`, message }));
  if (faults.length === 0) return usage;
  throw new PersonaError("invalid_input", "The call to be reserved is not valid", { fields: faults });
}
