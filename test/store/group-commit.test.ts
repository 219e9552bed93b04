import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { ITEM, messageValues } from "../../src/store/columns.ts";
import { prepareDatabase } from "../../src/store/database.ts";
import { type Call, GroupCommit } from "../../src/store/group-commit.ts";
import { Keys } from "../../src/store/keys.ts";
import type { Store } from "../../src/store/port.ts";
import { NOW, withItems } from "./rows.ts";
import { tempFolder } from "./temp-folder.ts";

let database: Database.Database;
let commit: GroupCommit;
const keys = new Keys(new ManualClock(NOW));

beforeEach(() => {
  const file = join(tempFolder(), "personas.db");
  const { epoch } = prepareDatabase(file, { now: NOW, salt: 1, keepChanges: 100 });
  database = new Database(file);
  onTestFinished(() => void database.close());
  commit = new GroupCommit(database, { epoch, keepChanges: 100 });
});

it("answers each command of a group in order and commits once", () => {
  const group = [append(), append(), append()];
  const { results, failures, rev } = commit.run(7, group);
  expect(results).toEqual([1, 2, 3].map((each) => ({ status: "appended", rev: each })));
  expect(failures.size).toBe(0);
  expect(rev).toBe(3);
  expect(rows("message")).toBe(3);
  expect(database.prepare("SELECT last_key, waiting FROM database").get()).toEqual({ last_key: 7, waiting: 3 });
});

it("takes back only the command that failed, wherever it stands", () => {
  const good = append();
  for (const group of [
    [good, good, append()],
    [append(), append(), ["addMember", 404, 1, NOW] as const],
    // Writes its idempotency key and opens a room before it finds that the message exists.
    [
      append(),
      [...good.slice(0, 5), ["default", 5, aRoom], ["default", "k", "f", NOW, 0]] as unknown as Call,
      append(),
    ],
  ]) {
    const before = rows("message");
    const { results, failures } = commit.run(0, group);
    expect(failures.size).toBe(1);
    expect(results.filter((result) => result !== undefined)).toHaveLength(2);
    expect(rows("message")).toBe(before + 2);
    expect(rows("inbox")).toBe(before + 2);
  }
  expect([rows("change_log"), rows("conversation"), rows("idempotency")]).toEqual([6, 0, 0]);
  expect(database.prepare("SELECT max(rev) FROM change_log").pluck().get()).toBe(6);
  expect(database.prepare("SELECT waiting FROM database").pluck().get()).toBe(6);
});

it("names the failure without the driver's words, which are its cause", () => {
  const twice = append();
  const { failures } = commit.run(0, [twice, twice]);
  expect(failures.get(1)).toMatchObject({
    code: "internal",
    message: expect.not.stringContaining("UNIQUE"),
    cause: expect.stringContaining("UNIQUE constraint failed: message.key"),
  });
});

it("takes the whole group back when the space ends in the middle of it, and goes on when there is some", () => {
  commit.run(0, [append()]);
  const pages = database.pragma("page_count", { simple: true }) as number;
  database.pragma(`max_page_count = ${pages + 4}`);
  const group = [append(), append("x".repeat(100_000)), append()];
  const { results, failures, rev } = commit.run(0, group);
  expect(results).toEqual([]);
  expect([...failures.values()].map(({ code }) => code)).toEqual(Array(3).fill("store_full"));
  expect(rev).toBe(1);
  expect([rows("message"), rows("inbox"), rows("change_log")]).toEqual([1, 1, 1]);

  database.pragma("max_page_count = 1000000");
  expect(commit.run(0, group)).toMatchObject({ rev: 4, failures: new Map() });
  expect(database.prepare("SELECT waiting FROM database").pluck().get()).toBe(4);
});

it("writes nothing of a group that comes after another owner's epoch", () => {
  database.exec("UPDATE database SET epoch = epoch + 1");
  const { failures } = commit.run(0, [append(), append()]);
  expect([...failures.values()].map(({ code }) => code)).toEqual(["store_fenced", "store_fenced"]);
  expect([rows("message"), rows("change_log")]).toEqual([0, 0]);
});

it("probes by really writing", () => {
  const before = database.pragma("wal_checkpoint(NOOP)") as { log: number }[];
  commit.run(0, [["probe"]]);
  commit.run(0, [["probe"]]);
  const after = database.pragma("wal_checkpoint(NOOP)") as { log: number }[];
  expect(after[0]?.log).toBe((before[0]?.log ?? 0) + 2);
});

it("refuses to write where writing is not allowed", () => {
  database.pragma("query_only = ON");
  expect(commit.run(0, [append()]).failures.get(0)?.code).toBe("store_read_only");
});

it("keeps the inbox free of indexes, which would halve the rate of writing", () => {
  const indexes = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'inbox'").all();
  expect(indexes).toEqual([]);
});

const aRoom = [5, "default", "room", null, null, null, NOW, null];

function append(text = "Hello?"): Call {
  const { message, items } = withItems({ allocate: keys.allocate.bind(keys) } as unknown as Store, 1, { text });
  return ["append", message.tenant, message.key, messageValues(message), items.flatMap(ITEM.values), null, null];
}

function rows(table: string): number {
  return database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
}
