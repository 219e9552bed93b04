import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { Budgets } from "../../src/cognition/budgets/budgets.ts";
import { Purse } from "../../src/cognition/budgets/purse.ts";
import { budgetsSchema } from "../../src/cognition/budgets/settings.ts";
import { PersonaError } from "../../src/errors.ts";
import type { Store } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Reservation } from "../../src/types.ts";
import { tempFolder } from "../store/temp-folder.ts";

const START = Date.UTC(2026, 0, 1);
const MODEL = "acme:large";
const PRICES = { [MODEL]: { inputUsdPerMTok: 1_000, outputUsdPerMTok: 2_000 } };
const LIMITS = budgetsSchema.parse({
  turn: { tokens: 60 },
  persona: { tokens: 90, windowMs: 1_000 },
  owner: { usd: 0.15, windowMs: 3_000 },
  fleet: { tokens: 200, windowMs: 10_000 },
});

const size = fc.integer({ min: 0, max: 25 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("reserve" as const),
      turn: fc.nat(5),
      persona: fc.integer({ min: 1, max: 3 }),
      owner: fc.constantFrom("user:1", "user:2", null),
      input: size,
      output: size,
    }),
  },
  // More output than was reserved is an overshoot, -1 a lie; null says nothing.
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("settle" as const),
      call: fc.nat(9),
      output: fc.option(fc.integer({ min: -1, max: 30 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("end" as const), turn: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("crash" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Amount {
  readonly tokens: number;
  readonly nano: number;
}

const amountOf = (input: number, output: number): Amount => ({
  tokens: input + output,
  nano: (input + 2 * output) * 1_000_000,
});

interface Turn {
  readonly key: number;
  readonly persona: number;
  readonly owner: string | null;
}

/** A call as the naive model sees it. */
interface Call {
  readonly turn: Turn;
  readonly at: number;
  readonly input: number;
  readonly reserved: Amount;
  amount: Amount;
  /** Tokens that a crash has taken for it beyond what it was settled with, and others may have had meanwhile. */
  retaken: number;
  inStore: boolean;
}

/** The model: a list of calls, added up whenever somebody asks. */
class Calls {
  readonly list: Call[] = [];

  fits(turn: Turn, more: Amount, now: number): boolean {
    const taken = (windowMs: number, unit: keyof Amount, isOf: (turn: Turn) => boolean) => {
      const start = Math.floor(now / windowMs) * windowMs;
      return sum(this.list.filter((call) => isOf(call.turn) && call.at >= start).map(({ amount }) => amount[unit]));
    };
    const { key, persona, owner } = turn;
    const bounds: [taken: number, more: number, limit: number][] = [
      [taken(Number.MAX_SAFE_INTEGER, "tokens", (other) => other.key === key), more.tokens, 60],
      [taken(1_000, "tokens", (other) => other.persona === persona), more.tokens, 90],
      [taken(10_000, "tokens", () => true), more.tokens, 200],
    ];
    if (owner !== null) bounds.push([taken(3_000, "nano", (other) => other.owner === owner), more.nano, 150_000_000]);
    return bounds.every(([used, add, limit]) => (add === 0 ? used < limit : used + add <= limit));
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

/** Runs steps through purses over a real database and through the model, which must agree after each. */
class Run {
  readonly #file: string;
  readonly #clock = new ManualClock(START);
  readonly #calls = new Calls();
  #turns = new Map<number, { readonly turn: Turn; readonly purse: Purse }>();
  #open: { readonly call: Call; readonly reservation: Reservation }[] = [];
  #begun = 0;
  #store!: Store;
  #budgets!: Budgets;

  constructor(file: string) {
    this.#file = file;
  }

  async begin(): Promise<void> {
    const clock = this.#clock;
    this.#store = await openSqliteStore(this.#file, { clock });
    this.#budgets = new Budgets({ store: this.#store, clock, limits: LIMITS, prices: PRICES, warn: () => {} });
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async take(step: Step): Promise<void> {
    if (step.type === "pass") this.#clock.advance(step.ms);
    else if (step.type === "reserve") await this.#reserve(step);
    else if (step.type === "settle") this.#settle(step);
    else if (step.type === "end") await this.#end(step.turn);
    else await this.#crash();
    await this.#compare();
  }

  async #reserve(step: Step & { type: "reserve" }): Promise<void> {
    const { turn, purse } = this.#turns.get(step.turn) ?? this.#beginTurn(step);
    this.#turns.set(step.turn, { turn, purse });
    const reserved = amountOf(step.input, step.output);
    const fits = this.#calls.fits(turn, reserved, this.#clock.now());
    const asked = { model: MODEL, inputTokens: step.input, maxOutputTokens: step.output };
    const reservation = await purse.reserve(asked).catch((error: unknown) => {
      if (error instanceof PersonaError && error.code === "budget_exhausted") return undefined;
      throw error;
    });
    expect(reservation !== undefined).toBe(fits);
    if (reservation === undefined) return;
    const at = this.#clock.now();
    const call: Call = { turn, at, input: step.input, reserved, amount: reserved, retaken: 0, inStore: false };
    this.#calls.list.push(call);
    this.#open.push({ call, reservation });
  }

  #beginTurn({ persona, owner }: Step & { type: "reserve" }) {
    this.#begun += 1;
    const key = this.#begun;
    const purse = new Purse({
      budgets: this.#budgets,
      turn: key,
      id: `turn ${key}`,
      payer: { tenant: "default", persona: { key: persona, id: `p${persona}`, budget: null }, owner },
      isOver: () => false,
    });
    return { turn: { key, persona, owner }, purse };
  }

  #settle({ call: index, output }: Step & { type: "settle" }): void {
    const [settled] = this.#open.splice(index % Math.max(1, this.#open.length), 1);
    if (settled === undefined) return;
    const { call, reservation } = settled;
    reservation.settle(output === null ? undefined : { inputTokens: call.input, outputTokens: output });
    if (output !== null && output >= 0) call.amount = amountOf(call.input, output);
  }

  async #end(index: number): Promise<void> {
    const ending = this.#turns.get(index);
    if (ending === undefined) return;
    this.#turns.delete(index);
    await this.#store.spend(ending.purse.close());
    ending.purse.written();
    this.#open = this.#open.filter(({ call }) => call.turn !== ending.turn);
    for (const call of this.#calls.list) if (call.turn === ending.turn) call.inStore = true;
  }

  /** What was not settled with its turn is as it was reserved. */
  async #crash(): Promise<void> {
    await this.#store.close();
    for (const call of this.#calls.list) {
      if (!call.inStore) {
        call.retaken = Math.max(0, call.reserved.tokens - call.amount.tokens);
        call.amount = call.reserved;
      }
      call.inStore = true;
    }
    this.#turns = new Map();
    this.#open = [];
    await this.begin();
  }

  async #compare(): Promise<void> {
    const now = this.#clock.now();
    const start = Math.floor(now / 10_000) * 10_000;
    const recent = this.#calls.list.filter(({ at }) => at >= start);
    const overshot = sum(recent.map(({ amount, reserved }) => Math.max(0, amount.tokens - reserved.tokens)));
    const retaken = sum(recent.map((call) => call.retaken));
    expect(sum(recent.map(({ amount }) => amount.tokens))).toBeLessThanOrEqual(200 + overshot + retaken);
    const settled = this.#calls.list.filter(({ inStore }) => inStore);
    for (const by of ["fleet", "persona", "owner", "model"] as const) {
      const report = await this.#store.spending({ by, from: 0, to: now + 1 });
      expect(sum(report.map(({ nanoUsd }) => nanoUsd))).toBe(sum(settled.map(({ amount }) => amount.nano)));
      expect(sum(report.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens))).toBe(
        sum(settled.map(({ amount }) => amount.tokens)),
      );
    }
  }
}

it("spends exactly what a naive list of calls allows, across windows and crashes", async () => {
  const folder = tempFolder();
  let files = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      files += 1;
      const run = new Run(join(folder, `${files}.db`));
      await run.begin();
      try {
        for (const one of steps) await run.take(one);
      } finally {
        await run.close();
      }
    }),
    { numRuns: 20, interruptAfterTimeLimit: 60_000 },
  );
});
