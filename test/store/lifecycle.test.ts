import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { startChild } from "./child.ts";
import { appended, withItems } from "./rows.ts";
import { tempFolder } from "./temp-folder.ts";

/** So many keys that the clock needs an hour to catch up with them. */
const FAR_AHEAD = 4_096 * 3_600_000;

it("leaves one file and the owner's behind when it is closed", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  await appended(store);
  expect(existsSync(`${file}-wal`)).toBe(true);
  await store.close();
  expect([existsSync(`${file}-wal`), existsSync(`${file}-shm`)]).toEqual([false, false]);
});

it("goes on where it ended: keys, salt, revs, counts", async () => {
  const file = join(tempFolder(), "personas.db");
  const first = await openSqliteStore(file, { clock: systemClock(), salt: 77 });
  const { message } = await appended(first, 2);
  const unused = first.allocate("turn", FAR_AHEAD);
  const counts = await first.counts();
  await first.close();

  const second = await openSqliteStore(file, { clock: systemClock(), salt: 78 });
  onTestFinished(() => second.close());
  expect(second).toMatchObject({ salt: 77, epoch: 2, rev: 1 });
  expect(await second.counts()).toEqual(counts);
  expect(await second.message(message.key)).toEqual(message);
  expect(second.allocate("turn")).toBeGreaterThanOrEqual(unused + FAR_AHEAD);
});

it("rejects what was being written when its writer dies, and says so from then on", async () => {
  const file = join(tempFolder(), "personas.db");
  const started = new Promise<Worker>((resolve) => process.once("worker", resolve));
  const store = await openSqliteStore(file, { clock: systemClock() });
  const { message } = await appended(store);
  const writer = await started;

  const pending = Promise.allSettled(Array.from({ length: 600 }, () => store.append(withItems(store, 1))));
  await writer.terminate();
  const lost = (await pending).filter(({ status }) => status === "rejected");
  expect(lost.length).toBeGreaterThan(0);
  expect(lost).toMatchObject(Array(lost.length).fill({ reason: { code: "store_unavailable" } }));
  await expect(store.append(withItems(store, 1))).rejects.toMatchObject({ code: "store_unavailable" });
  await expect(store.probe()).rejects.toMatchObject({ code: "store_unavailable" });
  expect(await store.message(message.key)).toEqual(message);
  await store.close();

  const next = await openSqliteStore(file, { clock: systemClock() });
  expect(await next.message(message.key)).toEqual(message);
  await next.close();
});

it.each(["idle", "writing", "exit"])("lets a process end that forgot to close it (%s)", async (how) => {
  const file = join(tempFolder(), "personas.db");
  const child = startChild("forgetful-child.ts", [file, how]);
  expect(await child.line()).toBe("opened");
  expect(await child.ended()).toBe(0);
  const store = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => store.close());
  expect((await store.counts()).waiting).toBe(how === "writing" ? 500 : 0);
});

it("keeps the write-ahead log short under load", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => store.close());
  await Promise.all(Array.from({ length: 4_000 }, () => appended(store, 1, { text: "x".repeat(10_000) })));
  expect(statSync(file).size).toBeGreaterThan(20_000_000);
  expect(statSync(`${file}-wal`).size).toBeLessThan(30_000_000);
});

it("moves a long log into the file when nothing more is written", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => store.close());
  await Promise.all(Array.from({ length: 300 }, () => appended(store, 1, { text: "x".repeat(20_000) })));
  await expect.poll(() => statSync(file).size, { timeout: 60_000 }).toBeGreaterThan(6_000_000);
});

it("works in a script that is given on the command line", () => {
  const source = new URL("../../src/", import.meta.url);
  const script = `
    import { openSqliteStore } from "${source}store/sqlite.ts";
    import { systemClock } from "${source}clock.ts";
    const store = await openSqliteStore(${JSON.stringify(join(tempFolder(), "personas.db"))}, { clock: systemClock() });
    await store.probe();
    await store.close();
    console.log("closed");`;
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.stdout).toBe("closed\n");
});

it("pages a long backlog in by key while the event loop runs, and writes nothing meanwhile", async () => {
  const file = join(tempFolder(), "personas.db");
  const first = await openSqliteStore(file, { clock: systemClock() });
  for (let room = 0; room < 100; room += 1) await appended(first, 100);
  await first.close();

  const store = await openSqliteStore(file, { clock: systemClock() });
  onTestFinished(() => store.close());
  const seen: string[] = [];
  const keys: number[] = [];
  const feeding = store.feed((page) => {
    seen.push(`page of ${page.length}`);
    // Time enough for the writer, were it not held.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    keys.push(...page.map(({ key }) => key));
  });
  const written = appended(store).then(() => seen.push("written"));
  setImmediate(() => seen.push("event loop"));
  await Promise.all([feeding, written]);
  const full = "page of 1024";
  expect(seen).toEqual([full, "event loop", ...Array(8).fill(full), "page of 784", "page of 1", "written"]);
  expect(keys).toHaveLength(10_001);
  expect(keys.every((key, index) => index === 0 || key > (keys[index - 1] ?? 0))).toBe(true);
});

it("stops reading the backlog when it is closed", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: systemClock() });
  await appended(store, 5_000);
  const pages: number[] = [];
  const feeding = store.feed((page) => pages.push(page.length));
  const pending = appended(store);
  const closing = store.close();
  await expect(feeding).rejects.toMatchObject({ code: "runtime_closed" });
  await Promise.all([pending, closing]);
  expect(pages.length).toBeLessThan(2);
});
