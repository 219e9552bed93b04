/** Of a person who was erased no byte is left in the files of the database, also of what was replaced before. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../../src/clock.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { NOW, withItems } from "../rows.ts";
import { tempFolder } from "../temp-folder.ts";
import { ADA, aChange, aMindscape, aNarrative, anObservation } from "./rows.ts";

it("what is said of a person is soon in the file, over what it replaces there", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: new ManualClock(NOW) });
  onTestFinished(() => store.close());
  await store.mapping.saveMindscape(aChange(aMindscape(store, { traits: JSON.stringify({ secret: "told" }) })));
  await expect.poll(() => readFileSync(file).includes('{"secret":"told"}'), { timeout: 60_000 }).toBe(true);
});

it("an erased person leaves nothing in the file and its log", async () => {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: new ManualClock(NOW) });
  onTestFinished(() => store.close());
  /** Of several pages, so that some of them become free. */
  const secret = (name: string) => JSON.stringify({ [name]: `secret-${name} `.repeat(2_000) });
  const observations = [anObservation(store, { content: secret("seen") })];
  await store.append({ ...withItems(store, 1), along: { observations } });
  const first = aMindscape(store, { traits: secret("before") });
  await store.mapping.saveMindscape(aChange(first));
  await store.mapping.saveMindscape(aChange({ ...first, version: 2, traits: secret("after") }));
  await store.mapping.addNarrative(aNarrative(store, { text: secret("told") }));
  const bytes = () =>
    [file, `${file}-wal`].map((name) => (existsSync(name) ? readFileSync(name, "latin1") : "")).join("");
  expect(bytes()).toContain("secret-told");
  const row = { key: store.allocate("mapping"), tenant: ADA.tenant, hash: "h", at: NOW };
  await store.mapping.erasePerson(row, ADA.person);
  expect(bytes().match(/secret-\w+/)?.[0]).toBeUndefined();
});
