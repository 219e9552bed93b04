import { expect } from "vitest";
import type { FedItem, Store } from "../../src/store/port.ts";
import { ADA, anObservation } from "./mapping/rows.ts";
import { freshItem, NOW, withItems } from "./rows.ts";

/** Item 31 waits, 32 was answered, 33 declined; 34 failed three times in the task lane, 35 expired in no turn, of an agent. */
export const ROWS_OF_VERSION_1 = `
  INSERT INTO database VALUES (1, 77, 4, 40, 1, 0, 1, 1, 2, 0, ${NOW});
  INSERT INTO enrollment VALUES (11, 'default', 'ada', 200, '{}', ${NOW}, ${NOW}, NULL, 1);
  INSERT INTO enrollment VALUES (12, 'default', 'bob', 201, '{}', ${NOW}, ${NOW}, ${NOW}, 2);
  INSERT INTO conversation VALUES (1, 'default', 'session', NULL, 'human/user:7', 11, ${NOW}, NULL, 1);
  INSERT INTO conversation VALUES (2, 'default', 'session', NULL, 'agent/ci', 12, ${NOW}, NULL, 1);
  INSERT INTO conversation VALUES (3, 'default', 'room', 'salon', NULL, NULL, ${NOW}, NULL, 1);
  INSERT INTO message VALUES (21, 'default', 1, 'human', 'user:7', 'Ada', 'Hello?', 2, NULL, 0, NULL, 31, 4, ${NOW});
  INSERT INTO message VALUES (22, 'default', 1, 'agent', 'ci', NULL, 'Done.', 2, NULL, 0, NULL, 35, 1, ${NOW});
  INSERT INTO turn VALUES (41, 'default', 11, 1, 2, 3, 4, '[34]', ${NOW}, ${NOW}, 'failed', ${NOW}, NULL, 'no', '{}', 3);
  INSERT INTO inbox VALUES (31, 21, 1, 11, 200, 1, 0.5, 4, ${NOW}, NULL, NULL, 0, 0, NULL, 0);
  INSERT INTO outcome VALUES (32, 21, 1, 11, 40, 'answered', NULL, NULL, 1, ${NOW}, ${NOW});
  INSERT INTO outcome VALUES (33, 21, 1, 11, NULL, 'declined', 'unenrolled', NULL, 0, ${NOW}, ${NOW});
  INSERT INTO outcome VALUES (34, 21, 1, 11, 41, 'dead', 'cognition_failed', 'no', 3, ${NOW}, ${NOW + 5});
  INSERT INTO outcome VALUES (35, 22, 1, 12, NULL, 'dead', 'expired', NULL, 0, ${NOW + 1}, ${NOW + 9});
  INSERT INTO change_log VALUES (3, 'default', 3, 41, 0);
  INSERT INTO idempotency VALUES ('default', 'order-1', 'abc', 21, ${NOW});`;

/** What must have become of them. */
export async function isBroughtForward(store: Store): Promise<void> {
  expect(store).toMatchObject({ salt: 77, epoch: 5, rev: 3 });
  const fed: FedItem[] = [];
  await store.feed((items) => fed.push(...items));
  expect(fed).toMatchObject([{ key: 31, message: 21, mergeKey: 0, replayOf: null }]);
  expect(await store.item(32)).toMatchObject({ outcome: "answered", replayOf: null });
  const owners = [1, 2, 3].map(async (key) => (await store.conversation(key))?.owner);
  expect(await Promise.all(owners)).toEqual(["user:7", null, null]);
  expect(await store.usedFor("default", "order-1")).toEqual({ fingerprint: "abc", message: 21 });

  const failed = {
    tenant: "default",
    item: 34,
    message: 21,
    conversation: 1,
    persona: 11,
    partition: 200,
    lane: 2,
    priority: 0.5,
    flags: 4,
    mergeKey: 0,
    enqueuedAt: NOW,
    reason: "cognition_failed",
    error: "no",
    attempt: 3,
    failures: 3,
    diedAt: NOW + 5,
  };
  const expired = {
    ...failed,
    item: 35,
    message: 22,
    persona: 12,
    partition: 201,
    lane: 1,
    flags: 0,
    enqueuedAt: NOW + 1,
    reason: "expired",
    error: null,
    attempt: 0,
    failures: 0,
    diedAt: NOW + 9,
  };
  // The newest tables are there as well.
  const observation = anObservation(store);
  const observed = { ...withItems(store, 0), along: { observations: [observation] } };
  expect(await store.append(observed)).toMatchObject({ status: "appended", rev: 4 });
  expect(await store.mapping.pendingObservations({ ...ADA, limit: 9 })).toEqual([observation]);

  const letters = await store.deadLetters({ tenant: "default", limit: 10 });
  expect(letters).toEqual([failed, expired]);
  const fresh = freshItem(store, failed);
  expect(await store.replayDeadLetter(34, fresh)).toEqual({ status: "replayed", rev: 5 });
  expect(fed[1]).toEqual(fresh);
  expect(await store.counts()).toEqual({ waiting: 2, inTurn: 0, answered: 1, declined: 1, dead: 2 });
}
