import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRuntime } from "../../src/index.ts";
import type { Store } from "../../src/store/port.ts";
import type { Cognition, CognitionTurn, ModelCall, Reservation, Runtime, Usage } from "../../src/types.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { turns, until } from "../support/event-loop.ts";
import { enroll, openHouse, openOver, outcomeOf, pass } from "./harness.ts";

const HOUR = 3_600_000;
const LARGE = "acme:large";
const prices = { [LARGE]: { inputUsdPerMTok: 1, outputUsdPerMTok: 2 } };
const asksFor = (inputTokens: number, maxOutputTokens: number): ModelCall => ({
  model: LARGE,
  inputTokens,
  maxOutputTokens,
});
const used = (inputTokens: number, outputTokens: number): Usage => ({ inputTokens, outputTokens });

/** Answers after one call of 60 + 40 tokens, of which it uses what it is told to. */
const calls =
  (usage: Usage | undefined): Cognition =>
  async (turn) => {
    (await turn.reserve(asksFor(60, 40))).settle(usage);
    return "yes";
  };

const say = (runtime: Runtime, persona: string, from = "user:7") => outcomeOf(runtime.send(persona, "?", { from }));
const spentBy = async (runtime: Runtime, by: "persona" | "owner" | "model" | "fleet") =>
  Object.fromEntries((await runtime.spending({ by })).map(({ of = "", ...sum }) => [of, sum]));
const tokensOf = async (runtime: Runtime) => {
  const [{ inputTokens = 0, outputTokens = 0 } = {}] = await runtime.spending({ by: "fleet" });
  return inputTokens + outputTokens;
};

const EXHAUSTED = "declined: A budget has no room for the call to a model that this takes (budget_exhausted)";

