/** The catalogue over everything that can keep it: stores, and databases of a host's own. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import Database from "better-sqlite3";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryPersister } from "../../src/catalogue/memory-persister.ts";
import type { LoadedEntries, Persister } from "../../src/catalogue/port.ts";
import { createCatalogue } from "../../src/catalogue/registry.ts";
import { tablePersister } from "../../src/catalogue/table-persister.ts";
import { ManualClock } from "../../src/clock.ts";
import { persister } from "../../src/persister.ts";
import { type HostDatabase, openHostTable } from "../../src/store/host-table.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/port.ts";
import { keepsEntries } from "../store/entries.ts";
import { postgres } from "../store/postgres/server.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { behavesAsACatalogue, everything, type Place, refused } from "./behaviour.ts";
import { aFile, aPersona, aRole } from "./samples.ts";

const server = postgres();

/** A store that is closed and opened again. */
function inAStore(name: () => string): Place {
  let store: Store | undefined;
  onTestFinished(async () => store?.close());
  return {
    async open() {
      await store?.close();
      store = await openStore(name(), { clock: new ManualClock() });
      return tablePersister(store);
    },
  };
}

function fileName(): string {
  return join(tempFolder(), "personas.db");
}

function hostFile(file = fileName()): Database.Database {
  const database = new Database(file);
  onTestFinished(() => {
    database.close();
  });
  return database;
}

async function hostPool(): Promise<pg.Pool> {
  const schema = server.schema();
  await server.server.query(`CREATE SCHEMA ${schema}`);
  const pool = new pg.Pool({
    host: server.server.folder,
    user: "postgres",
    database: "postgres",
    options: `-c search_path=${schema}`,
  });
  onTestFinished(() => pool.end());
  return pool;
}

async function hostClient(): Promise<pg.Client> {
  const pool = await hostPool();
  const client = await pool.connect();
  onTestFinished(() => client.release());
  return client;
}

type Open = () => HostDatabase | Promise<HostDatabase>;

const HOSTS: readonly (readonly [name: string, open: Open])[] = [
  ["a Database of better-sqlite3", () => hostFile()],
  ["a Pool of pg", hostPool],
];

/** What differs in the driver alone. */
const DRIVERS: typeof HOSTS = [
  ["a Database that gives BigInt", () => hostFile().defaultSafeIntegers(true)],
  ["a Client of pg", hostClient],
];

describe("in a SQLite store", () => {
  behavesAsACatalogue(async () => {
    const name = fileName();
    return inAStore(() => name);
  });
});

describe("in a PostgreSQL store", () => {
  behavesAsACatalogue(async () => {
    const name = server.url();
    return inAStore(() => name);
  });
});

describe("in a memory store", () => {
  behavesAsACatalogue(async () => {
    const store = await openStore("memory", { clock: new ManualClock() });
    return { open: async () => tablePersister(store) };
  });
});

describe.each(HOSTS)("in %s of the host", (_name, open) => {
  behavesAsACatalogue(async () => {
    const database = await open();
    return { open: () => persister({ database }) };
  });

  it("leaves what the host has there alone, and open", async () => {
    const database = await open();
    const run = async (sql: string) => {
      if ("prepare" in database) return (database as Database.Database).exec(sql);
      return database.query(sql);
    };
    await run("CREATE TABLE ours (id INTEGER)");
    await run("INSERT INTO ours VALUES (7)");
    const { personas } = (
      await createCatalogue({ clock: new ManualClock(), persister: await persister({ database }) })
    ).tenant("x");
    await personas.create(aPersona());
    await run("UPDATE ours SET id = 8");
    expect(personas.size).toBe(1);
  });

  it("agrees with what is stored, whichever statement fails and however", async () => {
    for (const fault of ["before", "after", "twice"] as const) {
      for (let at = 0; ; at += 1) {
        const database = await open();
        const failing = failingAt(database, at, fault);
        const start = async (over: HostDatabase) =>
          (
            await createCatalogue({
              clock: new ManualClock(0),
              persister: await persister({ database: over }),
              seeds: SEEDS,
            })
          ).tenant("default");
        // The table is there before anything fails.
        await persister({ database });
        const first = await start(failing.database).catch((error: unknown) => error);
        if (first instanceof Error) {
          expect(first).toMatchObject({ code: "store_unavailable" });
          continue;
        }
        const catalogue = first as Awaited<ReturnType<typeof start>>;
        for (const change of CHANGES) {
          const code = await change(catalogue).then(
            () => "ok",
            (error) => error.code,
          );
          expect(["ok", "persist_failed", "already_exists", "persona_not_found", "invalid_persona"]).toContain(code);
          if (fault !== "twice") expect(everything(catalogue)).toEqual(everything(await start(database)));
        }
        const reached = failing.reached();
        failing.stop();
        // Whoever could not be asked is asked with the next change.
        for (const id of ["ada", "bob"]) await catalogue.personas.patch(id, {}).catch(() => {});
        await catalogue.roles.patch("triage", {}).catch(() => {});
        expect(everything(catalogue)).toEqual(everything(await start(database)));
        if (!reached) break;
      }
    }
  });
});

