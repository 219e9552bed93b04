/**
 * How rows lie in tables: for each table the property and its column, in the order in which values
 * are bound. The compiler sees to it that no property of a row is forgotten.
 */
import { PersonaError } from "../errors.ts";
import type {
  ApiKeyRow,
  ConversationRow,
  DeadLetterRow,
  EnrollmentRow,
  EntryRow,
  ItemRow,
  MessageRow,
  OutcomeRow,
  Sender,
  SenderKind,
  SequenceStepRow,
  SessionRow,
  SpendingRow,
  TurnRow,
} from "./port.ts";
import { type Statement, statement } from "./query.ts";

/** What a database stores and what crosses to the writer: plain values, no objects. */
export type Value = string | number | Uint8Array | null;
export type Values = readonly Value[];

/** A message as it is stored: the sender in columns of its own. */
export type StoredMessage = Omit<MessageRow, "sender"> & {
  readonly senderKind: SenderKind;
  readonly senderId: string;
  readonly senderName: string | null;
};

/** A turn as it is stored: its items as JSON. */
export type StoredTurn = Omit<TurnRow, "items"> & { readonly items: string };

export const ENROLLMENT = table<EnrollmentRow>("enrollment", {
  key: "key",
  tenant: "tenant",
  id: "id",
  partition: '"partition"',
  definition: "definition",
  createdAt: "created_at",
  updatedAt: "updated_at",
  removedAt: "removed_at",
});

export const CONVERSATION = table<ConversationRow>("conversation", {
  key: "key",
  tenant: "tenant",
  kind: "kind",
  name: "name",
  owner: "owner",
  caller: "caller",
  persona: "persona",
  direct: "direct",
  createdAt: "created_at",
  closedAt: "closed_at",
});

export const SESSION = table<Omit<SessionRow, "snapshot">>("session", {
  conversation: "conversation",
  progress: "progress",
  version: "version",
  updatedAt: "updated_at",
});

export const SEQUENCE_STEP = table<SequenceStepRow>("sequence_step", {
  key: "key",
  tenant: "tenant",
  conversation: "conversation",
  turn: "turn",
  sequence: "sequence",
  step: "step",
  stepIndex: "step_index",
  status: "status",
  reason: "reason",
  verdict: "verdict",
  at: "at",
});

export const MESSAGE = table<StoredMessage>("message", {
  key: "key",
  tenant: "tenant",
  conversation: "conversation",
  senderKind: "sender_kind",
  senderId: "sender_id",
  senderName: "sender_name",
  text: "text",
  tokens: "tokens",
  replyTo: "reply_to",
  hop: "hop",
  turn: "turn",
  firstItem: "first_item",
  itemCount: "item_count",
  createdAt: "created_at",
});

export const ITEM = table<ItemRow>("inbox", {
  key: "key",
  message: "message",
  conversation: "conversation",
  persona: "persona",
  partition: '"partition"',
  lane: "lane",
  priority: "priority",
  flags: "flags",
  enqueuedAt: "enqueued_at",
  notBefore: "not_before",
  expiresAt: "expires_at",
  attempt: "attempt",
  failures: "failures",
  turn: "turn",
  mergeKey: "merge_key",
  replayOf: "replay_of",
});

export const OUTCOME = table<OutcomeRow>("outcome", {
  item: "item",
  message: "message",
  conversation: "conversation",
  persona: "persona",
  turn: "turn",
  outcome: "outcome",
  reason: "reason",
  error: "error",
  attempt: "attempt",
  enqueuedAt: "enqueued_at",
  decidedAt: "decided_at",
  replayOf: "replay_of",
});

export const DEAD_LETTER = table<DeadLetterRow>("dead_letter", {
  item: "item",
  message: "message",
  conversation: "conversation",
  persona: "persona",
  partition: '"partition"',
  lane: "lane",
  priority: "priority",
  flags: "flags",
  enqueuedAt: "enqueued_at",
  attempt: "attempt",
  failures: "failures",
  mergeKey: "merge_key",
  reason: "reason",
  error: "error",
  diedAt: "died_at",
  tenant: "tenant",
});

