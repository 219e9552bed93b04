import { serialize } from "node:v8";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { CommitQueue } from "../../src/store/commit-queue.ts";
import { Feed } from "../../src/store/feed.ts";
import type { Call } from "../../src/store/group-program.ts";
import { Keys } from "../../src/store/keys.ts";
import { SqlStore } from "../../src/store/sql-store.ts";
import { aTurn, NOW, settledByReply, withItems } from "./rows.ts";

/** A store whose writer keeps the groups that it is given, and says that they are written. */
function openStore(): { readonly store: SqlStore; readonly groups: (readonly Call[])[] } {
  const groups: (readonly Call[])[] = [];
  const keys = new Keys(new ManualClock(NOW));
  const queue: CommitQueue = new CommitQueue(
    {
      commit: (_, group) => {
        groups.push(group);
        queueMicrotask(() => queue.answered({ results: [], failures: new Map(), rev: 0 }));
      },
      busy: () => {},
    },
    { lastKey: () => keys.last, deliver: () => {} },
  );
  const nothing = { all: () => [], each: () => [] };
  const parts = { kind: "sqlite", salt: 1, epoch: 1, keepIdempotencyMs: 0, keys, feed: new Feed() } as const;
  const coded = (error: unknown) => {
    throw error;
  };
  return { store: new SqlStore({ ...parts, queue, source: nothing, coded, shut: async () => {} }), groups };
}

/** How V8 clones an array, by the tag behind the two bytes of its version: "A" element by element, "a" as an object. */
function tagsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return [String.fromCharCode(serialize(value)[2] ?? 0), ...value.flatMap(tagsOf)];
}

it("hands the writer arrays that are cloned element by element, also once the compiler has optimised who makes them", async () => {
  const { store, groups } = openStore();
  for (let n = 0; n < 150; n += 1) {
    const writes = Array.from({ length: 100 }, () => {
      const { message, items } = withItems(store, 1);
      // As native gives them.
      const turn = aTurn(store, items, { items: [message.firstItem ?? 0] });
      return [store.append({ message, items }), store.begin(turn), settledByReply(store, turn)];
    });
    await Promise.all(writes.flat());
  }
  expect(groups.flat()).toHaveLength(45_000);
  expect(new Set(tagsOf(groups.at(-1)))).toEqual(new Set(["A"]));
});
