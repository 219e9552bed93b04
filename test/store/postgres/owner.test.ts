import { hostname } from "node:os";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock, systemClock } from "../../../src/clock.ts";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { startChild } from "../child.ts";
import { appended, NOW } from "../rows.ts";
import { postgres } from "./server.ts";

const database = postgres();
const clock = systemClock();

it("refuses a second owner by the first one's name, until that has left", async () => {
  const url = database.url();
  const store = await openPostgresStore(url, { clock: new ManualClock(NOW), salt: 77 });
  await expect(openPostgresStore(url, { clock })).rejects.toMatchObject({
    code: "store_locked",
    message: `Process ${process.pid} on ${hostname()} owns this database since 2026-01-01T00:00:00.000Z; stop it, or use another schema.`,
  });
  await appended(store);
  await store.close();
  const next = await openPostgresStore(url, { clock });
  onTestFinished(() => next.close());
  expect(next).toMatchObject({ epoch: 2, salt: 77, rev: 1 });
});

it("lets a schema beside it be another's", async () => {
  const stores = await Promise.all([database.url(), database.url()].map((url) => openPostgresStore(url, { clock })));
  onTestFinished(() => Promise.all(stores.map((store) => store.close())).then(() => {}));
  const [first, second] = stores;
  await appended(first as never);
  expect(stores).toMatchObject([
    { epoch: 1, rev: 1 },
    { epoch: 1, rev: 0 },
  ]);
  expect(await second?.messages({ conversation: 1, limit: 10 })).toEqual([]);
});

it("gives the schema to exactly one of several processes that come at once, and lets the next in when that is killed", async () => {
  const url = database.url();
  const children = Array.from({ length: 3 }, () => startChild("claim-child.ts", [url]));
  const answers = await Promise.all(children.map(async (child) => [child, await child.line()] as const));
  const owners = answers.filter(([, answer]) => answer === "opened");
  expect(owners).toHaveLength(1);
  const [owner] = owners[0] ?? [];
  for (const [, answer] of answers.filter(([child]) => child !== owner)) {
    expect(answer).toMatch(new RegExp(`^store_locked Process ${owner?.pid} on `));
  }
  await owner?.kill();
  await database.unowned(url);
  const store = await openPostgresStore(url, { clock });
  onTestFinished(() => store.close());
  expect(store.epoch).toBe(2);
});

it("writes nothing once the epoch was raised behind its back", async () => {
  const schema = database.schema();
  const store = await openPostgresStore(database.server.url(schema), { clock });
  onTestFinished(() => store.close());
  await appended(store);
  await database.server.query(`UPDATE ${schema}.database SET epoch = epoch + 1`);
  const writes = await Promise.allSettled([appended(store), appended(store), store.probe()]);
  expect(writes).toMatchObject(Array(3).fill({ reason: { code: "store_fenced", status: 503 } }));
  expect(await database.count(database.server.url(schema), "message")).toBe(1);
  expect(store.rev).toBe(1);
});

it("goes on where it ended: keys, salt, revs, counts", async () => {
  const url = database.url();
  const first = await openPostgresStore(url, { clock, salt: 77 });
  const { message } = await appended(first, 2);
  // So many keys that the clock needs an hour to catch up with them.
  const unused = first.allocate("turn", 4_096 * 3_600_000);
  const counts = await first.counts();
  await first.close();
  const second = await openPostgresStore(url, { clock, salt: 78 });
  onTestFinished(() => second.close());
  expect(second).toMatchObject({ salt: 77, epoch: 2, rev: 1 });
  expect(await second.counts()).toEqual(counts);
  expect(await second.message(message.key)).toEqual(message);
  expect(second.allocate("turn")).toBeGreaterThanOrEqual(unused + 4_096 * 3_600_000);
});

it.each(["idle", "writing", "exit"])("lets a process end that forgot to close it (%s)", async (how) => {
  const url = database.url();
  const child = startChild("forgetful-child.ts", [url, how]);
  expect(await child.line()).toBe("opened");
  expect(await child.ended()).toBe(0);
  await database.unowned(url);
  const store = await openPostgresStore(url, { clock });
  onTestFinished(() => store.close());
  expect((await store.counts()).waiting).toBe(how === "writing" ? 500 : 0);
});

it("leaves no session at the server when it is closed", async () => {
  const store = await openPostgresStore(database.url(), { clock });
  const rows = await appended(store);
  await Promise.all(Array.from({ length: 20 }, () => store.message(rows.message.key)));
  await store.close();
  const sessions = () =>
    database.server.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'persona-runtime'");
  while ((await sessions()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