describe.each([...HOSTS, ...DRIVERS])("the table in %s", (_name, open) => {
  keepsEntries(async () => openHostTable(await open()));
});

const SEEDS = aFile([["persona", aPersona()]]);

const CHANGES: readonly ((
  catalogue: Awaited<ReturnType<Awaited<ReturnType<typeof createCatalogue>>["tenant"]>>,
) => Promise<unknown>)[] = [
  ({ roles }) => roles.put("triage", aRole()),
  ({ personas }) => personas.create(aPersona({ id: "bob", default_role: "triage" })),
  ({ personas }) => personas.patch("ada", { display_name: "Written" }),
  ({ roles }) => roles.put("triage", aRole({ temperature: 1 })),
  ({ personas }) => personas.delete("bob"),
  ({ personas }) => personas.reset("ada"),
  ({ personas }) => personas.delete("ada"),
];

/** The same database, of which one statement fails: before it is run, or after; or after, and the next one before. */
function failingAt(database: HostDatabase, at: number, fault: "before" | "after" | "twice") {
  let statements = 0;
  const gone = () =>
    "prepare" in database
      ? new Database.SqliteError("/home/host/secret.db", "SQLITE_IOERR_FSYNC")
      : Object.assign(new Error("password=hunter2 host=10.0.0.7"), { code: "ECONNRESET" });
  const around = <Result>(run: () => Result): Result => {
    const number = statements;
    statements += 1;
    if (fault === "before" ? number === at : fault === "twice" && number === at + 1) throw gone();
    const result = run();
    if (fault === "before" || number !== at) return result;
    if (result instanceof Promise) {
      return result.then(() => {
        throw gone();
      }) as Result;
    }
    throw gone();
  };
  const failing: HostDatabase =
    "prepare" in database
      ? {
          exec: (sql) => database.exec(sql),
          pragma: (text) => database.pragma(text),
          prepare: (sql) => {
            const statement = (database as Database.Database).prepare(sql);
            return { all: (...values: unknown[]) => around(() => statement.all(...values)) };
          },
        }
      : {
          query: async (sql, values) =>
            sql.includes("CREATE TABLE") ? database.query(sql, values) : around(() => database.query(sql, values)),
        };
  return {
    database: failing,
    reached: () => statements > at,
    stop: () => {
      statements = Number.POSITIVE_INFINITY;
    },
  };
}

describe("a host's database", () => {
  it("must be one", async () => {
    const another = new DatabaseSync(":memory:");
    for (const database of [undefined, {}, "file.db", another] as unknown as HostDatabase[]) {
      expect(await refused(persister({ database }))).toMatchObject({
        code: "invalid_input",
        fields: [{ field: "database" }],
      });
    }
  });

  it("must be said", async () => {
    expect(await refused(persister(undefined as never))).toMatchObject({ code: "invalid_input" });
  });

  it.each(HOSTS)("must not have that table from somebody else: %s", async (_name, open) => {
    const database = await open();
    const sql = "CREATE TABLE catalogue_entry (id INTEGER)";
    if ("prepare" in database) database.exec(sql);
    else await database.query(sql);
    expect(await refused(persister({ database }))).toMatchObject({ code: "store_foreign" });
  });

  it("that cannot be written says so, and nothing of the driver's words is in the message", async () => {
    const file = fileName();
    await persister({ database: hostFile(file) });
    const readonly = new Database(file, { readonly: true });
    onTestFinished(() => {
      readonly.close();
    });
    const { personas } = (
      await createCatalogue({ clock: new ManualClock(), persister: await persister({ database: readonly }) })
    ).tenant("x");
    const error = await refused(personas.create(aPersona()));
    expect(error).toMatchObject({ code: "persist_failed", cause: { code: "store_read_only" } });
    expect(error.message).toBe(
      'The persona "ada" could not be stored. The database cannot be written; make the file and its folder writable.',
    );
    expect(personas.size).toBe(0);
  });
});

