/** Of a person who was erased no byte is left in the files of the database, also of what was replaced before. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
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

/** A store with a person of whom much was said, in several pages, so that some of them become free. */
async function openTold() {
  const file = join(tempFolder(), "personas.db");
  const store = await openSqliteStore(file, { clock: new ManualClock(NOW) });
  onTestFinished(() => store.close());
  const secret = (name: string) => JSON.stringify({ [name]: `secret-${name} `.repeat(2_000) });
  const observations = [anObservation(store, { content: secret("seen") })];
  await store.append({ ...withItems(store, 1), along: { observations } });
  const first = aMindscape(store, { traits: secret("before") });
  await store.mapping.saveMindscape(aChange(first));
  await store.mapping.saveMindscape(aChange({ ...first, version: 2, traits: secret("after") }));
  await store.mapping.addNarrative(aNarrative(store, { text: secret("told") }));
  const secrets = () => {
    const bytes = [file, `${file}-wal`].map((name) => (existsSync(name) ? readFileSync(name, "latin1") : ""));
    return [...new Set(bytes.join("").match(/secret-\w+/g))];
  };
  expect(secrets()).toContain("secret-told");
  const row = { key: store.allocate("mapping"), tenant: ADA.tenant, hash: "h", at: NOW };
  return { file, secrets, erase: () => store.mapping.erasePerson(row, ADA.person) };
}

it("an erased person leaves nothing in the file and its log", async () => {
  const { secrets, erase } = await openTold();
  await erase();
  expect(secrets()).toEqual([]);
});

it("an erased person leaves nothing there once nobody else reads any more", async () => {
  const { file, secrets, erase } = await openTold();
  const reader = new Database(file, { readonly: true });
  onTestFinished(() => void reader.close());
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM sqlite_schema").get();
  await erase();
  expect(secrets()).toContain("secret-told");
  reader.exec("COMMIT");
  await expect.poll(secrets, { timeout: 60_000 }).toEqual([]);
});
