/**
 * Each statement of each command of mapping fails once in PostgreSQL: nothing of the command is written, and everything
 * of its neighbours. For SQLite `test/store/mapping/faults.test.ts` does the same.
 */
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { MAPPING_TABLES } from "../../src/store/mapping/tables.ts";
import type { Store } from "../../src/store/port.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import {
  ADA,
  aChange,
  aCore,
  aFeedback,
  aMapper,
  aMindscape,
  aNarrative,
  anObservation,
  aSuggestion,
  aWeight,
} from "../store/mapping/rows.ts";
import { postgres } from "../store/postgres/server.ts";
import { NOW, withItems } from "../store/rows.ts";

const database = postgres();
const TABLES = [...MAPPING_TABLES.common.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = ""]) => name);
const ALL = { since: 0 };
const PERSONAL = { ...ADA, mapper: "daily", rule: "deep-work", factor: 2, version: 1, updatedAt: NOW } as const;
const SUBJECT = { conversation: 5, tenant: "default", agent: "mindscaper", subject: ADA.person };

/** Writes what it needs, and gives the command. */
type Scene = (store: Store) => Promise<() => Promise<unknown>>;

const lineOf = (store: Store, feedback: number) => ({
  ...{ key: store.allocate("mapping"), tenant: "default", mapper: "daily", rule: "deep-work" },
  ...{ from: 1, to: 2, reason: "helpful", feedback, at: NOW },
});

const SCENES: Readonly<Record<string, Scene>> = {
  async append(store) {
    const along = { observations: [anObservation(store)], feedback: { row: aFeedback(store) }, subject: SUBJECT };
    return () => store.append({ ...withItems(store, 1), along });
  },
  async saveMindscape(store) {
    const observation = anObservation(store);
    const first = aMindscape(store);
    await store.append({ ...withItems(store, 1), along: { observations: [observation] } });
    await store.mapping.addMapper(aMapper(store), [{ kind: "trait", path: "work" }], true);
    await store.mapping.saveMindscape(aChange(first));
    await store.mapping.saveCore(aCore(store), ALL);
    return () => store.mapping.saveMindscape(aChange({ ...first, version: 2 }, { digested: [observation.key] }));
  },
  async addMapper(store) {
    await store.mapping.addMapper(aMapper(store), [], true);
    return () => store.mapping.addMapper(aMapper(store, { version: 2 }), [{ kind: "trait", path: "work" }], true);
  },
  async activateMapper(store) {
    const [first, second] = [aMapper(store), aMapper(store, { version: 2 })];
    await store.mapping.addMapper(first, [], true);
    await store.mapping.addMapper(second, [], false);
    return () => store.mapping.activateMapper(second, first.key);
  },
  saveCore: async (store) => () => store.mapping.saveCore(aCore(store), ALL),
  saveSuggestions: async (store) => () => store.mapping.saveSuggestions([aSuggestion(store), aSuggestion(store)], ALL),
  async dropCores(store) {
    await store.mapping.saveCore(aCore(store), ALL);
    return () => store.mapping.dropCores(NOW + 1_000_000, 9);
  },
  async adjust(store) {
    const row = aFeedback(store);
    const weight = aWeight(store);
    const none = { feedback: [], log: [], personal: [], mindscapes: [], at: NOW };
    await store.append({ ...withItems(store, 1), along: { feedback: { row } } });
    await store.mapping.adjust({ ...none, weights: [weight] });
    const adjustment = {
      ...{ feedback: [row.key], weights: [{ ...weight, version: 2 }], log: [lineOf(store, row.key)] },
      ...{ personal: [PERSONAL], mindscapes: [aChange(aMindscape(store))], at: NOW },
    };
    return () => store.mapping.adjust(adjustment);
  },
  addNarrative: async (store) => () => store.mapping.addNarrative(aNarrative(store)),
  async saveEmbedding(store) {
    const row = aNarrative(store);
    await store.mapping.addNarrative(row);
    return () => store.mapping.saveEmbedding(row.key, "m", new Float32Array(1));
  },
  async erasePerson(store) {
    const feedback = aFeedback(store);
    const narrative = aNarrative(store);
    const along = { observations: [anObservation(store)], feedback: { row: feedback }, subject: SUBJECT };
    await store.append({ ...withItems(store, 1), along });
    await store.mapping.saveMindscape(aChange(aMindscape(store)));
    await store.mapping.saveCore(aCore(store), ALL);
    await store.mapping.saveSuggestions([aSuggestion(store)], ALL);
    const none = { feedback: [], weights: [], mindscapes: [], at: NOW };
    await store.mapping.adjust({ ...none, log: [lineOf(store, feedback.key)], personal: [PERSONAL] });
    await store.mapping.addNarrative(narrative);
    await store.mapping.saveEmbedding(narrative.key, "m", new Float32Array(1));
    const row = { key: store.allocate("mapping"), tenant: "default", hash: "h", at: NOW };
    return () => store.mapping.erasePerson(row, ADA.person);
  },
};

async function opened(scene: Scene) {
  const schema = database.schema();
  const store = await openPostgresStore(database.server.url(schema), { clock: new ManualClock(NOW) });
  onTestFinished(() => store.close());
  const query = <Row extends object>(sql: string) =>
    database.server.query<Row & Record<string, unknown>>(`SET search_path = ${schema}; ${sql}`);
  return { store, query, command: await scene(store) };
}

it.each(Object.keys(SCENES))("%s is written whole or not at all, whichever of its statements fails", async (name) => {
  const scene = SCENES[name] as Scene;
  // A first run says which statements there are.
  const first = await opened(scene);
  const audit = TABLES.map(
    (table) => `CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ${table}
    FOR EACH ROW EXECUTE FUNCTION audit();`,
  );
  await first.query(`CREATE TABLE audited (statement TEXT);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO audited VALUES (TG_OP || ' ON ' || TG_TABLE_NAME); RETURN NULL; END $$;
    ${audit.join("\n")}`);
  await first.command();
  const statements = await first.query<{ statement: string }>("SELECT DISTINCT statement FROM audited ORDER BY 1");
  expect(statements.length).toBeGreaterThan(0);

  const { store, query, command } = await opened(scene);
  const contents = async () => {
    const rows = TABLES.map((table) => `SELECT '${table}' AS name, to_jsonb(one)::text AS row FROM ${table} AS one`);
    return query(`${rows.join(" UNION ALL ")} ORDER BY 1, 2`);
  };
  const messages = async () => (await query<{ count: string }>("SELECT count(*) FROM message"))[0]?.count;
  await query(`CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a fault'; END $$`);
  const was = await contents();
  let count = Number(await messages());
  for (const { statement } of statements) {
    await query(`CREATE TRIGGER fault BEFORE ${statement} FOR EACH ROW EXECUTE FUNCTION fault()`);
    const [before, failed, behind] = await Promise.allSettled([
      store.append(withItems(store, 1)),
      command(),
      store.append(withItems(store, 1)),
    ]);
    expect([before.status, failed.status, behind.status], statement).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await contents(), statement).toEqual(was);
    count += 2;
    expect(Number(await messages()), statement).toBe(count);
    await query(`DROP TRIGGER fault ${statement.replace(/^\w+ /, "")}`);
  }
  await command();
  expect(await contents()).not.toEqual(was);
});
