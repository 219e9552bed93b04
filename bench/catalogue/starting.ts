/** Cases: filling a place with stored personas, and what it takes until the first of them is resolved. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { checkEntry } from "../../src/catalogue/check.ts";
import { createCatalogue } from "../../src/catalogue/registry.ts";
import { resolve } from "../../src/catalogue/resolve.ts";
import { ENTRY_KINDS, personaSchema } from "../../src/catalogue/schema.ts";
import { tablePersister } from "../../src/catalogue/table-persister.ts";
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { measured } from "../support/isolated.ts";
import { assertResolved, entriesFor } from "./entries.ts";

export interface StartingOptions {
  readonly place: "fill" | "store" | "table" | "file";
  /** Of PostgreSQL; absent: SQLite. */
  readonly url?: string;
  readonly folder: string;
  readonly personas: number;
}

export interface Starting {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the heap, after a collection, for each persona. */
  readonly bytes: number;
}

await measured(async (options: StartingOptions): Promise<Starting> => {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const held = await { fill, store, table, file }[options.place](options);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / options.personas;
  if (typeof held === "function") await held();
  return { seconds, cpuSeconds: (user + system) / 1e6, bytes };
});

async function store({ url, folder, personas }: StartingOptions) {
  const clock = systemClock();
  const opened = await openStore(url ?? join(folder, "personas.db"), { clock });
  const { tenant, notes } = await createCatalogue({ clock, persister: tablePersister(opened) });
  const all = tenant("default");
  if (notes.length > 0 || all.personas.size !== personas) throw new Error(`${all.personas.size} personas are there`);
  assertResolved(personas - 1, resolve(all, { persona_id: all.personas.list().at(-1)?.id ?? "" }));
  // What is alive until this is called has been measured.
  return async () => {
    await opened.close();
    return all.personas.size;
  };
}

async function table({ folder, personas }: StartingOptions) {
  const database = new Database(join(folder, "table.db"), { readonly: true });
  const bodies = database.prepare("SELECT body FROM persona").pluck().all();
  const all = new Map(bodies.map((body) => personaSchema.parse(JSON.parse(String(body)))).map((one) => [one.id, one]));
  if (all.size !== personas) throw new Error(`${all.size} personas are there`);
  return () => database.close() && all.size;
}

async function file({ folder, personas }: StartingOptions) {
  const list: { id: string }[] = JSON.parse(readFileSync(join(folder, "personas.json"), "utf8"));
  const all = new Map(list.map((one) => [one.id, one]));
  if (all.size !== personas) throw new Error(`${all.size} personas are there`);
  return () => all.size;
}

/** Rows as the catalogue writes them, of every place. */
async function fill({ url, folder, personas }: StartingOptions) {
  const entries = entriesFor(personas);
  const lists = { persona: entries.personas, role: entries.roles, sequence: entries.sequences };
  const opened = await openStore(url ?? join(folder, "personas.db"), { clock: systemClock() });
  for (const kind of ENTRY_KINDS) {
    for (let from = 0; from < lists[kind].length; from += 1_000) {
      const rows = lists[kind].slice(from, from + 1_000).map((input) => ({
        tenant: "default",
        kind,
        id: input.id,
        version: 1,
        body: JSON.stringify(checkEntry(kind, input).body),
        reset: 0,
        createdAt: 0,
        updatedAt: 0,
      }));
      await Promise.all(rows.map((row) => opened.saveEntry(row, 0)));
    }
  }
  await opened.close();
  if (url !== undefined) return;
  const bodies = entries.personas.map((one) => JSON.stringify(checkEntry("persona", one).body));
  writeFileSync(join(folder, "personas.json"), `[${bodies.join(",")}]`);
  const database = new Database(join(folder, "table.db"));
  database.exec("CREATE TABLE persona (id TEXT PRIMARY KEY, body TEXT) STRICT");
  const insert = database.prepare("INSERT INTO persona VALUES (?, ?)");
  database.transaction(() => {
    for (const [at, body] of bodies.entries()) insert.run(entries.personas[at]?.id, body);
  })();
  database.close();
}
