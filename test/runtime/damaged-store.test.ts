/** Databases that cannot be used: a code that says so, and the file as it was. */
import { mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { createRuntime, ManualClock } from "../../src/index.ts";
import { execute, temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { source } from "../support/script.ts";
import { echo, enroll, openHouse, openOver, outcomeOf, pass } from "./harness.ts";

/** A database in use yesterday: two personas, and messages enough for many pages. */
async function usedDatabase(): Promise<string> {
  const file = join(temporaryFolder(), "used.db");
  const runtime = await createRuntime({ store: file, cognition: echo });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const answers = Array.from({ length: 50 }, (_, n) =>
    runtime.send("ada", `${n} ${"x".repeat(2_000)}`, { from: `user:${n}` }),
  );
  await Promise.all(answers);
  await runtime.close();
  return file;
}

function change(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

it.each<[string, string, (file: string) => unknown]>([
  ["of a newer version", "store_newer", (file) => change(file, "PRAGMA user_version = 9999")],
  ["of another program", "store_foreign", (file) => change(file, "PRAGMA application_id = 1")],
  ["that are no database", "store_corrupt", (file) => writeFileSync(file, "Dear diary, ".repeat(1_000))],
  ["that are cut off", "store_corrupt", (file) => truncateSync(file, 12_288)],
])("refuses files %s", async (_, code, spoil) => {
  const file = await usedDatabase();
  spoil(file);
  const before = readFileSync(file);
  await expect(createRuntime({ store: file })).rejects.toMatchObject({ code, message: expect.stringMatching(/[;,] /) });
  if (code !== "store_corrupt") expect(readFileSync(file).equals(before)).toBe(true);
});

it.each([
  "{",
  "null",
  '{"name":7,"settings":{}}',
  '{"source":"else","name":"Ada","settings":{}}',
  '{"name":"Ada","settings":7}',
])("keeps what waits for a persona whose definition is damaged (%s), and runs the others", async (definition) => {
  const file = join(temporaryFolder(), "damaged.db");
  const first = await createRuntime({ store: file, cognition: echo });
  for (const id of ["ada", "bob"]) await first.enroll({ id, name: id, settings: { paused: id === "bob" } });
  const { items } = await first.send("bob", "hi", { from: "user:7" }).accepted;
  await first.close();
  change(file, `UPDATE enrollment SET definition = '${definition}' WHERE id = 'bob'`);
  const { runtime, warnings } = await openHouse({ store: file });
  expect(await outcomeOf(runtime.send("ada", "hi", { from: "user:7" }))).toBe("hi");
  expect(warnings).toMatchObject([{ code: "enrollment_damaged", message: expect.stringContaining("bob") }]);
  expect(runtime.status("bob")).toMatchObject({ queued: 1, held: "cognition_absent" });
  const changing = runtime.configure("bob", { settings: { paused: false } });
  await expect(changing).rejects.toMatchObject({ code: "enrollment_damaged" });
  await enroll(runtime, "bob");
  await until(() => runtime.status("bob").queued + runtime.status("bob").inFlight === 0);
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "answered" });
});

it("refuses a folder, and a file that another runtime has", async () => {
  const folder = join(temporaryFolder(), "folder");
  mkdirSync(folder);
  await expect(createRuntime({ store: folder })).rejects.toMatchObject({ code: "store_read_only" });
  const file = join(folder, "kept.db");
  const { runtime } = await openHouse({ store: file });
  await enroll(runtime, "ada");
  await expect(createRuntime({ store: file })).rejects.toMatchObject({
    code: "store_locked",
    message: expect.stringContaining(`Process ${process.pid} `),
  });
  expect((await runtime.send("ada", "mine", { from: "user:7" })).text).toBe("mine");
});

it("refuses messages while the disk is full, and keeps what it had accepted", async () => {
  const file = join(temporaryFolder(), "full.db");
  const body = `
    const runtime = await createRuntime({ store });
    await runtime.enroll({ id: "ada", name: "Ada", cognition: ({ text }) => text.slice(0, 9), settings: { maxParallelTurns: 9 } });
    const codes = new Set();
    const accepted = [];
    for (let n = 0; n < 400; n += 1) {
      const answer = runtime.send("ada", n + " ".padEnd(20_000, "x"), { from: "user:" + n });
      await answer.accepted.then(({ items }) => accepted.push(items[0].id), ({ code }) => codes.add(code));
    }
    console.log(JSON.stringify({ codes: [...codes], accepted }));
    await runtime.close({ graceMs: 0 });`;
  // Files may not grow beyond 4 MiB, which is what a full disk looks like to SQLite.
  const limited = `trap "" XFSZ; ulimit -f 4096; exec "$0" --input-type=module --eval "$1"`;
  const ended = await execute("bash", ["-c", limited, process.execPath, source(body, file)]);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const { codes, accepted } = JSON.parse(ended.stdout) as { codes: string[]; accepted: string[] };
  expect(codes).toEqual([expect.stringMatching(/^store_(full|unavailable)$/)]);
  expect(accepted.length).toBeGreaterThan(10);
  expect(accepted.length).toBeLessThan(400);

  const { runtime } = await openHouse({ store: file });
  for (const id of accepted) expect(await runtime.item(id)).toMatchObject({ persona: "ada" });
});

it("is not ready any more when its file is taken away", async () => {
  const store = join(temporaryFolder(), "gone.db");
  const { runtime } = await openHouse({ store });
  expect((await runtime.readiness()).ready).toBe(true);
  renameSync(store, `${store}.moved`);
  expect(await runtime.readiness()).toMatchObject({ ready: false, checks: { store: "failed" } });
});

it("is not ready while its store says nothing, and asks it once", async () => {
  const answer = Promise.withResolvers<void>();
  let probes = 0;
  const probe = () => {
    probes += 1;
    return probes === 1 ? answer.promise : Promise.resolve();
  };
  const { runtime, clock } = await openOver((store) => instead(store, { probe }));
  const asked = Promise.all([runtime.readiness(), runtime.readiness()]);
  await pass(clock, 5_000);
  const silent = { ready: false, checks: { store: "failed" } };
  expect(await asked).toMatchObject([silent, silent]);
  expect(probes).toBe(1);
  answer.resolve();
  await turns();
  expect(await runtime.readiness()).toMatchObject({ ready: true, checks: { store: "ok" } });
});

it("does not wait for a time that an earlier, wrong clock has set", async () => {
  const store = join(temporaryFolder(), "ahead.db");
  const ahead = await openHouse({ store, clock: new ManualClock(Date.UTC(2027, 0, 1)) });
  await enroll(ahead.runtime, "ada", { cognition: () => Promise.reject(new Error("kaput")) });
  const answer = ahead.runtime.send("ada", "?", { from: "user:7" });
  await until(() => ahead.runtime.status().retried === 1);
  await ahead.runtime.close();
  await outcomeOf(answer);

  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { runtime } = await openHouse({ store, clock });
  await enroll(runtime, "ada");
  await pass(clock, 17_600);
  await until(() => runtime.status().answered === 1);
});