describe("a host's own persister", () => {
  const start = (loaded: unknown) =>
    createCatalogue({
      clock: new ManualClock(0),
      persister: { ...memoryPersister(), loadPersonas: async () => loaded as LoadedEntries },
    });

  it("must have nine functions that give lists of rows", async () => {
    const { saveRole: _, ...eight } = memoryPersister();
    const persister = eight as Persister;
    expect(await refused(createCatalogue({ clock: new ManualClock(0), persister }))).toMatchObject({
      code: "invalid_input",
      fields: [{ field: "persister.saveRole" }],
    });
    for (const loaded of [
      undefined,
      null,
      [],
      { rows: [] },
      { rows: [null], damaged: [] },
      { rows: [{}], damaged: [] },
    ]) {
      expect(await refused(start(loaded))).toMatchObject({
        code: "invalid_input",
        fields: [{ field: "persister.loadPersonas" }],
      });
    }
  });

  it("is believed no row that is none", async () => {
    const right = { tenant: "x", body: aPersona(), version: 1, reset: false, createdAt: 0, updatedAt: 0 };
    const rows = [
      { ...right, id: "ada" },
      { ...right, id: "a", version: "3" },
      { ...right, id: "b", version: 0 },
      { ...right, id: "c", createdAt: new Date(0) },
      { ...right, id: "d", reset: 0 },
    ];
    const { notes, tenant } = await start({ rows, damaged: [] });
    expect(notes.map(({ id, reason }) => [id, reason])).toEqual([
      ["a", "its version is none"],
      ["b", "its version is none"],
      ["c", "its times are none"],
      ["d", "it does not say whether it was reset"],
    ]);
    expect(
      tenant("x")
        .personas.list()
        .map(({ id }) => id),
    ).toEqual(["ada"]);
  });
});

describe("what is stored and cannot be read", () => {
  const damages: readonly (readonly [name: string, body: string, reason: RegExp])[] = [
    ["is not JSON", '{"id": "ada"', /it is not JSON/],
    ["is no persona", '{"id":"ada","display_name":7}', /display_name: /],
    ["is another persona", '{"id":"bob","display_name":"Bob"}', /its id is "bob" inside/],
    ["has a field of another version", '{"id":"ada","display_name":"Ada","later":1}', /later: is no known field/],
    ["is nothing", "null", /it is null/],
    ["has no body at all", '"x"', /persona: /],
  ];

  it.each(damages)("because it %s is reported, keeps its id, and harms nobody else", async (_name, body, reason) => {
    const database = hostFile();
    const start = async () =>
      createCatalogue({ clock: new ManualClock(0), persister: await persister({ database }), seeds: SEEDS });
    const { personas } = (await start()).tenant("default");
    await personas.create(aPersona({ id: "other" }));
    await personas.patch("ada", { display_name: "Written" });
    await personas.patch("ada", { display_name: "Written again" });
    database.prepare("UPDATE catalogue_entry SET body = ? WHERE id = 'ada'").run(body);

    const catalogue = await start();
    expect(catalogue.notes).toEqual([
      {
        file: "store",
        table: "personas",
        id: "ada",
        tenant: "default",
        line: undefined,
        reason: expect.stringMatching(reason),
      },
    ]);
    const after = catalogue.tenant("default").personas;
    expect(after.list().map(({ id }) => id)).toEqual(["other"]);
    expect(after.find("ada")).toBeUndefined();
    expect(() => after.get("ada")).toThrow(expect.objectContaining({ code: "entry_damaged" }));
    expect(await refused(after.create(aPersona()))).toMatchObject({ code: "already_exists" });
    expect(await refused(after.patch("ada", {}))).toMatchObject({ code: "entry_damaged" });
    expect(await refused(after.put("ada", aPersona(), { ifVersion: 1 }))).toMatchObject({ code: "version_conflict" });
    const { entry, created } = await after.put("ada", aPersona({ display_name: "Mended" }), { ifVersion: 2 });
    expect({ created, version: entry.version }).toEqual({ created: false, version: 3 });
    expect((await start()).notes).toEqual([]);
  });

  it("can be deleted or reset", async () => {
    for (const verb of ["delete", "reset"] as const) {
      const database = hostFile();
      const start = async () =>
        createCatalogue({ clock: new ManualClock(0), persister: await persister({ database }), seeds: SEEDS });
      await (await start()).tenant("default").personas.patch("ada", {});
      database.prepare("UPDATE catalogue_entry SET body = '{'").run();
      const { personas } = (await start()).tenant("default");
      await personas[verb]("ada", { ifVersion: 1 });
      expect(personas.find("ada")?.source).toBe(verb === "reset" ? "toml" : undefined);
      expect((await start()).notes).toEqual([]);
    }
  });
});
