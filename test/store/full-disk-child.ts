/**
 * Fills a small disk with messages until the store refuses one, makes room, and writes on.
 * Prints what it saw as JSON. Argument: the folder on that disk.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { PersonaError } from "../../src/errors.ts";
import { openStore } from "../../src/store/open.ts";
import { aTurn, settledByReply, withItems } from "./rows.ts";

const folder = process.argv[2] ?? "";
const ballast = join(folder, "ballast");
writeFileSync(ballast, Buffer.alloc(1_000_000));
const store = await openStore(join(folder, "personas.db"), { clock: systemClock() });
const text = "x".repeat(10_000);

const kept = new Set<number>();
const refused = new Map<number, unknown>();
while (refused.size === 0) {
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const rows = withItems(store, 1, { text });
      await store.append(rows).then(
        () => kept.add(rows.message.key),
        (error) => refused.set(rows.message.key, error),
      );
    }),
  );
}
const stored = (await store.messages({ conversation: 1, limit: 10_000 })).map(({ key }) => key);
const { waiting } = await store.counts();
let probed = "writable";
// What is too small for a message may still hold a few pages.
for (let tries = 0; tries < 10_000 && probed === "writable"; tries += 1) {
  probed = await store.probe().then(() => "writable", codeOf);
}

rmSync(ballast);
const later = withItems(store, 1, { text });
await store.append(later);
const turn = aTurn(store, later.items);
await store.begin(turn);
const settled = await settledByReply(store, turn);
await store.probe();
await store.close();

const codes = [...new Set([...refused.values()].map(codeOf))];
const exact = stored.length === kept.size && stored.every((key) => kept.has(key)) && waiting === kept.size;
console.log(JSON.stringify({ codes, exact, probed, afterwards: settled.status }));

function codeOf(error: unknown): string {
  return error instanceof PersonaError ? error.code : String(error);
}
