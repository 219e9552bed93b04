/** Tables on a disk of 24 MB, which fills up. */
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { PersonaError } from "../../../src/errors.ts";
import type { Store } from "../../../src/store/port.ts";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { needs } from "../../support/needs.ts";
import { begun, settledByReply, withItems } from "../rows.ts";
import { postgres } from "./server.ts";

needs("mounts");

const database = postgres({ disk: "24m" });

/** Appends in bursts until one is refused; gives the keys of what was taken, and the codes of what was not. */
async function fill(store: Store) {
  // What does not compress, or the server would keep it in a few bytes.
  const text = () => Array.from({ length: 300 }, () => crypto.randomUUID()).join(" ");
  const kept: number[] = [];
  const codes: string[] = [];
  while (codes.length === 0) {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const rows = withItems(store, 1, { text: text() });
        await store.append(rows).then(
          () => kept.push(rows.message.key),
          (error: unknown) => codes.push(error instanceof PersonaError ? error.code : String(error)),
        );
      }),
    );
  }
  return { kept, codes, text };
}

it("refuses writes on a full disk whole, and writes again when there is room", async () => {
  await database.server.query("CREATE TABLE ballast AS SELECT repeat('x', 1000) FROM generate_series(1, 4000)");
  const store = await openPostgresStore(database.url(), { clock: systemClock() });
  onTestFinished(() => store.close());
  const { kept, codes, text } = await fill(store);
  expect(new Set(codes)).toEqual(new Set(["store_full"]));

  // What is too small for a message may still find room in a page.
  const refused = await Promise.all(
    Array.from({ length: 3 }, () => store.append(withItems(store, 1, { text: text() })).then(String, (e) => e.code)),
  );
  expect(refused).toEqual(["store_full", "store_full", "store_full"]);
  const stored = (await store.messages({ conversation: 1, limit: 10_000 })).map(({ key }) => key);
  expect(stored.sort()).toEqual(kept.sort());
  expect(await store.counts()).toMatchObject({ waiting: kept.length });

  await database.server.query("DROP TABLE ballast");
  const later = withItems(store, 1, { text: text() });
  await store.append(later);
  expect(await settledByReply(store, await begun(store, later.items))).toMatchObject({ status: "settled" });
});
