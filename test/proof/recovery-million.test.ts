/** A database with a million waiting items is opened, and all of them are fed without their texts. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { FedItem } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { withItems } from "../store/rows.ts";
import { temporaryFolder } from "../support/command-line.ts";

const MESSAGES = 1_000;
const ITEMS = 1_000;
/** Messages that are written together. */
const BURST = 50;

/** Gives the key of the first item of each message, in ascending order. */
async function fill(file: string): Promise<number[]> {
  const store = await openSqliteStore(file, { clock: systemClock() });
  const firsts: number[] = [];
  while (firsts.length < MESSAGES) {
    const burst = Array.from({ length: BURST }, () => withItems(store, ITEMS, { text: "x".repeat(1_000) }));
    await Promise.all(burst.map((rows) => store.append(rows)));
    firsts.push(...burst.map(({ message }) => message.firstItem ?? 0));
  }
  await store.close();
  return firsts;
}

it("feeds a million waiting items after a start, each once, by key, while the event loop runs", async () => {
  const file = join(temporaryFolder(), "million.db");
  const firsts = await fill(file);
  let fed = 0;
  let misplaced = 0;
  let pages = 0;
  let turnsOfTheLoop = 0;
  let longestBlockMs = 0;
  let lastTurnAt = performance.now();
  let ticking = true;
  const tick = () => {
    if (!ticking) return;
    turnsOfTheLoop += 1;
    longestBlockMs = Math.max(longestBlockMs, performance.now() - lastTurnAt);
    lastTurnAt = performance.now();
    setImmediate(tick);
  };
  const sink = (items: readonly FedItem[]) => {
    pages += 1;
    for (const { key } of items) {
      if (key !== (firsts[Math.floor(fed / ITEMS)] ?? 0) + (fed % ITEMS)) misplaced += 1;
      fed += 1;
    }
  };

  const start = performance.now();
  const store = await openSqliteStore(file, { clock: systemClock() });
  const opened = performance.now();
  lastTurnAt = opened;
  tick();
  await store.feed(sink);
  const end = performance.now();
  ticking = false;

  expect({ fed, misplaced }).toEqual({ fed: MESSAGES * ITEMS, misplaced: 0 });
  expect(turnsOfTheLoop).toBeGreaterThan(pages);
  expect(await store.counts()).toMatchObject({ waiting: MESSAGES * ITEMS, inTurn: 0 });
  await store.close();
  const ms = (from: number, to: number) => `${Math.round(to - from)} ms`;
  console.log(
    `1 000 000 waiting items: opened in ${ms(start, opened)}, fed in ${ms(opened, end)} (${pages} pages, ` +
      `the event loop blocked for ${longestBlockMs.toFixed(1)} ms at most)`,
  );
});
