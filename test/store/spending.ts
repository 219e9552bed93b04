/** What every store does about money; part of the suite in `behaviour.ts`. */
import { describe, expect, it } from "vitest";
import type { SpendingQuery, SpendingRow, SpendingSum, Store } from "../../src/store/port.ts";
import { answered, appended, begun, NOW } from "./rows.ts";

export function aCall(over: Partial<SpendingRow> = {}): SpendingRow {
  return {
    turn: 1,
    call: 0,
    tenant: "default",
    persona: 11,
    owner: "user:7",
    model: "acme:large",
    at: NOW,
    inputTokens: 10,
    outputTokens: 5,
    nanoUsd: 2_500,
    state: "settled",
    ...over,
  };
}

const ALL: SpendingQuery = { by: "fleet", from: 0, to: NOW * 2 };

function aSum(over: Partial<SpendingSum> = {}): SpendingSum {
  return { of: null, calls: 1, inputTokens: 10, outputTokens: 5, nanoUsd: 2_500, unconfirmed: 0, unpriced: 0, ...over };
}

export function keepsSpending(opened: () => Promise<Store>): void {
  describe("spending", () => {
    it("is nothing before anything was spent", async () => {
      expect(await (await opened()).spending(ALL)).toEqual([]);
    });

    it("is written with the settlement of its turn, or not at all", async () => {
      const store = await opened();
      const { items } = await appended(store);
      const { key } = await begun(store, items);
      const settlement = (attempt: number, spending: readonly SpendingRow[]) =>
        store.settle({
          turn: { key, attempt, outcome: "answered", error: null, explanation: "{}" },
          decisions: items.map((item) => answered(item.key)),
          spending,
          at: NOW,
        });
      expect(await settlement(2, [aCall({ turn: key })])).toEqual({ status: "late" });
      expect(await store.spending(ALL)).toEqual([]);
      expect(await settlement(1, [aCall({ turn: key }), aCall({ turn: key, call: 1 })])).toMatchObject({
        status: "settled",
      });
      expect(await store.spending(ALL)).toEqual([
        aSum({ calls: 2, inputTokens: 20, outputTokens: 10, nanoUsd: 5_000 }),
      ]);
    });

    it("does not count what is only reserved, until it is settled in its place", async () => {
      const store = await opened();
      await store.spend([aCall({ inputTokens: 900, state: "reserved" }), aCall({ call: 1, state: "reserved" })]);
      expect(await store.spending(ALL)).toEqual([]);
      await store.spend([aCall()]);
      expect(await store.spending(ALL)).toEqual([aSum()]);
    });

    it("is added up by persona, owner, model and altogether, the most expensive first", async () => {
      const store = await opened();
      await store.spend([
        aCall({ turn: 1, nanoUsd: 1 }),
        aCall({ turn: 2, persona: 12, owner: "user:8", nanoUsd: 7, state: "unconfirmed" }),
        aCall({ turn: 3, persona: 12, owner: null, model: null, nanoUsd: null }),
        aCall({ turn: 4, persona: 13, owner: "user:9", model: "acme:small", nanoUsd: 0, outputTokens: 6 }),
      ]);
      const by = async (query: Partial<SpendingQuery>) =>
        (await store.spending({ ...ALL, ...query })).map(({ of, calls, nanoUsd }) => [of, calls, nanoUsd]);
      expect(await by({ by: "persona" })).toEqual([
        [12, 2, 7],
        [11, 1, 1],
        [13, 1, 0],
      ]);
      expect(await by({ by: "owner" })).toEqual([
        ["user:8", 1, 7],
        ["user:7", 1, 1],
        ["user:9", 1, 0],
        [null, 1, 0],
      ]);
      expect(await by({ by: "model" })).toEqual([
        ["acme:large", 2, 8],
        ["acme:small", 1, 0],
        [null, 1, 0],
      ]);
      expect(await by({ by: "persona", limit: 1 })).toEqual([[12, 2, 7]]);
      expect(await store.spending(ALL)).toEqual([
        aSum({ calls: 4, inputTokens: 40, outputTokens: 21, nanoUsd: 8, unconfirmed: 1, unpriced: 1 }),
      ]);
    });

    it("can be asked for by time, tenant, persona and owner", async () => {
      const store = await opened();
      await store.spend([
        aCall({ turn: 1, at: NOW - 1 }),
        aCall({ turn: 2, at: NOW }),
        aCall({ turn: 3, at: NOW + 1, tenant: "other" }),
        aCall({ turn: 4, at: NOW + 2, persona: 12 }),
        aCall({ turn: 5, at: NOW + 3, owner: "user:8" }),
        aCall({ turn: 6, at: NOW + 4, owner: null }),
      ]);
      const calls = async (query: Partial<SpendingQuery>) => (await store.spending({ ...ALL, ...query }))[0]?.calls;
      expect(await calls({ from: NOW, to: NOW + 1 })).toBe(1);
      expect(await calls({ from: NOW })).toBe(5);
      expect(await calls({ to: NOW })).toBe(1);
      expect(await calls({ tenant: "other" })).toBe(1);
      expect(await calls({ persona: 12 })).toBe(1);
      expect(await calls({ owner: "user:7" })).toBe(4);
      expect(await calls({ owner: "user:7", tenant: "default", persona: 11, from: NOW })).toBe(1);
    });
  });
}