describe("a budget", () => {
  it("declines what does not fit, until its window turns", async () => {
    const budgets = { persona: { tokens: 150, windowMs: HOUR } };
    const { runtime, clock } = await openHouse({ budgets, cognition: calls(used(60, 40)) });
    await enroll(runtime, "ada");
    await enroll(runtime, "max");
    expect(await say(runtime, "ada")).toBe("yes");
    expect(await say(runtime, "ada")).toBe(EXHAUSTED);
    // Everybody has a budget of one's own.
    expect(await say(runtime, "max")).toBe("yes");
    clock.advance(HOUR);
    expect(await say(runtime, "ada")).toBe("yes");
    expect(runtime.status()).toMatchObject({ answered: 3, declined: 1, dead: 0, retried: 0 });
  });

  it("holds what does not fit until its window turns, if that is its policy", async () => {
    const budgets = { fleet: { tokens: 150, windowMs: HOUR, onExhausted: "hold" as const } };
    const { runtime, clock } = await openHouse({ budgets, cognition: calls(used(60, 40)) });
    await enroll(runtime, "ada");
    expect(await say(runtime, "ada")).toBe("yes");
    const second = say(runtime, "ada");
    await pass(clock, HOUR - 1);
    expect(runtime.status()).toMatchObject({ answered: 1, queued: 1, inFlight: 0, retried: 1 });
    expect(runtime.status("ada")).toMatchObject({ breaker: { state: "closed", failures: 0 } });
    await pass(clock, 1);
    expect(await second).toBe("yes");
  });

  it("declines what fits into no window, also if its policy is to hold", async () => {
    const budgets = { persona: { tokens: 99, windowMs: HOUR, onExhausted: "hold" as const } };
    const { runtime } = await openHouse({ budgets, cognition: calls(used(60, 40)) });
    await enroll(runtime, "ada");
    expect(await say(runtime, "ada")).toBe(EXHAUSTED);
    expect(await tokensOf(runtime)).toBe(0);
  });

  it("of owners is that of who talks, with whomever", async () => {
    const { runtime } = await openHouse({ budgets: { owner: { tokens: 100 } }, cognition: calls(used(60, 40)) });
    await enroll(runtime, "ada");
    await enroll(runtime, "max");
    expect(await say(runtime, "ada", "user:7")).toBe("yes");
    expect(await say(runtime, "max", "user:7")).toBe(EXHAUSTED);
    expect(await say(runtime, "max", "user:8")).toBe("yes");
  });

  it("of a turn bounds its calls together", async () => {
    const made: number[] = [];
    const loop: Cognition = async (turn) => {
      for (let call = 0; ; call += 1) {
        (await turn.reserve(asksFor(60, 40))).settle(used(50, 10));
        made.push(call);
      }
    };
    const { runtime } = await openHouse({ budgets: { turn: { tokens: 200 } }, cognition: loop });
    await enroll(runtime, "ada");
    expect(await say(runtime, "ada")).toBe(EXHAUSTED);
    expect(made).toEqual([0, 1]);
    expect(await tokensOf(runtime)).toBe(120);
    expect(await say(runtime, "ada")).toBe(EXHAUSTED);
    expect(made).toEqual([0, 1, 0, 1]);
  });

  it("in dollars is exact to the last one", async () => {
    // 60 × 1 + 40 × 2 millionths of a dollar.
    const budgets = { persona: { usd: 0.00042 } };
    const { runtime } = await openHouse({ budgets, prices, cognition: calls(used(60, 40)) });
    await enroll(runtime, "ada", { model: LARGE });
    for (const outcome of ["yes", "yes", "yes", EXHAUSTED]) expect(await say(runtime, "ada")).toBe(outcome);
    expect(await runtime.spending({ by: "fleet" })).toMatchObject([{ calls: 3, usd: 0.00042, unpriced: 0 }]);
  });

  it("of a persona is its own where it has one, and can be changed and taken away", async () => {
    const { runtime } = await openHouse({ budgets: { persona: { tokens: 100 } }, cognition: calls(used(60, 40)) });
    await enroll(runtime, "ada", { settings: { budget: { tokens: 200 } } });
    for (const outcome of ["yes", "yes", EXHAUSTED]) expect(await say(runtime, "ada")).toBe(outcome);
    await runtime.configure("ada", { settings: { budget: { tokens: 300 } } });
    for (const outcome of ["yes", EXHAUSTED]) expect(await say(runtime, "ada")).toBe(outcome);
    // What was spent under another window counts in the new one.
    await runtime.configure("ada", { settings: { budget: { tokens: 400, windowMs: HOUR } } });
    for (const outcome of ["yes", EXHAUSTED]) expect(await say(runtime, "ada")).toBe(outcome);
    const { settings } = await runtime.configure("ada", { settings: { budget: null } });
    expect(settings.budget).toBeNull();
    expect(await say(runtime, "ada")).toBe(EXHAUSTED);
  });

  it("cannot be overspent by turns that run together", async () => {
    const reserved: CognitionTurn[] = [];
    const open = Promise.withResolvers<void>();
    const slow: Cognition = async (turn) => {
      const reservation = await turn.reserve(asksFor(60, 40));
      reserved.push(turn);
      await open.promise;
      reservation.settle(used(60, 40));
      return "yes";
    };
    const { runtime } = await openHouse({ budgets: { fleet: { tokens: 350 } }, cognition: slow });
    for (let n = 0; n < 10; n += 1) await enroll(runtime, `p${n}`);
    const answers = Array.from({ length: 10 }, (_, n) => say(runtime, `p${n}`));
    await until(() => runtime.status().declined === 7);
    expect(reserved).toHaveLength(3);
    open.resolve();
    expect((await Promise.all(answers)).filter((answer) => answer === "yes")).toHaveLength(3);
    expect(await tokensOf(runtime)).toBe(300);
  });

  it("gives back what was reserved and not used", async () => {
    const { runtime } = await openHouse({ budgets: { fleet: { tokens: 110 } }, cognition: calls(used(5, 0)) });
    await enroll(runtime, "ada");
    for (const outcome of ["yes", "yes", "yes", EXHAUSTED]) expect(await say(runtime, "ada")).toBe(outcome);
    expect(await tokensOf(runtime)).toBe(15);
  });

  it("counts what a function says that it has used without a reservation, and asks it no more then", async () => {
    let asked = 0;
    const cognition: Cognition = () => {
      asked += 1;
      return { text: "yes", usage: used(900, 200) };
    };
    const { runtime } = await openHouse({ budgets: { persona: { tokens: 1_000 } }, prices, cognition });
    await enroll(runtime, "ada", { model: LARGE });
    expect(await say(runtime, "ada")).toBe("yes");
    expect(await say(runtime, "ada")).toBe(EXHAUSTED);
    expect(asked).toBe(1);
    expect(await spentBy(runtime, "model")).toMatchObject({ [LARGE]: { inputTokens: 900, usd: 0.0013 } });
  });

  it("does not concern a rehearsal, which costs nothing", async () => {
    const { runtime } = await openHouse({ budgets: { fleet: { tokens: 100 } } });
    await enroll(runtime, "max", { cognition: calls(used(60, 40)) });
    await say(runtime, "max");
    const house = await openHouse({ budgets: { fleet: { tokens: 1 } }, cognition: undefined as never });
    await enroll(house.runtime, "ada");
    expect(await say(house.runtime, "ada")).toMatch("rehearsal");
  });
});

