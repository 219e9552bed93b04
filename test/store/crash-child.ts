/**
 * Walks a message of two items through its life, then one through death and a second life, printing a line
 * after each step, and waits to be killed after the last step it was asked for. Arguments: the database, that step.
 */
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { aTurn, died, freshItem, NOW, settledByReply, withItems } from "./rows.ts";

const [file = "", last = ""] = process.argv.slice(2);
const store = await openStore(file, { clock: systemClock() });
await store.feed((items) =>
  console.log(`fed ${JSON.stringify(items.map(({ key, turn, turnItems }) => [key, turn, turnItems]))}`),
);
step("opened");
const rows = withItems(store, 2);
await store.append(rows);
step("appended");
const turn = aTurn(store, rows.items);
await store.begin(turn);
step("begun");
await settledByReply(store, turn);
step("settled");
const lost = withItems(store, 1);
await store.append(lost);
await store.settle({ turn: null, decisions: lost.items.map(({ key }) => died(key)), at: NOW });
step("dead");
for (const letter of await store.deadLetters({ tenant: "default", limit: 1 })) {
  await store.replayDeadLetter(letter.item, freshItem(store, letter));
}
step("replayed");

/** Nothing after the last step happens: the process sleeps in the middle of it until it is killed. */
function step(name: string): void {
  console.log(name);
  if (name === last) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