export const TURN = table<StoredTurn>("turn", {
  key: "key",
  tenant: "tenant",
  persona: "persona",
  conversation: "conversation",
  lane: "lane",
  attempt: "attempt",
  epoch: "epoch",
  items: "items",
  formedAt: "formed_at",
  deadline: "deadline",
  outcome: "outcome",
  settledAt: "settled_at",
  reply: "reply",
  error: "error",
  explanation: "explanation",
});

export const API_KEY = table<ApiKeyRow>("api_key", {
  key: "key",
  tenant: "tenant",
  user: '"user"',
  role: "role",
  tier: "tier",
  name: "name",
  hash: "hash",
  createdAt: "created_at",
  expiresAt: "expires_at",
  lastUsedAt: "last_used_at",
  revokedAt: "revoked_at",
});

export const SPENDING = table<SpendingRow>("spending", {
  at: "at",
  turn: "turn",
  call: "call",
  tenant: "tenant",
  persona: "persona",
  owner: "owner",
  model: "model",
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  nanoUsd: "nano_usd",
  state: "state",
});

export const ENTRY = table<EntryRow>("catalogue_entry", {
  tenant: "tenant",
  kind: "kind",
  id: "id",
  version: "version",
  body: "body",
  reset: "reset",
  createdAt: "created_at",
  updatedAt: "updated_at",
});

export function messageValues(message: MessageRow): Values {
  const { kind, id, name = null } = message.sender;
  return MESSAGE.values({ ...message, senderKind: kind, senderId: id, senderName: name });
}

export function messageRow({ senderKind, senderId, senderName, ...message }: StoredMessage): MessageRow {
  const sender: Sender = { kind: senderKind, id: senderId, ...(senderName === null ? {} : { name: senderName }) };
  return { ...message, sender };
}

export function turnValues(turn: TurnRow): Values {
  return TURN.values({ ...turn, items: JSON.stringify(turn.items) });
}

export function turnRow(turn: StoredTurn): TurnRow {
  return { ...turn, items: itemsOf(turn) };
}

/** The keys of a turn's items. Throws `store_corrupt` if they cannot be read. */
export function itemsOf({ items }: Pick<StoredTurn, "items">): readonly number[] {
  try {
    return JSON.parse(items);
  } catch (cause) {
    throw new PersonaError("store_corrupt", "The row of a turn is damaged; restore the database from a backup.", {
      cause,
    });
  }
}

export function insertInto({ name, columns, places }: Table<never>): Statement {
  return statement(`INSERT INTO ${name} (${columns}) VALUES (${places})`);
}

/** As `insertInto`, in place of the row that has the same `key`: the columns of its primary key. */
export function replaceInto({ name, columns, places }: Table<never>, key: string): Statement {
  const set = columns.split(", ").map((column) => `${column} = excluded.${column}`);
  return statement(`
    INSERT INTO ${name} (${columns}) VALUES (${places}) ON CONFLICT (${key}) DO UPDATE SET ${set.join(", ")}`);
}

/**
 * As `list.map`, for what crosses to the writer. V8's compiler makes the arrays of `map` such that they may have holes,
 * and those are cloned as sparse ones: one property after the other, which takes more than twice as long on both sides.
 */
export function dense<Item, Made>(list: readonly Item[], make: (item: Item) => Made): Made[] {
  const made: Made[] = [];
  for (const item of list) made.push(make(item));
  return made;
}

export interface Table<Row> {
  readonly name: string;
  /** How many columns. */
  readonly width: number;
  /** `column, column…`, for an INSERT. */
  readonly columns: string;
  /** `?, ?…`, as many as there are columns. */
  readonly places: string;
  /** `column AS property…`, so that a selected row has the shape of the port. */
  readonly selection: string;
  values(row: Row): Values;
}

export function table<Row extends { readonly [K in keyof Row]: Value }>(
  name: string,
  columns: { readonly [K in keyof Row]: string },
): Table<Row> {
  const properties = Object.keys(columns) as (keyof Row & string)[];
  return {
    name,
    width: properties.length,
    columns: properties.map((property) => columns[property]).join(", "),
    places: properties.map(() => "?").join(", "),
    selection: properties.map((property) => `${columns[property]} AS "${property}"`).join(", "),
    values: (row) => dense(properties, (property) => row[property]),
  };
}
