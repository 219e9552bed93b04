import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import type { Store } from "../../../src/store/port.ts";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { appended, begun, settledByReply } from "../rows.ts";
import { postgres } from "./server.ts";

const database = postgres();

/** Messages that live through everything; it goes on until `stop`. */
function load(store: Store) {
  const done: number[] = [];
  const failed: unknown[] = [];
  let goesOn = true;
  const workers = Array.from({ length: 16 }, async () => {
    while (goesOn) {
      try {
        const { message, items } = await appended(store);
        const turn = await begun(store, items);
        expect(await settledByReply(store, turn)).toMatchObject({ status: "settled" });
        done.push(message.key);
      } catch (error) {
        failed.push(error);
      }
    }
  });
  return {
    done,
    failed,
    stop: async () => {
      goesOn = false;
      await Promise.all(workers);
    },
  };
}

it.each([
  ["killed", () => database.server.kill()],
  ["stopped as if the power had failed", () => database.server.stop("immediate")],
  ["restarted in order", () => database.server.stop("fast")],
])("loses and doubles nothing when its server is %s under load, and goes on with it", async (_name, end) => {
  const url = database.url();
  const store = await openPostgresStore(url, { clock: systemClock(), patienceMs: 60_000 });
  onTestFinished(() => store.close());
  const { done, failed, stop } = load(store);
  for (let times = 1; times <= 3; times += 1) {
    const before = done.length;
    while (done.length < before + 100) await new Promise((resolve) => setTimeout(resolve, 5));
    await end();
    await database.server.run();
  }
  const before = done.length;
  while (done.length < before + 100) await new Promise((resolve) => setTimeout(resolve, 5));
  await stop();
  expect(failed).toEqual([]);
  expect(await store.counts()).toEqual({ waiting: 0, inTurn: 0, answered: done.length, declined: 0, dead: 0 });
  expect(await database.count(url, "message")).toBe(2 * done.length);
  expect(await database.count(url, "outcome WHERE outcome = 'answered'")).toBe(done.length);
  expect(await database.count(url, "turn WHERE outcome = 'answered'")).toBe(done.length);
  expect(await database.count(url, "change_log")).toBe(store.rev);
  expect(await database.count(url, `change_log WHERE rev BETWEEN 1 AND ${store.rev}`)).toBe(store.rev);
});
