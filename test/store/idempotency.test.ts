import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { NOW, withItems } from "./rows.ts";
import { tempFolder } from "./temp-folder.ts";

it("forgets idempotency keys when they are old, the oldest first and few at once", async () => {
  const options = { clock: new ManualClock(NOW), keepIdempotencyMs: 1_000 };
  const store = await openSqliteStore(join(tempFolder(), "personas.db"), options);
  onTestFinished(() => store.close());
  const send = async (key: string, createdAt: number) =>
    (
      await store.append({
        ...withItems(store, 1, { createdAt }),
        idempotency: { scope: "default", key, fingerprint: "f" },
      })
    ).status;
  const known = async () => {
    const found = [];
    for (const key of ["d", "c", "b", "a", "e", "f"]) if (await store.usedFor("default", key)) found.push(key);
    return found.join("");
  };
  // In the order of their time, which is not that of their names.
  for (const [index, key] of ["d", "c", "b", "a"].entries()) expect(await send(key, NOW + index)).toBe("appended");

  expect(await send("d", NOW + 1_000)).toBe("replayed");
  expect(await known()).toBe("dcba");
  expect(await send("e", NOW + 1_003)).toBe("appended");
  expect(await known()).toBe("bae");
  expect(await send("b", NOW + 1_003)).toBe("appended");
  expect(await known()).toBe("bae");
  expect(await send("f", NOW + 1_004)).toBe("appended");
  expect(await known()).toBe("bef");
});
