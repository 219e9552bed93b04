/** Rows as the runtime would write them, with whatever a test wants different. */
import type {
  ConversationRow,
  DeadLetterRow,
  Decision,
  ItemRow,
  MessageRow,
  SessionChange,
  Settled,
  Store,
  TurnRow,
} from "../../src/store/port.ts";

export const NOW = Date.UTC(2026, 0, 1);

export function aMessage(store: Store, over: Partial<MessageRow> = {}): MessageRow {
  return {
    key: store.allocate("message"),
    tenant: "default",
    conversation: 1,
    sender: { kind: "human", id: "user:7", name: "Ada" },
    text: "Hello?",
    tokens: 2,
    replyTo: null,
    hop: 0,
    turn: null,
    firstItem: null,
    itemCount: 0,
    createdAt: NOW,
    ...over,
  };
}

/** A message and so many items of it, not written yet. */
export function withItems(store: Store, count: number, over: Partial<MessageRow> = {}, item: Partial<ItemRow> = {}) {
  const firstItem = count === 0 ? null : store.allocate("item", count);
  const message = aMessage(store, { firstItem, itemCount: count, ...over });
  const items = Array.from(
    { length: count },
    (_, index): ItemRow => ({
      key: (firstItem ?? 0) + index,
      message: message.key,
      conversation: message.conversation,
      persona: 11 + index,
      partition: 3,
      lane: 1,
      priority: 0.625,
      flags: 4,
      enqueuedAt: NOW,
      notBefore: null,
      expiresAt: NOW + 60_000,
      attempt: 0,
      failures: 0,
      turn: null,
      mergeKey: 9,
      replayOf: null,
      ...item,
    }),
  );
  return { message, items };
}

/** Writes a message with one item for each of `count` personas. */
export async function appended(store: Store, count = 1, over: Partial<MessageRow> = {}) {
  const rows = withItems(store, count, over);
  await store.append(rows);
  return rows;
}

/** The direct session of user 7 with the persona 11. */
export function aSession(store: Store, over: Partial<ConversationRow> = {}): ConversationRow {
  return {
    key: store.allocate("conversation"),
    tenant: "default",
    kind: "session",
    name: null,
    owner: null,
    caller: "user:7",
    persona: 11,
    direct: 1,
    createdAt: NOW,
    closedAt: null,
    ...over,
  };
}

export function aTurn(store: Store, items: readonly ItemRow[], over: Partial<TurnRow> = {}): TurnRow {
  return {
    key: store.allocate("turn"),
    tenant: "default",
    persona: items[0]?.persona ?? 11,
    conversation: items[0]?.conversation ?? 1,
    lane: 1,
    attempt: 1,
    epoch: store.epoch,
    items: items.map(({ key }) => key),
    formedAt: NOW,
    deadline: NOW + 120_000,
    outcome: null,
    settledAt: null,
    reply: null,
    error: null,
    explanation: '{"reason":"only"}',
    ...over,
  };
}

export async function begun(store: Store, items: readonly ItemRow[], over: Partial<TurnRow> = {}): Promise<TurnRow> {
  const turn = aTurn(store, items, over);
  await store.begin(turn);
  return turn;
}

export const answered = (item: number): Decision => ({ item, outcome: "answered", reason: null, error: null });

export const declined = (item: number): Decision => ({ item, outcome: "declined", reason: "unenrolled", error: null });

export const retried = (item: number): Decision => ({ item, outcome: "retry", notBefore: NOW + 1_000, failures: 1 });

export const died = (item: number): Decision => ({ item, outcome: "dead", reason: "expired", error: null });

/** The item by which a dead one is tried anew. */
export function freshItem(store: Store, { item, tenant, reason, error, diedAt, ...kept }: DeadLetterRow): ItemRow {
  const key = store.allocate("item");
  const anew = { notBefore: null, expiresAt: null, attempt: 0, failures: 0, turn: null, replayOf: item };
  return { ...kept, key, enqueuedAt: diedAt + 60_000, ...anew };
}

/** Settles a turn as answered, by a message that makes `count` items for others. */
export async function settledByReply(
  store: Store,
  turn: TurnRow,
  count = 0,
  more: { readonly session?: SessionChange } = {},
): Promise<Settled> {
  const reply = withItems(store, count, {
    sender: { kind: "persona", id: "ada" },
    text: "Yes.",
    turn: turn.key,
    hop: 1,
  });
  return store.settle({
    turn: { key: turn.key, attempt: turn.attempt, outcome: "answered", error: null, explanation: "{}" },
    reply,
    decisions: turn.items.map(answered),
    ...more,
    at: NOW + 500,
  });
}