describe("what is booked", () => {
  it("is the usage, also above what was reserved, which is said", async () => {
    const { runtime, warnings } = await openHouse({ prices, cognition: calls(used(60, 50)) });
    await enroll(runtime, "ada", { model: LARGE });
    await say(runtime, "ada");
    const [sum] = await runtime.spending({ by: "fleet" });
    expect(sum).toEqual({ of: undefined, calls: 1, ...used(60, 50), usd: 0.00016, unconfirmed: 0, unpriced: 0 });
    expect(warnings).toMatchObject([{ code: "usage_above_reservation" }]);
  });

  it.each([used(-5, 0), used(Number.NaN, 0), used(1e12, 0), { ...used(1, 1), cachedInputTokens: 9 }, {}, null, "40"])(
    "is what was reserved when the usage is a lie: %j",
    async (lie) => {
      const { runtime, warnings } = await openHouse({ cognition: calls(lie as Usage) });
      await enroll(runtime, "ada");
      expect(await say(runtime, "ada")).toBe("yes");
      expect(await spentBy(runtime, "fleet")).toMatchObject({ "": { ...used(60, 40), unconfirmed: 1 } });
      expect(warnings).toMatchObject([{ code: "usage_invalid" }]);
    },
  );

  it("is what was reserved when nobody says what was used", async () => {
    const { runtime } = await openHouse({ cognition: calls(undefined) });
    await enroll(runtime, "ada");
    await say(runtime, "ada");
    expect(await spentBy(runtime, "fleet")).toMatchObject({ "": { ...used(60, 40), unconfirmed: 1 } });
  });

  it("is said only once of a call", async () => {
    const { runtime } = await openHouse({
      cognition: async (turn) => {
        const reservation = await turn.reserve(asksFor(60, 40));
        reservation.settle(used(1, 1));
        reservation.settle(used(9, 9));
        return { text: "yes", usage: used(7, 7) };
      },
    });
    await enroll(runtime, "ada");
    await say(runtime, "ada");
    expect(await tokensOf(runtime)).toBe(2);
  });

  it("is all that was reserved by a turn that fails, and that runs out of time", async () => {
    const { runtime, clock } = await openHouse({
      cognition: async (turn) => {
        await turn.reserve(asksFor(60, 40));
        turn.stream("Well");
        if (turn.text === "fail") throw new Error("cut");
        await new Promise<never>((_, reject) => turn.signal.addEventListener("abort", () => reject(new Error("late"))));
      },
    });
    await enroll(runtime, "ada", { settings: { deadlineMs: 1_000 } });
    const { accepted } = runtime.send("ada", "fail", { from: "user:7" });
    await accepted;
    await pass(clock, 0);
    expect(await spentBy(runtime, "owner")).toMatchObject({ "user:7": { calls: 1, unconfirmed: 1, ...used(60, 40) } });
    await runtime.send("ada", "hang", { from: "user:8" }).accepted;
    await pass(clock, 999);
    expect(await spentBy(runtime, "owner")).not.toHaveProperty("user:8");
    await pass(clock, 1);
    await turns();
    expect(await spentBy(runtime, "owner")).toMatchObject({ "user:8": { calls: 1, unconfirmed: 1, ...used(60, 40) } });
  });

  it("is said in the explanation, in dollars", async () => {
    const { runtime } = await openHouse({ prices, cognition: calls(used(60, 10)) });
    await enroll(runtime, "ada", { model: LARGE });
    const reply = await runtime.send("ada", "?", { from: "user:7" });
    expect((await runtime.explain(reply.id)).cost.usd).toBe(0.00008);
  });

  it("is no row and nothing in a settlement without a usage", async () => {
    const settled: object[] = [];
    const spend = async () => expect.unreachable();
    const { runtime } = await openOver((store) => {
      const settle: Store["settle"] = (command) => {
        settled.push(command);
        return store.settle(command);
      };
      return new Proxy(store, {
        get: (target, name) => {
          if (name === "spend") return spend;
          const value = name === "settle" ? settle : Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    });
    await enroll(runtime, "ada");
    expect(await say(runtime, "ada")).toBe("?");
    expect(settled.map((command) => "spending" in command)).toEqual([false]);
  });

  it("stays, also of a turn whose settlement came late", async () => {
    const { runtime } = await openOver((store) => {
      const settle: Store["settle"] = async (command) => {
        await store.settle({ ...command, spending: [] });
        return { status: "late" };
      };
      return new Proxy(store, {
        get: (target, name) => {
          const value = name === "settle" ? settle : Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    });
    await enroll(runtime, "ada", { cognition: calls(used(60, 10)) });
    void say(runtime, "ada");
    await turns();
    expect(await tokensOf(runtime)).toBe(70);
  });
});

describe("a reservation", () => {
  it("that no call can be is refused", async () => {
    const tried = Promise.withResolvers<unknown>();
    const { runtime } = await openHouse({
      cognition: async (turn) => {
        const call = { model: "large", inputTokens: -1, maxOutputTokens: 0.5 };
        tried.resolve(await turn.reserve(call).catch((error: unknown) => error));
        return "no";
      },
    });
    await enroll(runtime, "ada");
    await say(runtime, "ada");
    expect(await tried.promise).toMatchObject({
      code: "invalid_input",
      fields: [{ field: "call.model" }, { field: "call.inputTokens" }, { field: "call.maxOutputTokens" }],
    });
  });

  it("is refused after the turn has ended, and books nothing", async () => {
    const late = Promise.withResolvers<CognitionTurn>();
    const { runtime } = await openHouse({
      cognition: (turn) => {
        late.resolve(turn);
        return "yes";
      },
    });
    await enroll(runtime, "ada");
    await say(runtime, "ada");
    await expect((await late.promise).reserve(asksFor(1, 1))).rejects.toMatchObject({ code: "turn_conflict" });
    expect(await tokensOf(runtime)).toBe(0);
  });

  it("that cannot be written is none: the call must not be made", async () => {
    const outcome = Promise.withResolvers<Reservation | Error>();
    const folder = tempFolder();
    const runtime = await createRuntime({
      store: join(folder, "a.db"),
      budgets: { fleet: { tokens: 1_000 } },
      cognition: async (turn) => {
        const closing = runtime.close({ graceMs: 0 });
        outcome.resolve(await turn.reserve(asksFor(60, 40)).catch((error: Error) => error));
        await closing;
        return "no";
      },
    });
    await enroll(runtime, "ada");
    void say(runtime, "ada");
    expect(await outcome.promise).toBeInstanceOf(Error);
    await runtime.close();
    const next = await createRuntime({ store: join(folder, "a.db"), budgets: { fleet: { tokens: 1_000 } } });
    expect(await tokensOf(next)).toBe(0);
    await next.close({ graceMs: 0 });
  });
});

describe("a model without a price", () => {
  const budgets = { fleet: { usd: 5 } };

  it("cannot be that of a persona under a budget in dollars", async () => {
    const { runtime } = await openHouse({ budgets, prices });
    const model = "acme:unheard";
    const refusal = { code: "price_unknown", message: expect.stringContaining(model) };
    await expect(runtime.enroll({ id: "ada", name: "Ada", model })).rejects.toMatchObject(refusal);
    expect(runtime.has("ada")).toBe(false);
    await enroll(runtime, "max", { model: LARGE });
  });

  it("is found when a persona gets a budget of its own in dollars", async () => {
    const { runtime } = await openHouse({ prices });
    await enroll(runtime, "ada", { model: "acme:unheard", settings: { budget: { tokens: 5 } } });
    const change = runtime.configure("ada", { settings: { budget: { usd: 5 } } });
    await expect(change).rejects.toMatchObject({ code: "price_unknown" });
    expect(runtime.status("ada").settings.budget).toMatchObject({ tokens: 5 });
  });

  it("lets no runtime start that has such a persona", async () => {
    const store = join(tempFolder(), "a.db");
    const first = await createRuntime({ store });
    await enroll(first, "ada", { model: "acme:unheard" });
    await first.close();
    await expect(createRuntime({ store, budgets })).rejects.toMatchObject({
      code: "price_unknown",
      message: expect.stringMatching(/ada.*acme:unheard/),
    });
    // And leaves the database to whoever comes next.
    await (await createRuntime({ store, budgets: { fleet: { tokens: 5 } } })).close();
  });

  it("is not called", async () => {
    const call = { model: "acme:unheard", inputTokens: 1, maxOutputTokens: 1 };
    const tried = Promise.withResolvers<unknown>();
    const { runtime } = await openHouse({
      budgets,
      cognition: async (turn) => {
        tried.resolve(await turn.reserve(call).catch((error: unknown) => error));
        return "no";
      },
    });
    await enroll(runtime, "ada");
    await say(runtime, "ada");
    const message = expect.stringContaining("acme:unheard");
    expect(await tried.promise).toMatchObject({ code: "price_unknown", message });
    expect(await tokensOf(runtime)).toBe(0);
  });
});

it("is durable: what was spent before a restart counts after it, in the same window", async () => {
  const folder = tempFolder();
  const options = { store: join(folder, "a.db"), budgets: { owner: { tokens: 250, windowMs: 24 * HOUR } } };
  const first = await openHouse({ ...options, cognition: calls(used(60, 40)) });
  await enroll(first.runtime, "ada");
  for (const outcome of ["yes", "yes", EXHAUSTED]) expect(await say(first.runtime, "ada")).toBe(outcome);
  await first.runtime.close();

  const { runtime, clock } = await openHouse({ ...options, cognition: calls(used(20, 20)) });
  expect(await spentBy(runtime, "persona")).toMatchObject({ ada: { calls: 2, ...used(120, 80) } });
  expect(await say(runtime, "ada")).toBe(EXHAUSTED);
  clock.advance(24 * HOUR);
  expect(await say(runtime, "ada")).toBe("yes");
  const today = await runtime.spending({ by: "owner", from: clock.now() });
  expect(today).toMatchObject([{ of: "user:7", ...used(20, 20) }]);
});
