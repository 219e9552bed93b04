import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { startChild } from "./child.ts";
import { mounted, namespaces } from "./mount.ts";
import { appended, begun } from "./rows.ts";
import { tempFolder } from "./temp-folder.ts";

it.each<[name: string, code: string, spoil: (file: string) => void]>([
  ["is text", "store_corrupt", (file) => writeFileSync(file, "This is no database.\n".repeat(500))],
  ["was cut short", "store_corrupt", (file) => truncateSync(file, 8_192)],
  ["has another page size in its header", "store_corrupt", (file) => flip(file, 16)],
  ["has lost its name", "store_corrupt", (file) => flip(file, 0)],
  ["has a broken schema page", "store_corrupt", (file) => flip(file, 100)],
  ["has lost its one row", "store_corrupt", (file) => change(file, "DELETE FROM database")],
  ["belongs to another program", "store_foreign", (file) => change(file, "PRAGMA application_id = 42")],
  [
    "is another program's, without a name",
    "store_foreign",
    (file) => {
      rmSync(file);
      change(file, "CREATE TABLE notes (text)");
    },
  ],
  ["comes from the future", "store_newer", (file) => change(file, "PRAGMA user_version = 99")],
])("refuses a file that %s", async (_name, code, spoil) => {
  const file = await filled();
  spoil(file);
  const before = readFileSync(file);
  await expect(openSqliteStore(file, { clock: systemClock() })).rejects.toMatchObject({ code });
  expect(readFileSync(file)).toEqual(before);
  // The refusal must not keep the file: repaired, it opens.
  rmSync(file);
  await (await openSqliteStore(file, { clock: systemClock() })).close();
});

it("says so when it reads a damaged page later", async () => {
  const file = await filled();
  const database = new Database(file, { readonly: true });
  const root = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'message'").pluck().get() as number;
  database.close();
  const bytes = readFileSync(file);
  bytes.fill(0xff, (root - 1) * 4_096, root * 4_096);
  writeFileSync(file, bytes);
  const store = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => store.close());
  await expect(store.messages({ conversation: 1, limit: 10 })).rejects.toMatchObject({
    code: "store_corrupt",
    message: "The database is damaged; restore it from a backup.",
    cause: { code: "SQLITE_CORRUPT" },
  });
  await expect(appended(store)).rejects.toMatchObject({ code: "store_corrupt" });
});

it("opens with a turn that was cut off and cannot be read, and gives its items back", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  const { items } = await appended(store, 2);
  const turn = (await begun(store, items)).key;
  await store.close();
  change(file, "UPDATE turn SET items = '[1'");

  const again = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => again.close());
  const fed: unknown[] = [];
  await again.feed((items) => fed.push(...items));
  expect(fed).toMatchObject([
    { turn, turnItems: 2 },
    { turn, turnItems: 2 },
  ]);
  await expect(again.turn(turn)).rejects.toMatchObject({ code: "store_corrupt" });
});

it("makes the folders that are missing", async () => {
  const file = join(tempFolder(), "a", "b", "personas.db");
  await (await openSqliteStore(file, { clock: systemClock() })).close();
  expect(readFileSync(file).toString("latin1", 0, 15)).toBe("SQLite format 3");
});

it.each<[name: string, file: (folder: string) => string]>([
  ["a folder", (folder) => folder],
  ["inside of a file", (folder) => join(folder, "file", "personas.db")],
  ["a device", () => "/dev/null"],
])("refuses a name that is %s", async (_name, nameIn) => {
  const folder = tempFolder();
  writeFileSync(join(folder, "file"), "");
  await expect(openSqliteStore(nameIn(folder), { clock: systemClock() })).rejects.toMatchObject({
    code: "store_read_only",
  });
});

it.skipIf(!namespaces)("refuses a file system that cannot be written", async () => {
  const folder = join(tempFolder(), "disk");
  mkdirSync(folder);
  const child = startChild("claim-child.ts", [join(folder, "personas.db")], mounted(folder, "ro"));
  expect(await child.line()).toMatch(/^store_read_only /);
});

/** The name of a closed database with a message in it. */
async function filled(): Promise<string> {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  await appended(store, 1);
  await store.close();
  return file;
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = ~(bytes[offset] ?? 0);
  writeFileSync(file, bytes);
}

function change(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}
