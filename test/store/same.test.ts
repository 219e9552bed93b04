import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { PersonaError } from "../../src/errors.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import {
  type Append,
  type ConversationRow,
  type Decision,
  type ItemRow,
  type MessageRow,
  type SequenceStepRow,
  type Settle,
  SPENDERS,
  type SpendingRow,
  type Store,
  type TurnRow,
} from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { NOW } from "./rows.ts";
import { tempFolder } from "./temp-folder.ts";

/**
 * Few keys, so that commands meet each other's rows: doubled messages, items in other turns, late
 * settlements. Both stores get the same bursts and must give the same answers and end alike.
 */
const MESSAGES = 9;
const TURNS = 5;
const CONVERSATIONS = 3;
const STEPS = 9;
const messageKey = fc.integer({ min: 1, max: MESSAGES });
const turnKey = fc.integer({ min: 1, max: TURNS });
const conversationKey = fc.integer({ min: 1, max: CONVERSATIONS });
const itemKey = fc.tuple(messageKey, fc.integer({ min: 0, max: 2 })).map(([message, index]) => message * 10 + index);
const itemKeys = fc.array(itemKey, { minLength: 1, maxLength: 3 });

const append = fc
  .record({
    key: messageKey,
    items: fc.integer({ min: 0, max: 3 }),
    conversation: conversationKey,
    opens: fc.boolean(),
    once: fc.option(fc.record({ key: fc.constantFrom("a", "b"), fingerprint: fc.constantFrom("f", "g") }), {
      nil: undefined,
    }),
  })
  .map(({ key, items, conversation, opens, once }): Command => {
    const command: Append = {
      ...message(key, items, conversation),
      ...(opens ? { open: session(conversation) } : {}),
      ...(once ? { idempotency: { scope: "default", ...once } } : {}),
    };
    return (store) => store.append(command);
  });

const begin = fc.record({ key: turnKey, items: itemKeys, attempt: fc.integer({ min: 1, max: 2 }) }).map(
  (turn): Command =>
    (store) =>
      store.begin(row(turn)),
);

const decision = (item: number): fc.Arbitrary<Decision> =>
  fc.oneof(
    fc.constant<Decision>({ item, outcome: "answered", reason: null, error: null }),
    fc.constant<Decision>({ item, outcome: "dead", reason: "expired", error: "late" }),
    fc.record({ item: fc.constant(item), outcome: fc.constant("retry" as const), notBefore: fc.constant(NOW + 9) }),
  );

const settle = fc
  .record({
    turn: fc.option(fc.record({ key: turnKey, attempt: fc.integer({ min: 1, max: 2 }) })),
    decisions: itemKeys.chain((items) => fc.tuple(...items.map(decision))),
    reply: fc.option(fc.tuple(messageKey, fc.integer({ min: 0, max: 2 })), { nil: undefined }),
    spending: fc.array(fc.constantFrom<SpendingRow["state"]>("settled", "unconfirmed"), { maxLength: 2 }),
  })
  .map(({ turn, decisions, reply, spending }): Command => {
    const command: Settle = {
      spending: turn === null ? [] : spending.map((state, call) => spent(turn.key, call, state)),
      turn: turn && { ...turn, outcome: "answered", error: null, explanation: "{}" },
      decisions,
      at: NOW + 5,
      ...(reply && turn ? { reply: message(reply[0], reply[1], 1) } : {}),
    };
    return (store) => store.settle(command);
  });

const spend = fc.tuple(turnKey, fc.integer({ min: 0, max: 1 })).map(
  ([turn, call]): Command =>
    (store) =>
      store.spend([spent(turn, call, "reserved")]),
);

/** Replays have keys of their own: of 11 it is 111, of that one 211. */
const replayKey = (item: number): number => item + 100;
const deadLetterKey = fc.tuple(itemKey, fc.integer({ min: 0, max: 2 })).map(([item, replays]) => item + 100 * replays);

const deadLetter = fc.tuple(deadLetterKey, fc.boolean()).map(
  ([item, isReplay]): Command =>
    (store) =>
      isReplay ? replay(store, item) : store.discardDeadLetter(item),
);

