/** Case: this package, with the store in memory, in a file or in the PostgreSQL database of a URL. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime } from "../../src/index.ts";
import { measured } from "../support/isolated.ts";
import { type Cost, costOf } from "../support/meter.ts";
import { assertRows } from "./rows.ts";
import { assertCounts, converse, messageAt, replyTo, type Workload } from "./workload.ts";

await measured(async ({ store, folder, ...workload }: Workload & { store: string; folder?: string }) => {
  const place = mkdtempSync(join(folder ?? tmpdir(), "persona-bench-"));
  const name = store === "file" ? join(place, "fleet.db") : store;
  const runtime = await createRuntime({
    store: name,
    cognition: (turn) => replyTo(turn.text),
    onWarning: (warning) => console.error(warning),
  });
  try {
    const { messages, personas, users } = workload;
    await Promise.all(
      Array.from({ length: personas }, (_, n) => runtime.enroll({ id: `p${n}`, name: `Persona ${n}` })),
    );
    const send = (n: number) => {
      const { persona, user, text } = messageAt(n, workload);
      return runtime.send(`p${persona}`, text, { from: `user:${user}` }).then((reply) => reply.text);
    };
    // Opens every session, and lets the compiler see everything once.
    const opening = personas * users;
    await converse(workload, { first: 0, count: opening }, send);
    const cost: Cost = await costOf(() => converse(workload, { first: opening, count: messages }, send));
    const total = opening + messages;
    const { accepted, answered, declined, dead, retried, refused } = runtime.status();
    assertCounts(
      { accepted, answered, declined, dead, retried, refused },
      { accepted: total, answered: total, declined: 0, dead: 0, retried: 0, refused: 0 },
    );
    await runtime.close();
    if (store !== "memory") await assertRows(name, total);
    return cost;
  } finally {
    await runtime.close();
    rmSync(place, { recursive: true });
  }
});
