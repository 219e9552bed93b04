import { spawn } from "node:child_process";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Clock, ManualClock, systemClock } from "../../../src/clock.ts";
import type { Store } from "../../../src/store/port.ts";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { observe } from "../../support/command-line.ts";
import { source } from "../../support/script.ts";
import { SocketProxy } from "../../support/socket-proxy.ts";
import { appended, NOW, withItems } from "../rows.ts";
import { postgres } from "./server.ts";

const database = postgres();
let proxy: SocketProxy;
let schema: string;

beforeEach(async () => {
  proxy = await SocketProxy.start(`${database.server.folder}/.s.PGSQL.5432`);
  onTestFinished(() => proxy.close());
  schema = database.schema();
});

async function opened(clock: Clock = systemClock(), patienceMs = 60_000): Promise<Store> {
  const store = await openPostgresStore(throughProxy(), { clock, patienceMs, answerMs: 5_000 });
  onTestFinished(() => store.close());
  return store;
}

const throughProxy = () => `postgres://postgres@/postgres?${new URLSearchParams({ host: proxy.folder, schema })}`;
const rowsIn = (table: string) => database.count(database.server.url(schema), table);

/** Lets time pass until something is so. */
async function until(isSo: () => boolean | Promise<boolean>, clock: ManualClock, step = 200): Promise<void> {
  while (!(await isSo())) {
    clock.advance(step);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a group whose connection is lost", () => {
  // A group is two requests: its statements, then COMMIT.
  it.each([
    ["before its statements arrive", 1, "before"],
    ["after its statements were answered", 1, "answered"],
    ["before its COMMIT arrives", 2, "before"],
    ["after its COMMIT was done, but not answered", 2, "answered"],
  ] as const)("%s is written once, and everybody hears that it was", async (_name, request, when) => {
    const store = await opened();
    const heard: number[] = [];
    await store.feed((items) => heard.push(...items.map(({ key }) => key)));
    await appended(store);
    proxy.cutAt(request, when);
    const burst = [withItems(store, 2), withItems(store, 1)];
    expect(await Promise.all(burst.map((rows) => store.append(rows)))).toMatchObject([{ rev: 2 }, { rev: 3 }]);
    expect(await store.append(withItems(store, 1))).toMatchObject({ rev: 4 });
    expect([await rowsIn("message"), await rowsIn("inbox"), await rowsIn("change_log")]).toEqual([4, 5, 4]);
    expect(await store.counts()).toMatchObject({ waiting: 5 });
    expect(new Set(heard).size).toBe(5);
    expect(heard).toHaveLength(5);
  });

  it("keeps its place, its results and its failures", async () => {
    const store = await opened();
    const { message } = await appended(store);
    proxy.cutAt(3, "answered");
    const results = await Promise.allSettled([
      store.append(withItems(store, 1)),
      store.append(withItems(store, 1, { key: message.key })),
      store.addMember(404, 1, NOW),
      store.append(withItems(store, 1)),
    ]);
    expect(results).toMatchObject([
      { value: { rev: 2 } },
      { reason: { code: "internal" } },
      { reason: { code: "room_not_found" } },
      { value: { rev: 3 } },
    ]);
    expect(await rowsIn("message")).toBe(3);
  });

  it("is written once under load, however often that happens", async () => {
    const store = await opened();
    let done = 0;
    const keys: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let index = 0; index < 40; index += 1) {
          keys.push((await appended(store)).message.key);
          done += 1;
          // While the others are under way; by a clock a slow machine would get nowhere.
          if (done % 40 === 0) proxy.cut();
        }
      }),
    );
    expect(done).toBe(800);
    const stored = (await store.messages({ conversation: 1, limit: 10_000 })).map(({ key }) => key);
    expect(stored).toEqual(keys.sort((a, b) => a - b));
    expect(await store.counts()).toMatchObject({ waiting: 800 });
    expect(store.rev).toBe(800);
  });
});

it("finds the one command that is refused in a few requests, however large its group", async () => {
  const store = await opened();
  const once = { scope: "default", key: "order-1", fingerprint: "abc" };
  await store.append({ ...withItems(store, 1), idempotency: once });
  const before = proxy.requests;
  const group = Array.from({ length: 256 }, (_, index) =>
    store.append({ ...withItems(store, 1), ...(index === 100 && { idempotency: once }) }),
  );
  const results = await Promise.all(group);
  expect(results.filter(({ status }) => status === "appended")).toHaveLength(255);
  expect(results[100]).toMatchObject({ status: "replayed" });
  expect(await rowsIn("message")).toBe(256);
  // Its statements are more than one packet at first.
  expect(proxy.requests - before).toBeLessThan(80);
});

it("reads again what it had asked when the connection was lost", async () => {
  const store = await opened();
  const { message } = await appended(store);
  await store.message(message.key);
  for (const when of ["before", "answered"] as const) {
    proxy.cutAt(1, when);
    expect(await store.message(message.key)).toEqual(message);
  }
});

it("gives up a server that is silent, and ends the session that it has left there", async () => {
  const clock = new ManualClock(NOW);
  const store = await opened(clock);
  await appended(store);
  const sessions = () =>
    database.server.query<{ pid: number }>(`
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted`);
  const [before] = await sessions();
  proxy.hang();
  const writing = store.append(withItems(store, 1));
  let written = false;
  void writing.then(() => {
    written = true;
  });
  await until(() => written, clock, 20);
  expect(await writing).toMatchObject({ status: "appended", rev: 2 });
  const [after] = await sessions();
  expect(after?.pid).not.toBe(before?.pid);
  expect(await rowsIn("message")).toBe(2);
});

