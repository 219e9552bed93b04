/** What every store does. Each form of it runs this whole suite from a test file of its own. */
import { describe, expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import type {
  ApiKeyRow,
  ConversationRow,
  DeadLetterPage,
  DeclinedItem,
  EnrollmentRow,
  FedItem,
  ItemRow,
  MessageRow,
  OutcomeRow,
  Store,
} from "../../src/store/port.ts";
import { anEntry, keepsEntries } from "./entries.ts";
import { keepsMapping } from "./mapping/behaviour.ts";
import {
  aMessage,
  answered,
  appended,
  aSession,
  aTurn,
  begun,
  declined,
  died,
  freshItem,
  NOW,
  retried,
  settledByReply,
  withItems,
} from "./rows.ts";
import { keepsSessions } from "./sessions.ts";
import { keepsSpending } from "./spending.ts";

export interface OpenOptions {
  readonly clock: ManualClock;
  readonly keepChanges?: number;
}

export function behavesLikeAStore(open: (options: OpenOptions) => Promise<Store>): void {
  async function opened(options: Partial<OpenOptions> = {}): Promise<Store> {
    const store = await open({ clock: new ManualClock(NOW), ...options });
    onTestFinished(() => store.close());
    return store;
  }

  /** The store, and everything its feed hands out from now on. */
  async function fed(options: Partial<OpenOptions> = {}) {
    const store = await opened(options);
    const items: FedItem[] = [];
    await store.feed((page) => items.push(...page));
    return { store, items };
  }

  describe("append", () => {
    it("stores a message with its items and gives them back as they were", async () => {
      const store = await opened();
      const { message, items } = withItems(store, 3, { text: "Nul\0, emoji 👋🏽, Ünïcödé\r\n", replyTo: 17, hop: 2 });
      expect(await store.append({ message, items })).toEqual({ status: "appended", rev: 1 });
      expect(store.rev).toBe(1);
      expect(await store.message(message.key)).toEqual(message);
      expect(await store.itemsOf(message)).toEqual(items);
      expect(await store.item(items[1]?.key ?? 0)).toEqual(items[1]);
      expect(await store.counts()).toEqual({ waiting: 3, inTurn: 0, answered: 0, declined: 0, dead: 0 });
    });

    it("gives back any text, also one that looks like an escape", async () => {
      const store = await opened();
      for (const text of ["\uffff", "\uffff0", "\uffff1\uffff", "\0\uffff0", "\\0 \\uffff"]) {
        const message = aMessage(store, { text });
        await store.append({ message, items: [] });
        expect((await store.message(message.key))?.text).toBe(text);
      }
    });

    it("keeps a sender without a name and a message that nobody receives", async () => {
      const store = await opened();
      const message = aMessage(store, { sender: { kind: "system", id: "system:clock" } });
      await store.append({ message, items: [] });
      expect(await store.message(message.key)).toEqual(message);
      expect(await store.itemsOf(message)).toEqual([]);
      expect((await store.counts()).waiting).toBe(0);
    });

    it("writes items that are declined from the start with their outcome, and hands out the others only", async () => {
      const { store, items: heard } = await fed();
      const { message, items, declined } = halfDeclined(store, 40);
      expect(await store.append({ message, items, declined })).toEqual({ status: "appended", rev: 21 });
      expect(await store.itemsOf(message)).toEqual(
        [...items, ...declined.map((item) => outcomeOf(item, message))].sort((a, b) => keyOf(a) - keyOf(b)),
      );
      expect(await store.item(declined[3]?.key ?? 0)).toMatchObject({ outcome: "declined", reason: "undirected" });
      expect(heard).toEqual(items);
      expect(await store.counts()).toEqual({ waiting: 20, inTurn: 0, answered: 0, declined: 20, dead: 0 });
      const { rows } = await store.changes("default", 0, 100);
      expect(rows.map(({ kind, key }) => [kind, key])).toEqual([
        ["message", message.key],
        ...declined.map(({ key }) => ["item", key]),
      ]);
    });

    it("writes no item twice that is declined from the start", async () => {
      const store = await opened();
      const { message, items, declined } = halfDeclined(store, 2);
      await store.append({ message, items, declined });
      const another = aMessage(store);
      await expect(store.append({ message: another, items: [], declined })).rejects.toMatchObject({ code: "internal" });
      expect(await store.message(another.key)).toBeUndefined();
      expect(await store.counts()).toMatchObject({ waiting: 1, declined: 1 });
      const decision = { turn: null, decisions: declined.map(({ key }) => died(key)), at: NOW };
      expect(await store.settle(decision)).toEqual({ status: "late" });
    });

    it("opens the conversation with the first message and leaves it alone with the next", async () => {
      const store = await opened();
      const session = aSession(store);
      const first = await store.append({ ...withItems(store, 1, { conversation: session.key }), open: session });
      const again = { ...session, name: "another" };
      const second = await store.append({ ...withItems(store, 1, { conversation: session.key }), open: again });
      expect([first, second]).toMatchObject([{ rev: 2 }, { rev: 3 }]);
      expect(await store.conversation(session.key)).toEqual(session);
      expect(await kindsSince(store, 0)).toEqual(["conversation", "message", "message"]);
    });

    it("takes a command that fails back as a whole, and only it", async () => {
      const { store, items: heard } = await fed();
      const { message } = await appended(store);
      const twice = withItems(store, 2, { key: message.key });
      const session = aSession(store);
      const results = await Promise.allSettled([
        store.append(withItems(store, 1)),
        store.append({ ...twice, open: session, idempotency: { scope: "default", key: "k", fingerprint: "f" } }),
        store.append({ ...withItems(store, 1), idempotency: { scope: "default", key: "k", fingerprint: "g" } }),
      ]);
      expect(results).toMatchObject([
        { value: { rev: 2 } },
        { reason: { code: "internal" } },
        { value: { status: "appended", rev: 3 } },
      ]);
      expect(await store.conversation(session.key)).toBeUndefined();
      expect(await store.item(twice.items[0]?.key ?? 0)).toBeUndefined();
      expect((await store.counts()).waiting).toBe(3);
      expect(heard).toHaveLength(3);
    });
  });

  describe("idempotency", () => {
    const once = { scope: "default", key: "order-1", fingerprint: "abc" };

    it("gives the first message for the same key and hash, also within one burst", async () => {
      const { store, items } = await fed();
      const first = withItems(store, 1);
      const session = aSession(store);
      const results = await Promise.all([
        store.append({ ...first, idempotency: once }),
        store.append({ ...withItems(store, 1), idempotency: once, open: session }),
      ]);
      expect(results[1]).toEqual({ status: "replayed", message: first.message.key });
      expect(await store.append({ ...withItems(store, 1), idempotency: once })).toEqual(results[1]);
      expect(items.map(({ key }) => key)).toEqual([first.items[0]?.key]);
      expect(await store.conversation(session.key)).toBeUndefined();
    });

    it("refuses the same key with another hash, and writes nothing", async () => {
      const { store, items } = await fed();
      await store.append({ ...withItems(store, 1), idempotency: once });
      const other = withItems(store, 1);
      const conflict = await store.append({ ...other, idempotency: { ...once, fingerprint: "xyz" } });
      expect(conflict).toEqual({ status: "conflict" });
      expect(await store.message(other.message.key)).toBeUndefined();
      expect(items).toHaveLength(1);
    });

    it("keeps the keys of tenants apart", async () => {
      const store = await opened();
      await store.append({ ...withItems(store, 1), idempotency: once });
      const result = await store.append({ ...withItems(store, 1), idempotency: { ...once, scope: "other" } });
      expect(result.status).toBe("appended");
    });
  });

  describe("feed", () => {
    it("gives the backlog by key, then each commit before its promise settles", async () => {
      const store = await opened();
      const late = withItems(store, 1);
      const early = await appended(store, 2);
      await store.append(late);
      const heard: number[] = [];
      await store.feed((page) => heard.push(...page.map(({ key }) => key)));
      const backlog = [late, early].flatMap(({ items }) => items.map(({ key }) => key)).sort((a, b) => a - b);
      expect(heard).toEqual(backlog);

      const live = withItems(store, 2);
      const before = store.append(live).then(() => [...heard]);
      expect(heard).toEqual(backlog);
      expect(await before).toEqual([...backlog, ...live.items.map(({ key }) => key)]);
    });

    it("gives the items as they are stored, in no unknown turn", async () => {
      const { store, items } = await fed();
      const rows = await appended(store, 2);
      expect(items).toEqual(rows.items);
    });

    it("gives the items that a reply makes for others, after it was settled", async () => {
      const { store, items: heard } = await fed();
      const { items } = await appended(store);
      const turn = await begun(store, items);
      await settledByReply(store, turn, 2);
      expect(heard).toHaveLength(3);
      expect(heard.slice(1).every(({ key }) => key !== items[0]?.key)).toBe(true);
    });

    it("hands a thousand concurrent messages out in the order of their calls", async () => {
      const { store, items } = await fed();
      const rows = Array.from({ length: 1_000 }, () => withItems(store, 1));
      const settled: number[] = [];
      await Promise.all(rows.map((row) => store.append(row).then(() => settled.push(row.message.key))));
      expect(items.map(({ message }) => message)).toEqual(rows.map(({ message }) => message.key));
      expect(settled).toEqual(rows.map(({ message }) => message.key));
      expect(new Set(items.map(({ key }) => key)).size).toBe(1_000);
    });

    it("begins anew with another sink, and the first hears no more", async () => {
      const { store, items: first } = await fed();
      const before = await appended(store);
      const second: number[] = [];
      await store.feed((page) => second.push(...page.map(({ key }) => key)));
      const after = await appended(store);
      expect(second).toEqual([...before.items, ...after.items].map(({ key }) => key));
      expect(first).toHaveLength(1);
    });

    it("lets writes that were called while it reads the backlog follow it", async () => {
      const store = await opened();
      await appended(store);
      const heard: number[] = [];
      const start = store.feed((page) => heard.push(...page.map(({ key }) => key)));
      const { message, items } = await appended(store);
      await start;
      expect(heard).toHaveLength(2);
      expect(heard[1]).toBe(items[0]?.key);
      expect(await store.message(message.key)).toEqual(message);
    });

    it("does not let an error of the sink fail a write, nor hides it", async () => {
      const store = await opened();
      await store.feed(() => {
        throw new Error("the sink is broken");
      });
      const uncaught = nextUncaught();
      const rows = await appended(store);
      expect(await store.itemsOf(rows.message)).toHaveLength(1);
      expect(await uncaught).toMatchObject({ message: "the sink is broken" });
      const next = nextUncaught();
      expect(await store.append(withItems(store, 1))).toMatchObject({ status: "appended" });
      await next;
    });
  });

  describe("begin", () => {
    it("writes the turn, puts its items in it and counts the attempt", async () => {
      const store = await opened();
      const { items, message } = await appended(store, 2);
      const turn = await begun(store, items);
      expect(await store.turn(turn.key)).toEqual(turn);
      expect(await store.itemsOf(message)).toEqual(items.map((item) => ({ ...item, attempt: 1, turn: turn.key })));
      expect(await store.counts()).toMatchObject({ waiting: 0, inTurn: 2 });
    });

    it.each([
      ["is in a turn", (busy: number, free: number) => [free, busy]],
      ["does not exist", (_busy: number, free: number) => [free, free + 1_000]],
      ["is named twice", (_busy: number, free: number) => [free, free]],
    ])("refuses the whole turn when an item %s", async (_name, itemsOf) => {
      const store = await opened();
      const { items } = await appended(store, 2);
      const [busy, free] = items;
      if (!busy || !free) throw new Error("two items were made");
      await begun(store, [busy]);
      const turn = aTurn(store, [], { items: itemsOf(busy.key, free.key) });
      await expect(store.begin(turn)).rejects.toMatchObject({ code: "turn_conflict", status: 409 });
      expect(await store.turn(turn.key)).toBeUndefined();
      expect(await store.item(free.key)).toEqual(free);
      expect(await store.counts()).toMatchObject({ waiting: 1, inTurn: 1 });
    });
  });

  describe("settle", () => {
    it("stores the reply, the turn and one outcome for each item, together", async () => {
      const { store, items: heard } = await fed();
      const { items, message } = await appended(store, 2);
      const turn = await begun(store, items);
      const settled = await settledByReply(store, turn, 1);
      expect(settled).toEqual({ status: "settled", revs: [2, 3] });

      const ended = await store.turn(turn.key);
      expect(ended).toEqual({
        ...turn,
        outcome: "answered",
        settledAt: NOW + 500,
        reply: ended?.reply,
        explanation: "{}",
      });
      expect(await store.message(ended?.reply ?? 0)).toMatchObject({ text: "Yes.", turn: turn.key });
      expect(await store.itemsOf(message)).toEqual(
        items.map((item) => ({
          item: item.key,
          message: message.key,
          conversation: 1,
          persona: item.persona,
          turn: turn.key,
          outcome: "answered",
          reason: null,
          error: null,
          attempt: 1,
          enqueuedAt: NOW,
          decidedAt: NOW + 500,
          replayOf: null,
        })),
      );
      expect(await store.counts()).toEqual({ waiting: 1, inTurn: 0, answered: 2, declined: 0, dead: 0 });
      expect(heard).toHaveLength(3);
      expect(await kindsSince(store, 1)).toEqual(["message", "turn"]);
    });

    it("stores what others decline of a reply with the reply", async () => {
      const { store, items: heard } = await fed();
      const { items } = await appended(store);
      const turn = await begun(store, items);
      const reply = halfDeclined(store, 4);
      const settled = await store.settle({
        turn: { key: turn.key, attempt: 1, outcome: "answered", error: null, explanation: "{}" },
        reply,
        decisions: turn.items.map(answered),
        at: NOW + 500,
      });
      expect(settled).toEqual({ status: "settled", revs: [4, 5] });
      expect(await kindsSince(store, 1)).toEqual(["message", "item", "item", "turn"]);
      expect(await store.counts()).toEqual({ waiting: 2, inTurn: 0, answered: 1, declined: 2, dead: 0 });
      expect(heard.slice(1)).toEqual(reply.items);
      expect((await store.itemsOf(reply.message)).filter((row) => "outcome" in row)).toEqual(
        reply.declined.map((item) => outcomeOf(item, reply.message)),
      );
    });

    it("gives a rev to each item that leaves without an answer, in the order of the decisions", async () => {
      const store = await opened();
      const { items } = await appended(store, 3);
      const turn = await begun(store, items);
      const [first, second, third] = turn.items;
      const settled = await store.settle({
        turn: { key: turn.key, attempt: 1, outcome: "failed", error: "timeout at provider", explanation: "{}" },
        decisions: [
          { item: third ?? 0, outcome: "dead", reason: "cognition_failed", error: "timeout at provider" },
          retried(first ?? 0),
          declined(second ?? 0),
        ],
        at: NOW + 1,
      });
      expect(settled).toEqual({ status: "settled", revs: [2, 3, 4] });
      const { rows } = await store.changes("default", 1, 10);
      expect(rows.map(({ kind, key }) => [kind, key])).toEqual([
        ["turn", turn.key],
        ["item", third],
        ["item", second],
      ]);
      expect(await store.item(third ?? 0)).toMatchObject({ outcome: "dead", error: "timeout at provider" });
      expect(await store.turn(turn.key)).toMatchObject({
        outcome: "failed",
        error: "timeout at provider",
        reply: null,
      });
      expect(await store.counts()).toEqual({ waiting: 1, inTurn: 0, answered: 0, declined: 1, dead: 1 });
    });

    it("puts an item that is tried again back where it can begin, keeping what is not given", async () => {
      const store = await opened();
      const { items } = await appended(store);
      const first = await begun(store, items);
      const item = items[0]?.key ?? 0;
      await store.settle({
        turn: { key: first.key, attempt: 1, outcome: "timeout", error: null, explanation: "{}" },
        decisions: [{ item, outcome: "retry", notBefore: NOW + 1_000, failures: 1, flags: 36 }],
        at: NOW,
      });
      const back = { ...items[0], attempt: 1, turn: null, notBefore: NOW + 1_000, failures: 1, flags: 36 };
      expect(await store.item(item)).toEqual(back);

      const second = await begun(store, items, { attempt: 2 });
      expect(await store.item(item)).toMatchObject({ attempt: 2, turn: second.key });
      await store.settle({
        turn: { key: second.key, attempt: 2, outcome: "cancelled", error: null, explanation: "{}" },
        decisions: [{ item, outcome: "retry", notBefore: NOW + 2_000 }],
        at: NOW,
      });
      expect(await store.item(item)).toEqual({ ...back, attempt: 2, notBefore: NOW + 2_000 });
      expect(await store.counts()).toMatchObject({ waiting: 1, inTurn: 0 });
    });

    it("changes nothing when it comes late: a second time, for another attempt, for an unknown turn", async () => {
      const { store, items: heard } = await fed();
      const { items } = await appended(store);
      const turn = await begun(store, items);
      expect(await settledByReply(store, { ...turn, attempt: 2 }, 1)).toEqual({ status: "late" });
      expect(await settledByReply(store, { ...turn, key: turn.key + 1 }, 1)).toEqual({ status: "late" });
      const both = [settledByReply(store, turn), settledByReply(store, turn, 1)];
      expect(await Promise.all(both)).toEqual([{ status: "settled", revs: [2, 3] }, { status: "late" }]);
      expect(await store.messages({ conversation: 1, limit: 10 })).toHaveLength(2);
      expect(heard).toHaveLength(1);
      expect(store.rev).toBe(3);
    });

    it("is late, and no error, when the very same settlement is repeated", async () => {
      const store = await opened();
      const { items } = await appended(store);
      const turn = await begun(store, items);
      const settlement = {
        turn: { key: turn.key, attempt: 1, outcome: "answered", error: null, explanation: "{}" },
        reply: withItems(store, 1, { turn: turn.key }),
        decisions: turn.items.map(answered),
        at: NOW,
      } as const;
      expect(await store.settle(settlement)).toMatchObject({ status: "settled" });
      expect(await store.settle(settlement)).toEqual({ status: "late" });
    });

    it("takes everything back when one item is not in the turn", async () => {
      const store = await opened();
      const { items } = await appended(store, 2);
      const [mine, other] = items;
      if (!mine || !other) throw new Error("two items were made");
      const turn = await begun(store, [mine]);
      expect(await settledByReply(store, { ...turn, items: [other.key] }, 1)).toEqual({ status: "late" });
      expect(await store.turn(turn.key)).toEqual(turn);
      expect(await store.item(other.key)).toEqual(other);
      expect(await store.messages({ conversation: 1, limit: 10 })).toHaveLength(1);
      expect(await store.counts()).toEqual({ waiting: 1, inTurn: 1, answered: 0, declined: 0, dead: 0 });
      expect(await settledByReply(store, turn)).toMatchObject({ status: "settled" });
    });

    it("refuses to forget an item of the turn", async () => {
      const store = await opened();
      const { items } = await appended(store, 2);
      const turn = await begun(store, items);
      const one = settledByReply(store, { ...turn, items: turn.items.slice(0, 1) });
      await expect(one).rejects.toMatchObject({ code: "turn_conflict" });
      expect(await settledByReply(store, { ...turn, items: [turn.items[0] ?? 0, turn.items[0] ?? 0] })).toEqual({
        status: "late",
      });
      expect(await store.counts()).toMatchObject({ inTurn: 2, answered: 0 });
    });

    it("ends or puts off items that are in no turn", async () => {
      const store = await opened();
      const { items } = await appended(store, 2);
      const [first, second] = items;
      if (!first || !second) throw new Error("two items were made");
      const decisions = [declined(first.key), retried(second.key)];
      expect(await store.settle({ turn: null, decisions, at: NOW })).toEqual({ status: "settled", revs: [2] });
      expect(await store.item(first.key)).toMatchObject({ outcome: "declined", reason: "unenrolled", turn: null });
      expect(await store.item(second.key)).toMatchObject({ turn: null, failures: 1, notBefore: NOW + 1_000 });
      expect(await store.counts()).toEqual({ waiting: 1, inTurn: 0, answered: 0, declined: 1, dead: 0 });
    });

    it("does not end an item outside of its turn, nor twice", async () => {
      const store = await opened();
      const { items } = await appended(store, 2);
      const [inTurn, waiting] = items;
      if (!inTurn || !waiting) throw new Error("two items were made");
      await begun(store, [inTurn]);
      const both = [declined(waiting.key), declined(inTurn.key)];
      expect(await store.settle({ turn: null, decisions: both, at: NOW })).toEqual({ status: "late" });
      expect(await store.item(waiting.key)).toEqual(waiting);
      const once = { turn: null, decisions: [declined(waiting.key)], at: NOW };
      expect(await store.settle(once)).toMatchObject({ status: "settled" });
      expect(await store.settle(once)).toEqual({ status: "late" });
    });
  });

  describe("dead letters", () => {
    /** One item for each of `count` personas, all of them dead. */
    async function lost(store: Store, count = 1) {
      const { message, items } = await appended(store, count);
      await store.settle({ turn: null, decisions: items.map(({ key }) => died(key)), at: NOW + 7 });
      return { message, items, letters: await store.deadLetters({ tenant: "default", limit: 100 }) };
    }

    it("are kept of items that die, in a turn or in none, and of no others", async () => {
      const store = await opened();
      const { items } = await appended(store, 4);
      const [failed, expired, gone, waiting] = items;
      if (!failed || !expired || !gone || !waiting) throw new Error("four items were made");
      const turn = await begun(store, [failed]);
      await store.settle({
        turn: { key: turn.key, attempt: 1, outcome: "failed", error: "no model", explanation: "{}" },
        decisions: [{ item: failed.key, outcome: "dead", reason: "cognition_failed", error: "no model", failures: 3 }],
        at: NOW + 5,
      });
      await store.settle({ turn: null, decisions: [died(expired.key), declined(gone.key)], at: NOW + 7 });

      const kept = ({
        key,
        message,
        conversation,
        persona,
        partition,
        lane,
        priority,
        flags,
        mergeKey,
      }: typeof failed) => ({
        tenant: "default",
        item: key,
        message,
        conversation,
        persona,
        partition,
        lane,
        priority,
        flags,
        mergeKey,
        enqueuedAt: NOW,
      });
      const letters = [
        { ...kept(failed), reason: "cognition_failed", error: "no model", attempt: 1, failures: 3, diedAt: NOW + 5 },
        { ...kept(expired), reason: "expired", error: null, attempt: 0, failures: 0, diedAt: NOW + 7 },
      ];
      expect(await store.deadLetters({ tenant: "default", limit: 10 })).toEqual(letters);
      expect(await store.deadLetter(failed.key)).toEqual(letters[0]);
      for (const { key } of [gone, waiting]) expect(await store.deadLetter(key)).toBeUndefined();
      expect(await store.item(failed.key)).toMatchObject({ outcome: "dead", attempt: 1 });
    });

    it("are paged by item, whichever died first, for one persona or for all", async () => {
      const store = await opened();
      const [first, second, third] = await Promise.all([appended(store, 2), appended(store, 2), appended(store, 2)]);
      for (const { items } of [third, first, second]) {
        await store.settle({ turn: null, decisions: items.map(({ key }) => died(key)), at: NOW });
      }
      const all = [first, second, third].flatMap(({ items }) => items.map(({ key }) => key));
      const page = async (asked: Omit<DeadLetterPage, "tenant">) =>
        (await store.deadLetters({ tenant: "default", ...asked })).map(({ item }) => item);
      expect(await page({ limit: 4 })).toEqual(all.slice(0, 4));
      expect(await page({ limit: 4, after: all[3] ?? 0 })).toEqual(all.slice(4));
      const ofOne = all.filter((_, index) => index % 2 === 1);
      expect(await page({ persona: 12, limit: 2 })).toEqual(ofOne.slice(0, 2));
      expect(await page({ persona: 12, limit: 2, after: ofOne[1] ?? 0 })).toEqual(ofOne.slice(2));
      expect(await page({ persona: 13, limit: 2 })).toEqual([]);
    });

    it("are given by tenant, and of that those of one person's conversations", async () => {
      const { store } = await fed();
      const letterOf = async (tenant: string, conversation: number) => {
        const { message, items } = withItems(store, 1, { tenant, conversation });
        await store.append({ message, items });
        await store.settle({ turn: null, decisions: items.map(({ key }) => died(key)), at: NOW });
        return items[0]?.key;
      };
      const session = { ...aSession(store), owner: "user:7" };
      await store.append({ ...withItems(store, 0, { conversation: session.key }), open: session });
      const room: ConversationRow = {
        ...session,
        key: store.allocate("conversation"),
        kind: "room",
        caller: null,
        direct: 0,
      };
      await store.createRoom(room, []);
      const hers = [await letterOf("default", session.key), await letterOf("default", room.key)];
      const nobodys = await letterOf("default", 1);
      const others = await letterOf("other", session.key);
      const given = async (asked: Omit<DeadLetterPage, "limit">) =>
        (await store.deadLetters({ limit: 10, ...asked })).map(({ item }) => item);
      expect(await given({ tenant: "default" })).toEqual([...hers, nobodys]);
      expect(await given({ tenant: "default", owner: "user:7" })).toEqual(hers);
      expect(await given({ tenant: "default", owner: "user:7", persona: 11, after: hers[0] ?? 0 })).toEqual([hers[1]]);
      expect(await given({ tenant: "default", owner: "user:8" })).toEqual([]);
      expect(await given({ tenant: "other" })).toEqual([others]);
      expect(await given({ tenant: "other", persona: 12 })).toEqual([]);
    });

    it("are not written by a settlement that comes late", async () => {
      const store = await opened();
      const { items } = await appended(store, 2);
      const [mine, other] = items;
      if (!mine || !other) throw new Error("two items were made");
      await begun(store, [other]);
      const both = { turn: null, decisions: [died(mine.key), died(other.key)], at: NOW };
      expect(await store.settle(both)).toEqual({ status: "late" });
      expect(await store.deadLetters({ tenant: "default", limit: 10 })).toEqual([]);
      expect(await store.item(mine.key)).toEqual(mine);
    });

    it("are replayed once, by an item of the same message that the feed brings", async () => {
      const { store, items: heard } = await fed();
      const { message, items, letters } = await lost(store, 2);
      const [letter, other] = letters;
      if (!letter || !other) throw new Error("two items died");
      const fresh = freshItem(store, letter);
      const replays = [store.replayDeadLetter(letter.item, fresh), store.replayDeadLetter(letter.item, fresh)];
      expect(await Promise.all(replays)).toEqual([{ status: "replayed", rev: 4 }, { status: "gone" }]);
      expect(await store.discardDeadLetter(letter.item)).toEqual({ status: "gone" });
      expect(await store.deadLetters({ tenant: "default", limit: 10 })).toEqual([other]);

      expect(heard.slice(2)).toEqual([fresh]);
      expect(await store.item(fresh.key)).toEqual(fresh);
      expect(await store.item(letter.item)).toMatchObject({ outcome: "dead", reason: "expired", replayOf: null });
      expect((await store.itemsOf(message)).map((row) => "outcome" in row && row.item)).toEqual(
        items.map(({ key }) => key),
      );
      expect(await store.counts()).toEqual({ waiting: 1, inTurn: 0, answered: 0, declined: 0, dead: 2 });
      expect((await store.changes("default", 3, 10)).rows).toEqual([
        { rev: 4, tenant: "default", kind: "item", key: fresh.key, tombstone: false },
      ]);
    });

    it("are replayed by an item that lives like any other, and can die again", async () => {
      const store = await opened();
      const { letters } = await lost(store);
      const [letter] = letters;
      if (!letter) throw new Error("an item died");
      const second = freshItem(store, letter);
      await store.replayDeadLetter(letter.item, second);
      await store.settle({ turn: null, decisions: [died(second.key)], at: NOW + 9 });
      expect(await store.item(second.key)).toMatchObject({ outcome: "dead", replayOf: letter.item });
      const again = await store.deadLetter(second.key);
      if (!again) throw new Error("the second died as well");
      expect(again).toMatchObject({ message: letter.message, enqueuedAt: second.enqueuedAt, diedAt: NOW + 9 });

      const third = freshItem(store, again);
      await store.replayDeadLetter(second.key, third);
      const turn = await begun(store, [third]);
      expect(await settledByReply(store, turn)).toMatchObject({ status: "settled" });
      expect(await store.item(third.key)).toMatchObject({ outcome: "answered", replayOf: second.key, turn: turn.key });
      expect(await store.deadLetters({ tenant: "default", limit: 10 })).toEqual([]);
      expect(await store.counts()).toEqual({ waiting: 0, inTurn: 0, answered: 1, declined: 0, dead: 2 });
    });

    it("are discarded once, which the outcome outlives", async () => {
      const { store, items: heard } = await fed();
      const { letters } = await lost(store);
      const item = letters[0]?.item ?? 0;
      const discards = [store.discardDeadLetter(item), store.discardDeadLetter(item)];
      expect(await Promise.all(discards)).toEqual([{ status: "discarded", rev: 3 }, { status: "gone" }]);
      expect(await store.replayDeadLetter(item, freshItem(store, letters[0] as never))).toEqual({ status: "gone" });
      expect(await store.deadLetters({ tenant: "default", limit: 10 })).toEqual([]);
      expect(await store.item(item)).toMatchObject({ outcome: "dead" });
      expect(await store.counts()).toEqual({ waiting: 0, inTurn: 0, answered: 0, declined: 0, dead: 1 });
      expect(heard).toHaveLength(1);
      expect((await store.changes("default", 2, 10)).rows).toEqual([
        { rev: 3, tenant: "default", kind: "item", key: item, tombstone: true },
      ]);
    });

    it("stay when the item that is to replay them exists already", async () => {
      const { store, items: heard } = await fed();
      const { letters } = await lost(store);
      const [letter] = letters;
      if (!letter) throw new Error("an item died");
      const { items } = await appended(store);
      const taken = { ...freshItem(store, letter), key: items[0]?.key ?? 0 };
      const [fails] = await Promise.allSettled([store.replayDeadLetter(letter.item, taken), appended(store)]);
      expect(fails).toMatchObject({ reason: { code: "internal" } });
      expect(await store.deadLetters({ tenant: "default", limit: 10 })).toEqual([letter]);
      expect(await store.item(taken.key)).toEqual(items[0]);
      expect((await store.counts()).waiting).toBe(2);
      expect(heard).toHaveLength(3);
      expect(store.rev).toBe(4);
    });
  });

  describe("items by key", () => {
    it("are given as the feed gives them, in the order asked for, without those that are decided or unknown", async () => {
      const store = await opened();
      const { items } = await appended(store, 4);
      const keys = items.map(({ key }) => key);
      await begun(store, items.slice(3));
      await store.settle({ turn: null, decisions: [died(keys[1] ?? 0)], at: NOW });
      const found = await store.items([keys[2] ?? 0, 404, keys[1] ?? 0, keys[0] ?? 0, keys[3] ?? 0]);
      expect(found.map(({ key }) => key)).toEqual([keys[2], keys[0], keys[3]]);
      expect(found).toMatchObject([items[2], items[0], { attempt: 1 }]);
      expect(found.every(({ turnItems = 0 }) => turnItems === 0)).toBe(true);
      expect(await store.items([])).toEqual([]);
    });
  });

  describe("conversations", () => {
    it("has rooms with members", async () => {
      const store = await opened();
      const room = {
        ...aSession(store),
        kind: "room",
        caller: null,
        persona: null,
        direct: 0,
        name: "Lab",
      } as const;
      expect(await store.createRoom(room, [9, 7])).toBe(1);
      expect(await store.addMember(room.key, 8, NOW)).toBe(2);
      expect(await store.addMember(room.key, 8, NOW)).toBe(3);
      expect(await store.removeMember(room.key, 7, NOW)).toBe(4);
      expect(await store.conversation(room.key)).toEqual(room);
      expect(await store.members(room.key)).toEqual([8, 9]);
      expect(await kindsSince(store, 0)).toEqual(Array(4).fill("conversation"));
      await expect(store.createRoom(room, [])).rejects.toMatchObject({ code: "internal" });
    });

    it("refuses members of a room that does not exist", async () => {
      const store = await opened();
      await expect(store.addMember(5, 8, NOW)).rejects.toMatchObject({ code: "room_not_found" });
      await expect(store.removeMember(5, 8, NOW)).rejects.toMatchObject({ code: "room_not_found" });
      expect(await store.members(5)).toEqual([]);
      expect(store.rev).toBe(0);
    });

    it("finds the direct session of a caller with a persona, of which there is one", async () => {
      const store = await opened();
      const session = aSession(store);
      await store.append({ ...withItems(store, 0, { conversation: session.key }), open: session });
      expect(await store.directSession("default", "user:7", 11)).toEqual(session);
      expect(await store.directSession("default", "user:7", 12)).toBeUndefined();
      expect(await store.directSession("default", "user:8", 11)).toBeUndefined();
      expect(await store.directSession("other", "user:7", 11)).toBeUndefined();
      const second = store.append({ ...withItems(store, 0), open: aSession(store) });
      await expect(second).rejects.toMatchObject({ code: "internal" });
    });

    it("pages through messages, oldest first", async () => {
      const store = await opened();
      const keys = (await Promise.all(Array.from({ length: 5 }, () => appended(store)))).map(
        ({ message }) => message.key,
      );
      await appended(store, 1, { conversation: 2 });
      const page = async (after: number | undefined, limit: number) =>
        (await store.messages({ conversation: 1, limit, ...(after === undefined ? {} : { after }) })).map(
          ({ key }) => key,
        );
      expect(await page(undefined, 2)).toEqual(keys.slice(0, 2));
      expect(await page(keys[1], 2)).toEqual(keys.slice(2, 4));
      expect(await page(keys[3], 2)).toEqual(keys.slice(4));
      expect(await page(keys[4], 2)).toEqual([]);
      expect(await store.messages({ conversation: 3, limit: 2 })).toEqual([]);
    });

    it.each([
      [0, 0],
      [9, 0],
      [10, 1],
      [15, 2],
      [16, 2],
      [17, 3],
      [1_000, 3],
    ])("reads history up to %i tokens: %i messages", async (tokens, expected) => {
      const store = await opened();
      const keys: number[] = [];
      for (const length of [2, 5, 10, 1]) keys.push((await appended(store, 0, { tokens: length })).message.key);
      await appended(store, 0, { tokens: 1, conversation: 2 });
      const history = await store.history(1, keys[3] ?? 0, tokens);
      expect(history.map(({ key }) => key)).toEqual(keys.slice(3 - expected, 3));
    });
  });

  it("counts the messages of a conversation before a key, up to a limit", async () => {
    const store = await opened();
    const keys: number[] = [];
    for (let index = 0; index < 5; index += 1) keys.push((await appended(store, 0)).message.key);
    await appended(store, 0, { conversation: 2 });
    const [first = 0, , , fourth = 0] = keys;
    expect(await store.countBefore(1, first, 10)).toBe(0);
    expect(await store.countBefore(1, fourth, 10)).toBe(3);
    expect(await store.countBefore(1, fourth, 2)).toBe(2);
    expect(await store.countBefore(1, Number.MAX_SAFE_INTEGER, 10)).toBe(5);
    expect(await store.countBefore(3, Number.MAX_SAFE_INTEGER, 10)).toBe(0);
  });

  describe("recent messages", () => {
    it("are the newest of the conversation, oldest first", async () => {
      const store = await opened();
      const keys: number[] = [];
      for (let index = 0; index < 5; index += 1) keys.push((await appended(store, 0)).message.key);
      await appended(store, 0, { conversation: 2 });
      const recent = async (limit: number) => (await store.recent(1, limit)).map(({ key }) => key);
      expect(await recent(2)).toEqual(keys.slice(3));
      expect(await recent(5)).toEqual(keys);
      expect(await recent(50)).toEqual(keys);
      expect(await recent(0)).toEqual([]);
      expect(await store.recent(3, 50)).toEqual([]);
    });
  });

  describe("enrollments", () => {
    it("are saved, changed, removed and revived", async () => {
      const store = await opened();
      const ada = anEnrollment(store, "ada");
      const bob = anEnrollment(store, "bob");
      expect([await store.saveEnrollment(bob), await store.saveEnrollment(ada)]).toEqual([1, 2]);
      expect(await store.enrollments()).toEqual([ada, bob]);

      const changed = { ...ada, definition: '{"name":"Ada L."}', updatedAt: NOW + 1 };
      await store.saveEnrollment(changed);
      expect(await store.enrollment(ada.key)).toEqual(changed);

      const removed = { ...changed, removedAt: NOW + 2 };
      expect(await store.saveEnrollment(removed)).toBe(4);
      expect(await store.enrollments()).toEqual([bob]);
      expect(await store.enrollmentNamed("default", "ada")).toEqual(removed);
      expect((await store.changes("default", 3, 1)).rows).toEqual([
        { rev: 4, tenant: "default", kind: "enrollment", key: ada.key, tombstone: true },
      ]);

      await store.saveEnrollment(changed);
      expect(await store.enrollments()).toEqual([changed, bob]);
    });

    it("have one name each within a tenant", async () => {
      const store = await opened();
      await store.saveEnrollment(anEnrollment(store, "ada"));
      await expect(store.saveEnrollment(anEnrollment(store, "ada"))).rejects.toMatchObject({ code: "internal" });
      const elsewhere = { ...anEnrollment(store, "ada"), tenant: "other" };
      await store.saveEnrollment(elsewhere);
      expect(await store.enrollmentNamed("other", "ada")).toEqual(elsewhere);
      expect(await store.enrollmentNamed("third", "ada")).toBeUndefined();
    });
  });

  describe("API keys", () => {
    it("are found by key, and by tenant page by page, as they were stored", async () => {
      const store = await opened();
      const rows = ["default", "other", "default", "default"].map((tenant) => anApiKey(store, { tenant }));
      for (const row of rows.toReversed()) await store.addApiKey(row);
      const [first, other, second, third] = rows as [ApiKeyRow, ApiKeyRow, ApiKeyRow, ApiKeyRow];
      expect(await store.apiKey(other.key)).toEqual(other);
      expect(await store.apiKey(third.key + 1)).toBeUndefined();
      expect(await store.apiKeys({ tenant: "default", limit: 10 })).toEqual([first, second, third]);
      expect(await store.apiKeys({ tenant: "default", after: first.key, limit: 1 })).toEqual([second]);
      expect(await store.apiKeys({ tenant: "nobody", limit: 10 })).toEqual([]);
      expect(store.rev).toBe(0);
    });

    it("are touched and revoked; the first revocation counts, and using it then does not undo it", async () => {
      const store = await opened();
      const row = anApiKey(store, { expiresAt: NOW + 1 });
      await store.addApiKey(row);
      await store.touchApiKey(row.key, NOW + 5);
      expect(await store.apiKey(row.key)).toEqual({ ...row, lastUsedAt: NOW + 5 });
      await store.revokeApiKey(row.key, NOW + 6);
      await Promise.all([store.revokeApiKey(row.key, NOW + 7), store.touchApiKey(row.key, NOW + 8)]);
      expect(await store.apiKey(row.key)).toEqual({ ...row, lastUsedAt: NOW + 8, revokedAt: NOW + 6 });
    });

    it("are never two of one key", async () => {
      const store = await opened();
      const row = anApiKey(store);
      await store.addApiKey(row);
      await expect(store.addApiKey({ ...row, user: "another" })).rejects.toMatchObject({ code: "internal" });
      await store.touchApiKey(row.key + 1, NOW);
      expect(await store.apiKeys({ tenant: "default", limit: 10 })).toEqual([row]);
    });
  });

  describe("the change log", () => {
    it("gives what came after a rev, for one tenant, so many at once", async () => {
      const store = await opened();
      const keys: number[] = [];
      for (const tenant of ["default", "other", "default", "default"]) {
        keys.push((await appended(store, 0, { tenant })).message.key);
      }
      const { oldest, rows } = await store.changes("default", 1, 1);
      expect(oldest).toBe(1);
      expect(rows).toEqual([{ rev: 3, tenant: "default", kind: "message", key: keys[2], tombstone: false }]);
      expect((await store.changes("default", 3, 10)).rows.map(({ rev }) => rev)).toEqual([4]);
      expect((await store.changes("default", 4, 10)).rows).toEqual([]);
      expect((await store.changes("other", 0, 10)).rows.map(({ rev }) => rev)).toEqual([2]);
    });

    it("says of an empty log that nothing is missing", async () => {
      const store = await opened();
      expect(await store.changes("default", 0, 10)).toEqual({ oldest: 1, rows: [] });
    });

    it("forgets the oldest, and says where it begins", async () => {
      const store = await opened({ keepChanges: 20 });
      for (let index = 0; index < 100; index += 1) await appended(store, 0);
      const { oldest, rows } = await store.changes("default", 0, 1_000);
      expect(oldest).toBeGreaterThan(77);
      expect(oldest).toBeLessThanOrEqual(81);
      expect(rows.map(({ rev }) => rev)).toEqual(Array.from({ length: 101 - oldest }, (_, index) => oldest + index));
      expect(store.rev).toBe(100);
    });
  });

  describe("keys", () => {
    it("are never given twice, also when the clock stands still or the keys run ahead of it", async () => {
      const store = await opened();
      const first = store.allocate("item", 10_000);
      expect(store.allocate("item")).toBe(first + 10_000);
      expect(store.allocate("item")).toBe(first + 10_001);
    });
  });

  describe("close", () => {
    it("finishes what was called, and may be repeated", async () => {
      const { store, items } = await fed();
      const writes = Promise.all(Array.from({ length: 300 }, () => appended(store)));
      const first = store.close();
      await Promise.all([store.close(), first]);
      expect(await writes).toHaveLength(300);
      expect(items).toHaveLength(300);
    });

    it("refuses everything afterwards", async () => {
      const store = await opened();
      const rows = withItems(store, 1);
      const closing = store.close();
      const calls: Record<string, () => Promise<unknown>> = {
        saveEnrollment: () => store.saveEnrollment({} as EnrollmentRow),
        createRoom: () => store.createRoom({} as ConversationRow, []),
        addMember: () => store.addMember(1, 1, NOW),
        removeMember: () => store.removeMember(1, 1, NOW),
        append: () => store.append(rows),
        feed: () => store.feed(() => {}),
        begin: () => store.begin({ ...rows.items[0], items: [] } as never),
        settle: () => store.settle({ turn: null, decisions: [], at: NOW }),
        replayDeadLetter: () => store.replayDeadLetter(1, rows.items[0] as never),
        discardDeadLetter: () => store.discardDeadLetter(1),
        addApiKey: () => store.addApiKey({} as ApiKeyRow),
        touchApiKey: () => store.touchApiKey(1, NOW),
        revokeApiKey: () => store.revokeApiKey(1, NOW),
        enrollments: () => store.enrollments(),
        enrollment: () => store.enrollment(1),
        enrollmentNamed: () => store.enrollmentNamed("default", "ada"),
        conversation: () => store.conversation(1),
        directSession: () => store.directSession("default", "user:7", 1),
        members: () => store.members(1),
        message: () => store.message(1),
        messages: () => store.messages({ conversation: 1, limit: 1 }),
        history: () => store.history(1, 1, 1),
        countBefore: () => store.countBefore(1, 1, 1),
        recent: () => store.recent(1, 1),
        usedFor: () => store.usedFor("default", "order-1"),
        item: () => store.item(1),
        items: () => store.items([1]),
        itemsOf: () => store.itemsOf(rows.message),
        turn: () => store.turn(1),
        deadLetter: () => store.deadLetter(1),
        deadLetters: () => store.deadLetters({ tenant: "default", limit: 1 }),
        apiKey: () => store.apiKey(1),
        apiKeys: () => store.apiKeys({ tenant: "default", limit: 1 }),
        saveEntry: () => store.saveEntry(anEntry(), 0),
        entry: () => store.entry("persona", "default", "ada"),
        entries: () => store.entries({ kind: "persona", limit: 1 }),
        changes: () => store.changes("default", 0, 1),
        counts: () => store.counts(),
        spend: () => store.spend([]),
        spending: () => store.spending({ by: "fleet", from: 0, to: NOW }),
        probe: () => store.probe(),
      };
      for (const [name, call] of Object.entries(calls)) {
        await expect(call(), name).rejects.toMatchObject({ code: "runtime_closed" });
      }
      expect(() => store.allocate("item")).toThrow(expect.objectContaining({ code: "runtime_closed" }));
      await closing;
      await expect(store.probe()).rejects.toMatchObject({ code: "runtime_closed" });
    });
  });

  keepsSessions(opened);
  keepsSpending(opened);
  keepsEntries(opened);

  keepsMapping(opened);

  it("can be probed while it can be written", async () => {
    const store = await opened();
    await expect(store.probe()).resolves.toBeUndefined();
  });

  it("decides no item twice in one settlement", async () => {
    const store = await opened();
    const { items } = await appended(store);
    const item = items[0]?.key ?? 0;
    const settled = await store.settle({ turn: null, decisions: [answered(item), answered(item)], at: NOW });
    expect(settled).toEqual({ status: "late" });
    expect(await store.item(item)).toEqual(items[0]);
  });
}

/** A message with so many items, of which every second is declined from the start. */
function halfDeclined(store: Store, count: number) {
  const { message, items } = withItems(store, count);
  const declined = items
    .filter((_, n) => n % 2 === 1)
    .map(({ key, persona }) => ({ key, persona, reason: "undirected" }));
  return { message, items: items.filter((_, n) => n % 2 === 0), declined };
}

function outcomeOf({ key, persona, reason }: DeclinedItem, message: MessageRow): OutcomeRow {
  const { conversation, createdAt } = message;
  return {
    ...{ item: key, message: message.key, conversation, persona, turn: null, outcome: "declined", reason, error: null },
    ...{ attempt: 0, enqueuedAt: createdAt, decidedAt: createdAt, replayOf: null },
  };
}

function keyOf(row: ItemRow | OutcomeRow): number {
  return "outcome" in row ? row.item : row.key;
}

async function kindsSince(store: Store, rev: number) {
  return (await store.changes("default", rev, 100)).rows.map(({ kind }) => kind);
}

function anEnrollment(store: Store, id: string): EnrollmentRow {
  return {
    key: store.allocate("enrollment"),
    tenant: "default",
    id,
    partition: 3,
    definition: `{"name":"${id}"}`,
    createdAt: NOW,
    updatedAt: NOW,
    removedAt: null,
  };
}

function anApiKey(store: Store, over: Partial<ApiKeyRow> = {}): ApiKeyRow {
  return {
    key: store.allocate("api_key"),
    tenant: "default",
    user: "ada",
    role: "user",
    tier: "free",
    name: "Ada's laptop",
    hash: "00",
    createdAt: NOW,
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null,
    ...over,
  };
}

/** The next exception that nobody catches, taken away from the test runner. */
function nextUncaught(): Promise<Error> {
  const others = process.rawListeners("uncaughtException") as NodeJS.UncaughtExceptionListener[];
  process.removeAllListeners("uncaughtException");
  return new Promise((resolve) => {
    process.once("uncaughtException", (error) => {
      for (const listener of others) process.on("uncaughtException", listener);
      resolve(error);
    });
  });
}
