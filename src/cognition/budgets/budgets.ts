/**
 * What calls to models may cost, and what they cost. The accounts of personas, owners and the fleet
 * are read from the store when they are first needed and then kept here: what is reserved and what is
 * booked is taken out of the window in which the call was reserved, so that turns that run at the
 * same time cannot overspend together.
 */
import type { Clock } from "../../clock.ts";
import { PersonaError } from "../../errors.ts";
import type { SpendingQuery, SpendingRow, Store } from "../../store/port.ts";
import type { Budget, PersonaWarning, Price } from "../../types.ts";
import { Account, type Amount, NOTHING, Window, windowAt } from "./account.ts";
import type { CheckedBudgets } from "./settings.ts";

/** Who a call is made for. */
export interface Payer {
  readonly tenant: string;
  readonly persona: { readonly key: number; readonly id: string; readonly budget: Budget | null };
  readonly owner: string | null;
}

export type Scope = "turn" | "persona" | "owner" | "fleet";

/** A limit that bounds a payer, and the account that it is about. */
export interface Bound {
  readonly scope: Scope;
  readonly budget: Budget;
  readonly account: Account;
}

/** A call that is reserved or booked, until the store has it for good. */
export interface Charge {
  readonly payer: Payer;
  readonly at: number;
  amount: Amount;
  /** The windows that the amount is taken out of. */
  readonly windows: Set<Window>;
}

/** Accounts whose window is over are forgotten when there are so many, and then whenever they have doubled. */
const MANY_ACCOUNTS = 10_000;

export class Budgets {
  readonly clock: Clock;
  readonly warn: (warning: PersonaWarning) => void;
  readonly #store: Pick<Store, "spend" | "spending">;
  readonly #limits: CheckedBudgets;
  readonly #prices: ReadonlyMap<string, Price>;
  readonly #accounts = new Map<string, Account>();
  /** So many are looked through next: each time the double of what was kept, so that it costs each account the same. */
  #many = MANY_ACCOUNTS;
  readonly #loading = new Map<string, Promise<Account>>();
  readonly #charges = new Set<Charge>();

  constructor(options: {
    store: Pick<Store, "spend" | "spending">;
    clock: Clock;
    limits: CheckedBudgets;
    prices: Readonly<Record<string, Price>>;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#store = options.store;
    this.clock = options.clock;
    this.#limits = options.limits;
    this.#prices = new Map(Object.entries(options.prices));
    this.warn = options.warn;
  }

  priceOf(model: string | null): Price | undefined {
    return model === null ? undefined : this.#prices.get(model);
  }

  get turnBudget(): CheckedBudgets["turn"] {
    return this.#limits.turn;
  }

  /** Throws `price_unknown` when a budget in dollars bounds the calls of this model, and nobody knows what they cost. */
  assertPriced(model: string | undefined, own: Budget | null): void {
    if (model === undefined || this.#prices.has(model)) return;
    const { turn, persona, owner, fleet } = this.#limits;
    if ([turn, own ?? persona, owner, fleet].every((budget) => budget?.usd === undefined)) return;
    throw new PersonaError(
      "price_unknown",
      `A budget in dollars bounds ${model}, which has no price; give one in \`prices\`, or bound tokens instead`,
    );
  }

  /** Whether a window bounds what this persona spends. */
  bounds(own: Budget | null): boolean {
    const { persona, owner, fleet } = this.#limits;
    return (own ?? persona ?? owner ?? fleet) !== undefined;
  }

  /** The accounts that bound a payer, read from the store if they are not at hand. */
  async boundsOf({ tenant, persona, owner }: Payer): Promise<readonly Bound[]> {
    const { persona: ofPersonas, owner: ofOwners, fleet } = this.#limits;
    const ofPersona = persona.budget ?? ofPersonas;
    const bounds: Promise<Bound>[] = [];
    const add = (scope: Scope, budget: Budget | undefined, whose: Partial<SpendingQuery>) => {
      if (budget === undefined) return;
      bounds.push(this.#account(scope, whose, budget).then((account) => ({ scope, budget, account })));
    };
    add("persona", ofPersona, { persona: persona.key });
    if (owner !== null) add("owner", ofOwners, { tenant, owner });
    add("fleet", fleet, {});
    return Promise.all(bounds);
  }

  /** Takes an amount out of the windows of the moment. */
  charge(payer: Payer, amount: Amount, bounds: readonly Bound[], now: number): Charge {
    const windows = new Set(bounds.map(({ account }) => account.at(now)));
    for (const window of windows) window.change(NOTHING, amount);
    const charge = { payer, at: now, amount, windows };
    this.#charges.add(charge);
    return charge;
  }

  /** The amount of a charge turns out to be another one. */
  change(charge: Charge, amount: Amount): void {
    for (const window of charge.windows) window.change(charge.amount, amount);
    charge.amount = amount;
  }

  /** The store has the last word on these charges. */
  written(charges: readonly Charge[]): void {
    for (const charge of charges) this.#charges.delete(charge);
  }

  write(rows: readonly SpendingRow[]): Promise<void> {
    return this.#store.spend(rows);
  }

  async #account(scope: Scope, whose: Partial<SpendingQuery>, budget: Budget): Promise<Account> {
    const { windowMs } = budget;
    const name = JSON.stringify([scope, whose.tenant, whose.persona ?? whose.owner, windowMs]);
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const present = this.#loading.get(name);
    if (present !== undefined) return present;
    const loading = this.#load(whose, windowMs);
    this.#loading.set(name, loading);
    try {
      const account = await loading;
      this.#forgetSome();
      this.#accounts.set(name, account);
      return account;
    } finally {
      this.#loading.delete(name);
    }
  }

  /** What the store has of the window, and what it will have. */
  async #load(whose: Partial<SpendingQuery>, windowMs: number): Promise<Account> {
    const { start, end } = windowAt(this.clock.now(), windowMs);
    const [sum] = await this.#store.spending({ by: "fleet", from: start, to: end, ...whose });
    const tokens = (sum?.inputTokens ?? 0) + (sum?.outputTokens ?? 0);
    const window = new Window(start, end, { tokens, nanoUsd: sum?.nanoUsd ?? 0 });
    for (const charge of this.#charges) {
      if (!window.covers(charge.at) || !isOf(charge.payer, whose)) continue;
      window.change(NOTHING, charge.amount);
      charge.windows.add(window);
    }
    return new Account(windowMs, window);
  }

  #forgetSome(): void {
    if (this.#accounts.size < this.#many) return;
    const now = this.clock.now();
    for (const [name, account] of this.#accounts) if (account.isOver(now)) this.#accounts.delete(name);
    this.#many = Math.max(MANY_ACCOUNTS, 2 * this.#accounts.size);
  }
}

function isOf(payer: Payer, { tenant, persona, owner }: Partial<SpendingQuery>): boolean {
  if (persona !== undefined) return payer.persona.key === persona;
  return owner === undefined || (payer.owner === owner && payer.tenant === tenant);
}
