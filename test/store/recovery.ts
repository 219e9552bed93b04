/** What a store has after its process was killed. Each form of it on a disk runs this suite from a test file of its own. */
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/open.ts";
import type { FedItem, Store } from "../../src/store/port.ts";
import { type Child, startChild } from "./child.ts";
import { begun, declined, retried } from "./rows.ts";

export interface Place {
  /** The name of a store that does not exist yet. */
  fresh(): string;
  /** Counts rows behind the back of the store: `SELECT count(*) FROM …`. */
  count(store: string, rows: string): number | Promise<number>;
  /** Throws if the database finds itself damaged. */
  check(store: string): void;
  /** Resolves when it is known that a process which was killed has the store open no more. Default: at once. */
  unowned?(store: string): Promise<void>;
}

export function recovers(place: Place): void {
  const names = new WeakMap<Store, string>();

  it("starts empty after a crash before the first message", async () => {
    const { store, fed } = await reopened(await killedAfter("opened"));
    expect(fed).toEqual([]);
    expect(store.epoch).toBe(2);
    await consistent(store);
  });

  it("gives items back that were accepted, as if nothing had happened", async () => {
    const { store, fed } = await reopened(await killedAfter("appended"));
    expect(fed).toMatchObject([
      { turn: null, turnItems: 0, attempt: 0 },
      { turn: null, turnItems: 0, attempt: 0 },
    ]);
    expect(await store.counts()).toMatchObject({ waiting: 2, inTurn: 0 });
    await consistent(store);
  });

  it("says of items that were in a turn that its outcome is unknown, and how many it had", async () => {
    const { store, fed } = await reopened(await killedAfter("begun"));
    const turn = fed[0]?.turn ?? 0;
    expect(fed).toMatchObject([
      { turn, turnItems: 2, attempt: 1 },
      { turn, turnItems: 2, attempt: 1 },
    ]);
    expect(await store.turn(turn)).toMatchObject({ outcome: "unknown", reply: null, epoch: 1 });
    expect((await store.turn(turn))?.settledAt).toBeGreaterThan(0);
    expect((await store.changes("default", 1, 10)).rows).toMatchObject([{ kind: "turn", key: turn }]);
    expect(await store.counts()).toMatchObject({ waiting: 2, inTurn: 0 });
    await consistent(store);
  });

  it("knows after a crash what was settled", async () => {
    const { store, fed } = await reopened(await killedAfter("settled"));
    expect(fed).toEqual([]);
    expect(await store.counts()).toEqual({ waiting: 0, inTurn: 0, answered: 2, declined: 0, dead: 0 });
    expect(await store.messages({ conversation: 1, limit: 10 })).toHaveLength(2);
    await consistent(store);
  });

  it("keeps a dead letter across a crash, and knows after another that it was replayed", async () => {
    const dead = await reopened(await killedAfter("dead"));
    expect(dead.fed).toEqual([]);
    const letters = await dead.store.deadLetters({ tenant: "default", limit: 10 });
    expect(letters).toMatchObject([{ persona: 11, reason: "expired", mergeKey: 9 }]);
    expect(await dead.store.counts()).toMatchObject({ waiting: 0, answered: 2, dead: 1 });
    await consistent(dead.store);

    const { store, fed } = await reopened(await killedAfter("replayed"));
    expect(await store.deadLetters({ tenant: "default", limit: 10 })).toEqual([]);
    expect(fed).toMatchObject([{ turn: null, turnItems: 0, attempt: 0, mergeKey: 9 }]);
    expect(await store.item(fed[0]?.replayOf ?? 0)).toMatchObject({ outcome: "dead", message: fed[0]?.message });
    expect(await store.counts()).toMatchObject({ waiting: 1, answered: 2, dead: 1 });
    await consistent(store);
  });

  it("says it again after a second crash, until each item is decided, put off or tried", async () => {
    const file = await killedAfter("begun");
    const second = startChild("crash-child.ts", [file, "opened"]);
    const unknown = await second.line();
    expect(unknown).toMatch(/^fed \[\[\d+,\d+,2\],\[\d+,\d+,2\]\]$/);
    await reached(second, "opened");
    await second.kill();
    await place.unowned?.(file);

    const third = await reopened(file);
    expect(`fed ${JSON.stringify(third.fed.map(({ key, turn, turnItems }) => [key, turn, turnItems]))}`).toBe(unknown);
    expect((await third.store.changes("default", 0, 10)).rows.map(({ kind }) => kind)).toEqual(["message", "turn"]);
    const [first, other] = third.fed;
    if (!first || !other) throw new Error("two items were fed");
    const settled = await third.store.settle({ turn: null, decisions: [declined(first.key)], at: 1 });
    expect(settled.status).toBe("settled");
    expect(await third.store.item(first.key)).toMatchObject({ outcome: "declined", turn: first.turn, attempt: 1 });
    await third.store.close();

    const fourth = await reopened(file);
    expect(fourth.fed).toEqual([other]);
    await fourth.store.settle({ turn: null, decisions: [retried(other.key)], at: 1 });
    await fourth.store.close();

    const fifth = await reopened(file);
    expect(fifth.fed).toMatchObject([{ key: other.key, turn: null, turnItems: 0, failures: 1 }]);
    await consistent(fifth.store);
  });

  it("lets an item of an unknown turn begin again, and ends it as late as if the old turn came back", async () => {
    const { store, fed } = await reopened(await killedAfter("begun"));
    const old = await store.turn(fed[0]?.turn ?? 0);
    if (!old) throw new Error("the turn was begun");
    const late = { key: old.key, attempt: old.attempt, outcome: "answered", error: null, explanation: "{}" } as const;
    expect(await store.settle({ turn: late, decisions: fed.map(({ key }) => retried(key)), at: 1 })).toEqual({
      status: "late",
    });
    const turn = await begun(store, fed, { attempt: 2 });
    expect(await store.item(fed[0]?.key ?? 0)).toMatchObject({ turn: turn.key, attempt: 2 });
    expect(await store.settle({ turn: null, decisions: [declined(fed[0]?.key ?? 0)], at: 1 })).toEqual({
      status: "late",
    });
    await consistent(store);
  });

  it("has lost nothing that was acknowledged, whenever it is killed", async () => {
    const file = place.fresh();
    const child = startChild("hammer-child.ts", [file]);
    const acknowledged: number[] = [];
    for (let line = await child.line(); line !== undefined; line = await child.line()) {
      acknowledged.push(Number(line));
      if (acknowledged.length === 1_000) await child.kill();
    }
    await place.unowned?.(file);
    expect(acknowledged.length).toBeGreaterThanOrEqual(1_000);
    const { store, fed } = await reopened(file);
    for (const key of acknowledged) {
      const message = await store.message(key);
      expect(message?.key).toBe(key);
      if (message) expect(await store.itemsOf(message)).toHaveLength(2);
    }
    expect(await store.counts()).toMatchObject({ waiting: fed.length, inTurn: 0 });
    await consistent(store);
  });

  /** Runs a process on a new database up to a step, kills it there, and names the database. */
  async function killedAfter(step: string): Promise<string> {
    const file = place.fresh();
    const child = startChild("crash-child.ts", [file, step]);
    await reached(child, step);
    await child.kill();
    await place.unowned?.(file);
    return file;
  }

  async function reached(child: Child, step: string): Promise<void> {
    for (let line = await child.line(); line !== step; line = await child.line()) {
      if (line === undefined) throw new Error(`the process ended before it had ${step}`);
    }
  }

  async function reopened(file: string): Promise<{ store: Store; fed: FedItem[] }> {
    const store = await openStore(file, { clock: systemClock() });
    onTestFinished(() => store.close());
    names.set(store, file);
    const fed: FedItem[] = [];
    await store.feed((items) => fed.push(...items));
    return { store, fed };
  }

  /** Counts the rows themselves, and lets the database check itself. */
  async function consistent(store: Store): Promise<void> {
    const name = names.get(store) ?? "";
    const counts = await store.counts();
    const count = async (rows: string) => Number(await place.count(name, rows));
    expect({
      waiting: await count("inbox WHERE turn IS NULL OR unknown_items > 0"),
      inTurn: await count("inbox WHERE turn IS NOT NULL AND unknown_items = 0"),
      answered: await count("outcome WHERE outcome = 'answered'"),
      declined: await count("outcome WHERE outcome = 'declined'"),
      dead: await count("outcome WHERE outcome = 'dead'"),
    }).toEqual(counts);
    expect(
      await count(
        `message WHERE item_count <>
        (SELECT count(*) FROM inbox WHERE inbox.message = message.key AND replay_of IS NULL) +
        (SELECT count(*) FROM outcome WHERE outcome.message = message.key AND replay_of IS NULL)`,
      ),
    ).toBe(0);
    expect(await count("dead_letter WHERE item NOT IN (SELECT item FROM outcome WHERE outcome = 'dead')")).toBe(0);
    place.check(name);
  }
}
