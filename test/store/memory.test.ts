import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { behavesLikeAStore } from "./behaviour.ts";
import { appended, begun, died, freshItem, NOW, settledByReply, withItems } from "./rows.ts";

describe("the memory store", () => {
  behavesLikeAStore(openMemoryStore);

  it("forgets what was decided longest ago, with all that belongs to it, and nothing undecided", async () => {
    const store = await openMemoryStore({ clock: new ManualClock(NOW), maxMessages: 4 });
    const once = { scope: "default", key: "order-1", fingerprint: "abc" };
    const waiting = await appended(store, 1);
    const first = withItems(store, 1);
    await store.append({ ...first, idempotency: once });
    const turn = await begun(store, first.items);
    await settledByReply(store, turn);
    expect(await store.append({ ...withItems(store, 1), idempotency: once })).toMatchObject({ status: "replayed" });

    const later = [];
    for (let index = 0; index < 4; index += 1) {
      const { message, items } = await appended(store, 1);
      await settledByReply(store, await begun(store, items));
      later.push(message.key);
    }

    expect(await store.message(waiting.message.key)).toEqual(waiting.message);
    expect(await store.itemsOf(waiting.message)).toEqual(waiting.items);
    expect(await store.message(first.message.key)).toBeUndefined();
    expect(await store.itemsOf(first.message)).toEqual([]);
    expect(await store.turn(turn.key)).toBeUndefined();
    const kept = (await store.messages({ conversation: 1, limit: 100 })).map(({ key }) => key);
    expect(kept).toHaveLength(5);
    expect(kept).toEqual(expect.arrayContaining([waiting.message.key, ...later.slice(2)]));
    expect(await store.counts()).toEqual({ waiting: 1, inTurn: 0, answered: 5, declined: 0, dead: 0 });
    expect(await store.append({ ...withItems(store, 1), idempotency: once })).toMatchObject({ status: "appended" });
  });

  it("forgets a message with all of its dead letters, but not while one of them is being replayed", async () => {
    const store = await openMemoryStore({ clock: new ManualClock(NOW), maxMessages: 4 });
    const { message, items } = await appended(store, 2);
    await store.settle({ turn: null, decisions: items.map(({ key }) => died(key)), at: NOW });
    const [first, second] = await store.deadLetters({ tenant: "default", limit: 2 });
    if (!first || !second) throw new Error("two items died");
    const fresh = freshItem(store, first);
    await store.replayDeadLetter(first.item, fresh);
    const others = async () => {
      for (let index = 0; index < 9; index += 1) await appended(store, 0);
    };

    await others();
    expect(await store.message(message.key)).toEqual(message);
    expect(await store.items([fresh.key])).toHaveLength(1);
    expect(await store.deadLetters({ tenant: "default", limit: 2 })).toEqual([second]);

    await store.settle({ turn: null, decisions: [died(fresh.key)], at: NOW });
    await others();
    expect(await store.message(message.key)).toBeUndefined();
    for (const item of [first.item, second.item, fresh.key]) expect(await store.item(item)).toBeUndefined();
    expect(await store.deadLetters({ tenant: "default", limit: 9 })).toEqual([]);
    expect(await store.replayDeadLetter(second.item, freshItem(store, second))).toEqual({ status: "gone" });
  });
});
