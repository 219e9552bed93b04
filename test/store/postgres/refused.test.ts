import { inspect } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { PersonaError } from "../../../src/errors.ts";
import { openPostgresStore } from "../../../src/store/postgres/store.ts";
import { isPostgresUrl, shownStore, targetOf } from "../../../src/store/postgres/target.ts";
import { appended } from "../rows.ts";
import { postgres } from "./server.ts";

const database = postgres({ port: 20_000 + (process.pid % 20_000) });
const clock = systemClock();

/** The error of an attempt that must fail; whatever it holds, the password is not in it. */
async function refusal(url: string): Promise<PersonaError> {
  const error = await openPostgresStore(url, { clock }).then(
    (store) => store.close(),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(PersonaError);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("s3cret");
  return error as PersonaError;
}

describe("what the server refuses", () => {
  it("a wrong password, without showing it", async () => {
    await database.server.query("CREATE ROLE ada LOGIN PASSWORD 'right'");
    const { code, message } = await refusal(database.server.tcpUrl("a", undefined, "ada:s3cret"));
    expect([code, message]).toEqual([
      "store_unavailable",
      "The database refuses this user or password; check the store's URL.",
    ]);
  });

  it("a database that is not there", async () => {
    const url = database.url().replace("/postgres?", "/nowhere?");
    expect(await refusal(url)).toMatchObject({
      code: "store_unavailable",
      message: "There is no such database on the server; make it, or name another.",
    });
  });

  it("a database of another encoding, in which some texts could not be kept", async () => {
    await database.server.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    expect(await refusal(database.url().replace("/postgres?", "/latin?"))).toMatchObject({
      code: "store_unavailable",
      message: "The database's encoding is LATIN1; name one that was made with the encoding UTF8.",
    });
  });

  it("a user who may not make the schema", async () => {
    await database.server.query("CREATE ROLE guest LOGIN PASSWORD 's3cret'");
    const url = database.server.tcpUrl(database.schema(), undefined, "guest:s3cret");
    expect(await refusal(url)).toMatchObject({ code: "store_read_only" });
  });

  it("writes, because it is read-only", async () => {
    await database.server.query("CREATE DATABASE frozen");
    await database.server.query("ALTER DATABASE frozen SET default_transaction_read_only = on");
    expect(await refusal(database.url().replace("/postgres?", "/frozen?"))).toMatchObject({ code: "store_read_only" });
  });

  it("writes from now on, and takes them again", async () => {
    const schema = database.schema();
    const store = await openPostgresStore(database.server.url(schema), { clock });
    onTestFinished(() => store.close());
    await appended(store);
    const lock = `CREATE FUNCTION ${schema}.stop() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '25006'; END $$;
      CREATE TRIGGER stop BEFORE INSERT ON ${schema}.message EXECUTE FUNCTION ${schema}.stop()`;
    await database.server.query(lock);
    await expect(appended(store)).rejects.toMatchObject({ code: "store_read_only" });
    await database.server.query(`DROP TRIGGER stop ON ${schema}.message`);
    await appended(store);
    expect(await store.messages({ conversation: 1, limit: 10 })).toHaveLength(2);
    expect(store.rev).toBe(2);
  });

  it("a server that is not there, by port and by socket", async () => {
    for (const url of ["postgres://ada:s3cret@127.0.0.1:1/x", "postgres://ada:s3cret@/x?host=/nowhere"]) {
      expect(await refusal(url)).toMatchObject({ code: "store_unavailable", status: 503 });
    }
  });
});

describe("what is found in the schema", () => {
  it.each([
    ["of a newer version", "store_newer", "UPDATE persona_runtime SET version = 99"],
    ["without its one row", "store_corrupt", "DELETE FROM database"],
    ["without the row of its owner", "store_corrupt", "DELETE FROM persona_runtime"],
    ["without a table", "store_corrupt", "DROP TABLE inbox"],
    ["of another program", "store_foreign", "DROP TABLE persona_runtime"],
  ] as const)("%s is refused, and nothing is written", async (_name, code, spoil) => {
    const schema = database.schema();
    const url = database.server.url(schema);
    const store = await openPostgresStore(url, { clock });
    await appended(store);
    await store.close();
    await database.server.query(`SET search_path = ${schema}; ${spoil}`);
    expect(await refusal(url)).toMatchObject({ code });
    expect(await database.count(url, "message")).toBe(1);
    const [row] = await database.server.query(`SELECT * FROM ${schema}.database`);
    if (row !== undefined) expect(row).toMatchObject({ epoch: "1" });
  });

  it("is taken when it is empty", async () => {
    const schema = database.schema();
    await database.server.query(`CREATE SCHEMA ${schema}`);
    const store = await openPostgresStore(database.server.url(schema), { clock });
    onTestFinished(() => store.close());
    expect(store.epoch).toBe(1);
  });

  it("says so when a table is damaged later", async () => {
    const schema = database.schema();
    const store = await openPostgresStore(database.server.url(schema), { clock });
    onTestFinished(() => store.close());
    await appended(store);
    await database.server.query(`DROP TABLE ${schema}.turn`);
    await expect(store.turn(1)).rejects.toMatchObject({
      code: "store_corrupt",
      message: expect.not.stringContaining("relation"),
      cause: { code: "42P01" },
    });
    await appended(store);
  });
});

describe("the URL", () => {
  it.each([
    ["postgres://ada:s3cret@db.example:5433/fleet?schema=a_1", "db.example:5433/fleet?schema=a_1"],
    ["postgresql:///fleet?host=/run/postgresql", "/run/postgresql/fleet?schema=persona_runtime"],
    ["postgres://ada@/fleet?host=/run/postgresql", "/run/postgresql/fleet?schema=persona_runtime"],
  ])("%s is shown as %s", (url, name) => {
    expect(isPostgresUrl(url)).toBe(true);
    expect(targetOf(url).name).toBe(name);
    expect(shownStore(url)).toBe(`postgres://${name}`);
  });

  it("may name a schema that is a word of SQL, and settings, which do not come past ours", async () => {
    for (const schema of ["user", "select"]) {
      const url = database.server.url(schema, { options: "-c statement_timeout=5s -c search_path=public" });
      const store = await openPostgresStore(url, { clock });
      await appended(store, 1, { text: "👋🏽" });
      await store.close();
      const [row] = await database.server.query<{ count: string }>(`SELECT count(*) FROM "${schema}".message`);
      expect(row?.count).toBe("1");
    }
  });

  it.each([
    "postgres://ada:s3cret@host/x?statement_timeout=1",
    "postgres://ada:s3cret@host/x?client_encoding=LATIN1",
    "postgres://ada:s3cret@/",
    "postgres://ada:s3cret@host:port/x",
    "postgres://ada:s3cret@host/x?schema=Robert'); DROP TABLE students",
    "postgres://ada:s3cret@host/x?schema=pg_catalog",
    `postgres://ada:s3cret@host/x?schema=${"x".repeat(64)}`,
  ])("%s is refused, without showing it", async (url) => {
    expect(await refusal(url)).toMatchObject({ code: "invalid_input", fields: [{ field: "store" }] });
    expect(shownStore(url)).not.toContain("s3cret");
  });
});
