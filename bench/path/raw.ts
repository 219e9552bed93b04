/**
 * Case: what the database itself can do. The store's own commands (so the same statements, on the same schema, with
 * rows of the same shape) called one after the other on one thread: no runtime, no cycle, no queue, no second thread.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { FLAG_HUMAN } from "../../src/layout.ts";
import { CONVERSATION, ITEM, messageValues, turnValues } from "../../src/store/columns.ts";
import { Commands } from "../../src/store/commands.ts";
import { prepareDatabase } from "../../src/store/database.ts";
import { openLedger } from "../../src/store/ledger.ts";
import type { MessageRow } from "../../src/store/port.ts";
import { SqliteConnection } from "../../src/store/sqlite-connection.ts";
import { measured } from "../support/isolated.ts";
import { type Cost, costOf } from "../support/meter.ts";
import { assertCounts, messageAt, replyTo, type Workload } from "./workload.ts";

const KEEP_CHANGES = 100_000;
const NOW = Date.UTC(2026, 0, 1);
const TENANT = "default";
/** The length is what counts. */
const EXPLANATION = JSON.stringify({
  why: "only",
  priority: 0.655,
  waitedMs: 3,
  kind: "function",
  begunAt: NOW,
  answeredAt: NOW,
});

/** Everything about one message, ready to be bound. */
type Rows = ReturnType<typeof rowsOf>;

await measured(async ({ group, folder, ...workload }: Workload & { group: number; folder?: string }): Promise<Cost> => {
  const place = mkdtempSync(join(folder ?? tmpdir(), "persona-bench-"));
  const file = join(place, "raw.db");
  const { epoch } = prepareDatabase(file, { now: NOW, salt: 1, keepChanges: KEEP_CHANGES });
  const database = new Database(file);
  database.pragma("synchronous = FULL");
  // As much as the store's writer lets come together.
  database.pragma("wal_autocheckpoint = 4096");
  const connection = new SqliteConnection(database);
  const ledger = connection.execute(openLedger(connection, { epoch, keepChanges: KEEP_CHANGES }));
  const commands = new Commands(connection, ledger);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const end = database.prepare("COMMIT");
  const commit = (write: () => void) => {
    begin.run();
    write();
    ledger.write(NOW);
    end.run();
    ledger.committed();
  };
  const accept = ({ message, conversation }: Rows) => {
    const appended = commands.append(...message, conversation, null);
    if ("next" in appended) connection.execute(appended);
  };
  const start = ({ turn }: Rows) => commands.begin(...turn);
  const settle = ({ settlement }: Rows) => void commands.settle(...settlement);
  const handle = (rows: readonly Rows[], group: number) => {
    for (let at = 0; at < rows.length; at += group) {
      const some = rows.slice(at, at + group);
      if (group === 1) {
        commit(() => {
          for (const one of some) for (const write of [accept, start, settle]) write(one);
        });
      } else {
        for (const write of [accept, start, settle]) commit(() => some.forEach(write));
      }
    }
  };

  try {
    const { messages, personas, users } = workload;
    const opening = personas * users;
    const rows = Array.from({ length: opening + messages }, (_, n) => rowsOf(n, workload, epoch));
    handle(rows.splice(0, opening), 256);
    const cost = await costOf(async () => handle(rows, group));
    const total = opening + messages;
    const found = database.prepare("SELECT waiting, in_turn, answered FROM database").get() as Record<string, number>;
    assertCounts(found, { waiting: 0, in_turn: 0, answered: total });
    assertCounts(database.prepare("SELECT count(*) AS messages FROM message").get() as Record<string, number>, {
      messages: 2 * total,
    });
    return cost;
  } finally {
    database.close();
    rmSync(place, { recursive: true });
  }
});

function rowsOf(n: number, workload: Workload, epoch: number) {
  const { persona, user, text } = messageAt(n, workload);
  const key = 2 * n + 1;
  const conversation = persona * workload.users + user + 1;
  const message: MessageRow = {
    key,
    tenant: TENANT,
    conversation,
    sender: { kind: "human", id: `user:${user}` },
    text,
    tokens: 10,
    replyTo: null,
    hop: 0,
    turn: null,
    firstItem: key,
    itemCount: 1,
    createdAt: NOW,
  };
  const item = ITEM.values({
    key,
    message: key,
    conversation,
    persona: persona + 1,
    partition: persona % 256,
    lane: 1,
    priority: 0.655,
    flags: FLAG_HUMAN,
    enqueuedAt: NOW,
    notBefore: null,
    expiresAt: null,
    attempt: 0,
    failures: 0,
    turn: null,
    mergeKey: 0,
    replayOf: null,
  });
  const turn = turnValues({
    key,
    tenant: TENANT,
    persona: persona + 1,
    conversation,
    lane: 1,
    attempt: 1,
    epoch,
    items: [key],
    formedAt: NOW,
    deadline: NOW + 120_000,
    outcome: null,
    settledAt: null,
    reply: null,
    error: null,
    explanation: EXPLANATION,
  });
  const reply: MessageRow = {
    ...message,
    key: key + 1,
    sender: { kind: "persona", id: `p${persona}`, name: `Persona ${persona}` },
    text: replyTo(text),
    replyTo: key,
    hop: 1,
    turn: key,
    firstItem: null,
    itemCount: 0,
  };
  const session = CONVERSATION.values({
    key: conversation,
    tenant: TENANT,
    kind: "session",
    name: null,
    owner: `user:${user}`,
    caller: `human/user:${user}`,
    persona: persona + 1,
    direct: 1,
    createdAt: NOW,
    closedAt: null,
  });
  const isFirst = n < workload.personas * workload.users;
  return {
    message: [TENANT, key, messageValues(message), item] as const,
    conversation: isFirst ? ([TENANT, conversation, session] as const) : null,
    turn: [key, [key], turn] as const,
    settlement: [
      [key, 1, "answered", null, EXPLANATION],
      [TENANT, key + 1, messageValues(reply), []],
      [[key, "answered", null, null, null]],
      NOW,
    ] as const,
  };
}