it("lets commands and reads wait so long for a server that is away, then refuses them until it is back", async () => {
  const clock = new ManualClock(NOW);
  const store = await opened(clock, 10_000);
  const { message } = await appended(store);
  proxy.refuse(true);
  proxy.cut();
  const first = Promise.allSettled([appended(store), appended(store)]);
  const reading = Promise.allSettled([store.message(message.key)]);
  const second = Promise.allSettled([appended(store)]);
  let settled = false;
  void Promise.all([first, second, reading]).then(() => {
    settled = true;
  });
  await until(() => settled, clock);
  for (const group of [first, second, reading]) {
    for (const result of await group) expect(result).toMatchObject({ reason: { code: "store_unavailable" } });
  }
  await expect(store.probe()).rejects.toMatchObject({ code: "store_unavailable", status: 503 });

  proxy.refuse(false);
  let back = false;
  await until(async () => {
    back = await store.probe().then(
      () => true,
      () => false,
    );
    return back;
  }, clock);
  expect(await store.append(withItems(store, 1))).toMatchObject({ rev: 2 });
  expect(await rowsIn("message")).toBe(2);
});

it("comes back also when a server was silent while the connection was being made anew", async () => {
  const clock = new ManualClock(NOW);
  const store = await opened(clock, 10_000);
  await appended(store);
  // The connection is made, and then nothing is answered any more.
  proxy.mute(1);
  proxy.cut();
  let failed = false;
  const waiting = appended(store).catch(() => {
    failed = true;
  });
  await until(() => failed, clock);
  await waiting;
  proxy.mute(undefined);
  const isBack = () =>
    store.probe().then(
      () => true,
      () => false,
    );
  await until(isBack, clock);
  expect(await rowsIn("message")).toBe(1);

  proxy.mute(1);
  proxy.cut();
  let closed = false;
  void store.close().then(() => {
    closed = true;
  });
  await until(() => closed, clock);
});

it("writes with its own settings, whatever the server's are, also on the next connection", async () => {
  await database.server.query("ALTER ROLE postgres SET synchronous_commit = off");
  onTestFinished(async () => {
    await database.server.query("ALTER ROLE postgres RESET synchronous_commit");
  });
  const store = await opened();
  await database.server.query(`
    SET search_path = ${schema};
    CREATE TABLE seen (setting TEXT);
    CREATE FUNCTION see() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO seen VALUES (current_setting('synchronous_commit') || ' ' || current_setting('statement_timeout'));
      RETURN NEW;
    END $$;
    CREATE TRIGGER see AFTER INSERT ON message FOR EACH ROW EXECUTE FUNCTION see();`);
  await appended(store);
  proxy.cut();
  await appended(store);
  const seen = await database.server.query(`SELECT setting FROM ${schema}.seen`);
  expect(seen).toEqual([{ setting: "on 30s" }, { setting: "on 30s" }]);
});

it("writes nothing more when another owner came while it was away", async () => {
  const store = await opened();
  await appended(store);
  proxy.refuse(true);
  proxy.cut();
  const other = await openPostgresStore(database.server.url(schema), { clock: systemClock() });
  onTestFinished(() => other.close());
  await appended(other);
  const late = Promise.allSettled([appended(store)]);
  proxy.refuse(false);
  expect(await late).toMatchObject([{ reason: { code: "store_fenced" } }]);
  await expect(store.probe()).rejects.toMatchObject({ code: "store_fenced" });
  expect(await rowsIn("message")).toBe(2);
});

it("can be closed while the server is away, which leaves nothing behind", async () => {
  const clock = new ManualClock(NOW);
  const store = await opened(clock, 10_000);
  await appended(store);
  proxy.refuse(true);
  proxy.cut();
  const writing = Promise.allSettled([appended(store)]);
  const closing = store.close();
  let closed = false;
  void closing.then(() => {
    closed = true;
  });
  await until(() => closed, clock);
  expect(await writing).toMatchObject([{ reason: { code: "store_unavailable" } }]);
});

describe("a process whose server is away", () => {
  /** Reads its input until the server has refused it several times; `more` is what it does then. */
  async function withoutServer(more: string) {
    const body = `
      const runtime = await createRuntime({ store });
      await runtime.enroll({ id: "ada", name: "Ada", cognition: ({ text }) => text });
      console.log("open");
      for await (const _ of process.stdin);
      ${more}`;
    const words = ["--input-type=module", "--eval", source(body, throughProxy())];
    const child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const { printed, ended } = observe(child);
    await printed(/open\n/);
    proxy.refuse(true);
    proxy.cut();
    while (proxy.refused < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    child.stdin.end();
    return { ended, printed };
  }

  it("ends when all that is left waits for somebody", async () => {
    const { ended } = await withoutServer("");
    expect(await ended).toEqual({ code: 0, stderr: "", stdout: "open\n" });
  });

  it("stays while something waits to be written", async () => {
    const { ended, printed } = await withoutServer(`
      runtime.send("ada", "at last", { from: "user:7" }).then(({ text }) => console.log(text));
      console.log("sent");`);
    await printed(/sent\n/);
    const before = proxy.refused;
    while (proxy.refused < before + 2) await new Promise((resolve) => setTimeout(resolve, 5));
    proxy.refuse(false);
    expect(await ended).toEqual({ code: 0, stderr: "", stdout: "open\nsent\nat last\n" });
  });
});
