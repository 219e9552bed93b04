import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock, systemClock } from "../../src/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { startChild } from "./child.ts";
import { appended, NOW } from "./rows.ts";
import { tempFolder } from "./temp-folder.ts";

it("refuses a second owner in the same process by name, until the first has left", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: new ManualClock(NOW) });
  await expect(openSqliteStore(file, { clock: systemClock() })).rejects.toMatchObject({
    code: "store_locked",
    message: expect.stringMatching(new RegExp(`^Process ${process.pid} on .+ since 2026-01-01T00:00:00.000Z;`)),
  });
  await appended(store);
  await store.close();
  const next = await openSqliteStore(file, { clock: systemClock() });
  expect(next).toMatchObject({ epoch: 2, salt: store.salt, rev: 1 });
  await next.close();
});

it("refuses a second process by the first one's name, and lets it in when that was killed", async () => {
  const file = join(tempFolder(), "personas.db");
  const child = startChild("crash-child.ts", [file, "opened"]);
  expect(await child.line()).toBe("opened");
  await expect(openSqliteStore(file, { clock: systemClock() })).rejects.toMatchObject({
    code: "store_locked",
    message: expect.stringContaining(`Process ${child.pid} on `),
  });
  await child.kill();
  const store = await openSqliteStore(file, { clock: systemClock() });
  expect(store.epoch).toBe(2);
  await store.close();
});

it("gives the file to exactly one of several processes that come at once", async () => {
  const file = join(tempFolder(), "personas.db");
  const children = Array.from({ length: 4 }, () => startChild("claim-child.ts", [file]));
  const answers = await Promise.all(children.map(async (child) => [child.pid, await child.line()] as const));
  const owners = answers.filter(([, answer]) => answer === "opened");
  expect(owners).toHaveLength(1);
  const refusals = answers.filter(([, answer]) => answer !== "opened");
  for (const [, answer] of refusals) expect(answer).toMatch(new RegExp(`^store_locked Process ${owners[0]?.[0]} on `));
});

it("is not fooled by another path to the same file", async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "real"));
  const file = join(folder, "real", "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => store.close());
  symlinkSync(file, join(folder, "link.db"));
  symlinkSync(join(folder, "real"), join(folder, "elsewhere"));
  for (const path of [
    join(folder, "link.db"),
    join(folder, "elsewhere", "personas.db"),
    join(folder, "real/../real/personas.db"),
  ]) {
    await expect(openSqliteStore(path, { clock: systemClock() }), path).rejects.toMatchObject({ code: "store_locked" });
  }
});

it("writes nothing once the epoch was raised behind its back", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => store.close());
  const { message } = await appended(store);
  const other = new Database(file);
  other.exec("UPDATE database SET epoch = epoch + 1");
  const writes = await Promise.allSettled([appended(store), appended(store), store.probe()]);
  expect(writes).toMatchObject(Array(3).fill({ reason: { code: "store_fenced", status: 503 } }));
  expect(other.prepare("SELECT key FROM message").pluck().all()).toEqual([message.key]);
  expect(store.rev).toBe(1);
  other.close();
});