/** The life of one message, from append to settle, and what becomes of its first item's dead letter: what mostly happens. */
const life = fc
  .record({
    turn: turnKey,
    key: messageKey,
    count: fc.integer({ min: 1, max: 3 }),
    reply: fc.option(messageKey, { nil: undefined }),
    afterwards: fc.constantFrom("keep", "replay", "discard"),
  })
  .chain(({ turn, key, count, reply, afterwards }) => {
    const keys = message(key, count, 1).items.map((item) => item.key);
    const first = keys[0] ?? 0;
    return fc.tuple(fc.tuple(...keys.map(decision)), decision(replayKey(first))).map(
      ([decisions, again]): Command =>
        async (store) => {
          const calls: Promise<unknown>[] = [
            store.append(message(key, count, 1)),
            store.begin(row({ key: turn, items: keys, attempt: 1 })),
            store.settle({
              turn: { key: turn, attempt: 1, outcome: "answered", error: null, explanation: "{}" },
              ...(reply === undefined ? {} : { reply: message(reply, 1, 1) }),
              decisions,
              at: NOW,
            }),
          ];
          if (afterwards === "discard") calls.push(store.discardDeadLetter(first));
          if (afterwards === "replay") {
            calls.push(replay(store, first), store.settle({ turn: null, decisions: [again], at: NOW }));
          }
          return Promise.all(calls.map(outcomeOf));
        },
    );
  });

const room = fc.tuple(conversationKey, fc.constantFrom(7, 8), fc.constantFrom("create", "add", "remove")).map(
  ([key, persona, what]): Command =>
    (store) => {
      if (what === "add") return store.addMember(key, persona, NOW);
      if (what === "remove") return store.removeMember(key, persona, NOW);
      return store.createRoom({ ...session(key), kind: "room", caller: null, persona: null, direct: 0 }, [persona]);
    },
);

const stepKey = fc.integer({ min: 1, max: STEPS });
const steps = fc.array(stepKey, { maxLength: 1 });
const change = fc.record({ conversation: conversationKey, expected: fc.integer({ min: 1, max: 2 }), steps });

const followed = fc.tuple(change, fc.constantFrom("open", "send", "change", "close", "just close")).map(
  ([{ conversation, expected, steps }, what]): Command =>
    (store) => {
      const written = { conversation, expected, progress: `${expected}`, steps: steps.map(step), at: NOW };
      const row = { conversation, snapshot: what, progress: "0", version: 1, updatedAt: NOW };
      const opening = { session: row, steps: steps.map((key) => step(key + STEPS)) };
      if (what === "open") return store.openSession({ ...session(conversation), direct: 0 }, opening);
      if (what === "send") return store.append({ ...message(conversation, 0, conversation), session: opening });
      if (what === "change") return store.changeSession(written);
      return store.closeSession(conversation, NOW, what === "close" ? written : undefined);
    },
);

/** Two of the three want the same name. */
const enrollment = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean()).map(
  ([key, removed]): Command =>
    (store) =>
      store.saveEnrollment({
        key,
        tenant: "default",
        id: key === 1 ? "ada" : "bob",
        partition: 1,
        definition: "{}",
        createdAt: NOW,
        updatedAt: NOW,
        removedAt: removed ? NOW : null,
      }),
);

const bursts = fc.array(
  fc.array(
    fc.oneof(
      { arbitrary: append, weight: 4 },
      { arbitrary: life, weight: 4 },
      { arbitrary: begin, weight: 2 },
      { arbitrary: settle, weight: 3 },
      { arbitrary: deadLetter, weight: 2 },
      spend,
      room,
      { arbitrary: followed, weight: 3 },
      enrollment,
    ),
    { minLength: 1, maxLength: 12 },
  ),
  { minLength: 1, maxLength: 6 },
);

it("answers and ends alike in memory and on disk, whatever is asked of it", async () => {
  const folder = tempFolder();
  let files = 0;
  await fc.assert(
    fc.asyncProperty(bursts, async (run) => {
      files += 1;
      const options = { clock: new ManualClock(NOW), salt: 1 };
      const memory = await openMemoryStore(options);
      const sqlite = await openSqliteStore(join(folder, `${files}.db`), options);
      try {
        const heard: Record<string, number[]> = { memory: [], sqlite: [] };
        for (const store of [memory, sqlite]) {
          await store.feed((items) => heard[store.kind]?.push(...items.map(({ key }) => key)));
        }
        for (const burst of run) {
          const [inMemory, onDisk] = await Promise.all(
            [memory, sqlite].map((store) => Promise.all(burst.map((command) => outcomeOf(command(store))))),
          );
          expect(onDisk).toEqual(inMemory);
        }
        expect(heard["sqlite"]).toEqual(heard["memory"]);
        expect(await everything(sqlite)).toEqual(await everything(memory));
      } finally {
        await sqlite.close();
      }
    }),
    { numRuns: 25 },
  );
});

