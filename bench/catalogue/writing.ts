/** Case: entries that are replaced, each on the disk before its promise resolves; and read again at the end. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import pg from "pg";
import { createCatalogue } from "../../src/catalogue/registry.ts";
import type { PersonaInput } from "../../src/catalogue/schema.ts";
import { tablePersister } from "../../src/catalogue/table-persister.ts";
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { measured } from "../support/isolated.ts";
import { personaAt } from "./entries.ts";

export interface WritingOptions {
  readonly place: "store" | "table" | "file";
  /** Of PostgreSQL; absent: SQLite. */
  readonly url?: string;
  /** A schema for the peer, and the folder of the socket. */
  readonly host?: string;
  readonly folder?: string;
  /** Entries that are there; they are replaced one after the other. */
  readonly entries: number;
  readonly writes: number;
  /** So many are under way. */
  readonly together: number;
}

export interface Writing {
  readonly perSecond: number;
}

interface Desk {
  write(persona: PersonaInput): Promise<void>;
  /** Names by id, as they are on the disk. */
  stored(): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
}

await measured(async (options: WritingOptions): Promise<Writing> => {
  const { entries, writes, together } = options;
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), "persona-bench-"));
  const desk = await { store, table, file }[options.place](options, folder);
  const named = (at: number, name: string): PersonaInput => {
    const { default_role: _, default_sequence: __, ...persona } = personaAt(at);
    return { ...persona, display_name: name };
  };
  const run = async (count: number, name: string) => {
    let next = 0;
    const worker = async () => {
      for (let at = next++; at < count; at = next++) await desk.write(named(at % entries, name));
    };
    await Promise.all(Array.from({ length: together }, worker));
  };
  try {
    await run(entries, "First");
    const start = performance.now();
    await run(writes, "Second");
    const seconds = (performance.now() - start) / 1000;
    const stored = await desk.stored();
    const second = [...stored.values()].filter((name) => name === "Second").length;
    if (stored.size !== entries || second !== Math.min(writes, entries)) {
      throw new Error(`${second} of ${stored.size} entries are as they were written`);
    }
    return { perSecond: writes / seconds };
  } finally {
    await desk.close();
    rmSync(folder, { recursive: true });
  }
});

async function store({ url }: WritingOptions, folder: string): Promise<Desk> {
  const clock = systemClock();
  const store = await openStore(url ?? join(folder, "personas.db"), { clock });
  const opened = async () => (await createCatalogue({ clock, persister: tablePersister(store) })).tenant("default");
  const { personas } = await opened();
  return {
    async write(persona) {
      await personas.put(persona.id, persona);
    },
    stored: async () => new Map((await opened()).personas.list().map(({ id, display_name }) => [id, display_name])),
    close: () => store.close(),
  };
}

async function table({ host }: WritingOptions, folder: string): Promise<Desk> {
  if (host !== undefined) return postgresTable(host);
  const database = new Database(join(folder, "catalogue.db"));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec("CREATE TABLE persona (id TEXT PRIMARY KEY, body TEXT) STRICT");
  const upsert = database.prepare(
    "INSERT INTO persona VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
  );
  return {
    async write(persona) {
      upsert.run(persona.id, JSON.stringify(persona));
    },
    stored: async () => namesOf(database.prepare("SELECT body FROM persona").pluck().all()),
    close: async () => {
      database.close();
    },
  };
}

async function file(_options: WritingOptions, folder: string): Promise<Desk> {
  const all = new Map<string, PersonaInput>();
  const file = join(folder, "catalogue.json");
  return {
    async write(persona) {
      all.set(persona.id, persona);
      writeFileSync(`${file}.new`, JSON.stringify([...all.values()]), { flush: true });
      renameSync(`${file}.new`, file);
    },
    stored: async () => namesOf(JSON.parse(readFileSync(file, "utf8")).map((one: object) => JSON.stringify(one))),
    close: async () => {},
  };
}

async function postgresTable(host: string): Promise<Desk> {
  const pool = new pg.Pool({ host, user: "postgres", database: "postgres", max: 10 });
  await pool.query("DROP TABLE IF EXISTS persona");
  await pool.query("CREATE TABLE persona (id TEXT PRIMARY KEY, body JSONB)");
  return {
    async write(persona) {
      const sql = "INSERT INTO persona VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
      await pool.query({ name: "upsert", text: sql, values: [persona.id, JSON.stringify(persona)] });
    },
    stored: async () => {
      const { rows } = await pool.query<{ body: object }>("SELECT body FROM persona");
      return namesOf(rows.map(({ body }) => JSON.stringify(body)));
    },
    close: () => pool.end(),
  };
}

function namesOf(bodies: readonly unknown[]): ReadonlyMap<string, string> {
  return new Map(bodies.map((body) => JSON.parse(String(body))).map(({ id, display_name }) => [id, display_name]));
}
