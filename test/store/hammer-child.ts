/** Appends, begins and settles without end and prints each message's key once it is acknowledged. Argument: the database. */
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { aTurn, settledByReply, withItems } from "./rows.ts";

const store = await openStore(process.argv[2] ?? "", { clock: systemClock() });
await Promise.all(
  Array.from({ length: 50 }, async () => {
    for (;;) {
      const rows = withItems(store, 2);
      await store.append(rows);
      // To a pipe this is synchronous, and waits while the reader is slow.
      process.stdout.write(`${rows.message.key}\n`);
      const turn = aTurn(store, rows.items);
      await store.begin(turn);
      await settledByReply(store, turn, 1);
    }
  }),
);