type Command = (store: Store) => Promise<unknown>;

/** Whatever the letter says: both stores must write the same item. */
function replay(store: Store, item: number): Promise<unknown> {
  const [fresh] = message(Math.floor((item % 100) / 10), 1, 1).items;
  return store.replayDeadLetter(item, { ...(fresh as ItemRow), key: replayKey(item), replayOf: item });
}

async function outcomeOf(answer: Promise<unknown>): Promise<unknown> {
  return answer.catch((error) => (error instanceof PersonaError ? error.code : error));
}

async function everything(store: Store) {
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const each = <T>(count: number, read: (key: number) => Promise<T>) => Promise.all(upTo(count).map(read));
  return {
    rev: store.rev,
    counts: await store.counts(),
    changes: await store.changes("default", 0, 1_000),
    enrollments: await store.enrollments(),
    conversations: await each(CONVERSATIONS, (key) => store.conversation(key)),
    session: await store.directSession("default", "user:1", 7),
    members: await each(CONVERSATIONS, (key) => store.members(key)),
    messages: await each(CONVERSATIONS, (conversation) => store.messages({ conversation, limit: 100 })),
    history: await each(CONVERSATIONS, (conversation) => store.history(conversation, MESSAGES, 5)),
    counted: await each(CONVERSATIONS, (conversation) => store.countBefore(conversation, MESSAGES, 5)),
    items: await each(MESSAGES * 10 + 309, (key) => store.item(key)),
    recent: await each(CONVERSATIONS, (conversation) => store.recent(conversation, 2)),
    undecided: (await store.items(upTo(MESSAGES * 10 + 309).reverse())).map(({ key }) => key),
    deadLetters: await store.deadLetters({ tenant: "default", limit: 100 }),
    deadLettersOfOne: await store.deadLetters({ tenant: "default", persona: 1, after: 30, limit: 2 }),
    spending: await Promise.all(SPENDERS.map((by) => store.spending({ by, from: NOW, to: NOW + 9 }))),
    turns: await each(TURNS, (key) => store.turn(key)),
    sessions: await each(CONVERSATIONS, (key) => store.session(key)),
    steps: await each(2 * STEPS, (key) => store.sequenceStep(key)),
  };
}

function message(key: number, count: number, conversation: number): { message: MessageRow; items: ItemRow[] } {
  const items = Array.from({ length: count }, (_, index) => ({
    key: key * 10 + index,
    message: key,
    conversation,
    persona: index,
    partition: 0,
    lane: 1,
    priority: 0.5,
    flags: 0,
    enqueuedAt: NOW,
    notBefore: null,
    expiresAt: null,
    attempt: 0,
    failures: 0,
    turn: null,
    mergeKey: 0,
    replayOf: null,
  }));
  return {
    message: {
      key,
      tenant: "default",
      conversation,
      sender: { kind: "human", id: "user:1" },
      text: `message ${key}`,
      tokens: key % 3,
      replyTo: null,
      hop: 0,
      turn: null,
      firstItem: count === 0 ? null : key * 10,
      itemCount: count,
      createdAt: NOW,
    },
    items,
  };
}

function spent(turn: number, call: number, state: SpendingRow["state"]): SpendingRow {
  const nanoUsd = call === 0 ? turn % 3 : null;
  const whose = { tenant: "default", persona: turn % 2, owner: turn < 3 ? null : "user:1", model: "a:b" };
  return { turn, call, ...whose, at: NOW + turn, inputTokens: turn, outputTokens: call, nanoUsd, state };
}

function step(key: number): SequenceStepRow {
  const what = { sequence: "s", step: "a", stepIndex: 0, status: "entered", reason: "begun", verdict: null } as const;
  return { key, tenant: "default", conversation: 1, turn: null, ...what, at: NOW };
}

function session(key: number): ConversationRow {
  // The second and third are of the same caller and persona, of which only one may be open.
  const persona = key === 1 ? 6 : 7;
  return {
    key,
    tenant: "default",
    kind: "session",
    name: null,
    owner: null,
    caller: "user:1",
    persona,
    direct: 1,
    createdAt: NOW,
    closedAt: null,
  };
}

function row(turn: { key: number; items: readonly number[]; attempt: number }): TurnRow {
  return {
    tenant: "default",
    persona: 1,
    conversation: 1,
    lane: 1,
    epoch: 1,
    formedAt: NOW,
    deadline: NOW + 1,
    outcome: null,
    settledAt: null,
    reply: null,
    error: null,
    explanation: "{}",
    ...turn,
  };
}
