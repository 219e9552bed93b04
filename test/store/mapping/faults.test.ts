/** Each statement of each command fails once: nothing of the command is written, and everything of its neighbours. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../../src/clock.ts";
import { ITEM, messageValues } from "../../../src/store/columns.ts";
import { prepareDatabase } from "../../../src/store/database.ts";
import { type Call, GroupCommit } from "../../../src/store/group-commit.ts";
import { Keys } from "../../../src/store/keys.ts";
import type { Along } from "../../../src/store/mapping/port.ts";
import { MAPPING_TABLES } from "../../../src/store/mapping/tables.ts";
import type { Store } from "../../../src/store/port.ts";
import { NOW, withItems } from "../rows.ts";
import { tempFolder } from "../temp-folder.ts";
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
} from "./rows.ts";

const keys = new Keys(new ManualClock(NOW));
const store = { allocate: (...asked: Parameters<Keys["allocate"]>) => keys.allocate(...asked) } as Store;

const TABLES = [...MAPPING_TABLES.common.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = ""]) => name);

/** Rows that every command finds, and the command itself. */
const COMMANDS: Readonly<Record<string, () => { readonly before: readonly Call[]; readonly call: Call }>> = {
  append() {
    const subject = { conversation: 5, tenant: "default", agent: "mindscaper", subject: ADA.person };
    const observations = [anObservation(store), anObservation(store)];
    return { before: [], call: append({ observations, feedback: { row: aFeedback(store) }, subject }) };
  },
  saveMindscape() {
    const observation = anObservation(store);
    const core = aCore(store);
    const first = aMindscape(store);
    const before = [
      append({ observations: [observation] }),
      mapping("addMapper", aMapper(store), [{ kind: "trait", path: "work" }], true),
      mapping("saveMindscape", guarded(aChange(first))),
      mapping("saveCore", core, guarded({ since: 0 })),
    ];
    const next = { ...first, version: 2 };
    return { before, call: mapping("saveMindscape", guarded(aChange(next, { digested: [observation.key] }))) };
  },
  addMapper() {
    const before = [mapping("addMapper", aMapper(store), [], true)];
    const second = aMapper(store, { version: 2 });
    return { before, call: mapping("addMapper", second, [{ kind: "trait", path: "work" }], true) };
  },
  activateMapper() {
    const [first, second] = [aMapper(store), aMapper(store, { version: 2 })];
    const before = [mapping("addMapper", first, [], true), mapping("addMapper", second, [], false)];
    return { before, call: mapping("activateMapper", second, first.key) };
  },
  saveCore: () => ({ before: [], call: mapping("saveCore", aCore(store), guarded({ since: 0 })) }),
  dropCores: () => ({
    before: [mapping("saveCore", aCore(store), guarded({ since: 0 }))],
    call: mapping("dropCores", NOW + 1_000_000, 9),
  }),
  saveSuggestions: () => ({
    before: [],
    call: mapping("saveSuggestions", [aSuggestion(store), aSuggestion(store)], guarded({ since: 0 })),
  }),
  adjust() {
    const row = aFeedback(store);
    const weight = aWeight(store);
    const none = { log: [], personal: [], mindscapes: [], at: NOW };
    const before = [append({ feedback: { row } }), mapping("adjust", { ...none, feedback: [], weights: [weight] })];
    const line = { key: store.allocate("mapping"), tenant: "default", mapper: "daily", rule: "deep-work" };
    const adjustment = {
      feedback: [row.key],
      weights: [{ ...weight, version: 2 }],
      log: [{ ...line, from: 1, to: 2, reason: "helpful", feedback: row.key, at: NOW }],
      personal: [{ ...ADA, mapper: "daily", rule: "deep-work", factor: 2, version: 1, updatedAt: NOW }],
      mindscapes: [guarded(aChange(aMindscape(store)))],
      at: NOW,
    };
    return { before, call: mapping("adjust", adjustment) };
  },
  addNarrative: () => ({ before: [], call: mapping("addNarrative", storedNarrative()) }),
  saveEmbedding() {
    const row = storedNarrative();
    return {
      before: [mapping("addNarrative", row)],
      call: mapping("saveEmbedding", row.key, "m", new Uint8Array(4)),
    };
  },
  erasePerson() {
    const narrative = storedNarrative();
    const feedback = aFeedback(store);
    const subject = { conversation: 5, tenant: "default", agent: "mindscaper", subject: ADA.person };
    const personal = [{ ...ADA, mapper: "daily", rule: "deep-work", factor: 2, version: 1, updatedAt: NOW }];
    const line = { key: store.allocate("mapping"), tenant: "default", mapper: "daily", rule: "deep-work" };
    const log = [{ ...line, from: 1, to: 2, reason: "helpful", feedback: feedback.key, at: NOW }];
    const before = [
      append({ observations: [anObservation(store)], feedback: { row: feedback }, subject }),
      mapping("saveMindscape", guarded(aChange(aMindscape(store)))),
      mapping("saveCore", aCore(store), guarded({ since: 0 })),
      mapping("saveSuggestions", [aSuggestion(store)], guarded({ since: 0 })),
      mapping("adjust", { feedback: [], weights: [], log, personal, mindscapes: [], at: NOW }),
      mapping("addNarrative", narrative),
      mapping("saveEmbedding", narrative.key, "m", new Uint8Array(4)),
    ];
    const row = { key: store.allocate("mapping"), tenant: "default", hash: "h", at: NOW };
    return { before, call: mapping("erasePerson", row, ADA.person) };
  },
};

it.each(Object.keys(COMMANDS))("%s is written whole or not at all, whichever of its statements fails", (name) => {
  const { before, call } = COMMANDS[name]?.() ?? { before: [], call: append() };
  const start = prepared(before);
  const was = contents(opened(start).database);
  let faults = 0;
  for (const table of TABLES) {
    for (const operation of ["INSERT", "UPDATE", "DELETE"]) {
      const { database, commit } = opened(start);
      database.exec(`CREATE TRIGGER fault BEFORE ${operation} ON ${table}
        BEGIN SELECT RAISE(ABORT, 'a fault'); END`);
      const { failures } = commit.run(0, [append(), call, append()]);
      // Otherwise no statement of the command does this to this table.
      if (failures.size === 0) continue;
      faults += 1;
      const what = `${operation} ${table}`;
      expect([...failures.keys()], what).toEqual([1]);
      const { message, inbox, change_log, ...after } = contents(database);
      expect(after, what).toEqual({ ...was, message: undefined, inbox: undefined, change_log: undefined });
      // Those before and behind it are written as if it had never been.
      for (const [rows, before] of [
        [message, was["message"]],
        [inbox, was["inbox"]],
        [change_log, was["change_log"]],
      ])
        expect((rows ?? []).length - (before ?? []).length, what).toBe(2);
    }
  }
  expect(faults).toBeGreaterThan(0);
});

/** A database in memory that has gone through these, as a file. */
function prepared(before: readonly Call[]): Buffer {
  const file = join(tempFolder(), "personas.db");
  const { epoch } = prepareDatabase(file, { now: NOW, salt: 1, keepChanges: 1_000 });
  const database = new Database(file);
  // What is in memory has no log beside it.
  database.pragma("journal_mode = DELETE");
  const { failures } = new GroupCommit(database, { epoch, keepChanges: 1_000 }).run(0, before);
  expect(failures.size).toBe(0);
  const image = database.serialize();
  database.close();
  return image;
}

function opened(image: Buffer) {
  const database = new Database(image);
  onTestFinished(() => void database.close());
  const epoch = database.prepare("SELECT epoch FROM database").pluck().get() as number;
  return { database, commit: new GroupCommit(database, { epoch, keepChanges: 1_000 }) };
}

/** All rows of all tables of mapping, and of those that its commands share with messages. */
function contents(database: Database.Database): Record<string, readonly unknown[]> {
  const names = [...TABLES, "narrative_index", "message", "inbox", "change_log"];
  return Object.fromEntries(names.map((name) => [name, database.prepare(`SELECT * FROM ${name}`).all()]));
}

function append(along?: Along): Call {
  const { message, items } = withItems(store, 1);
  const rows = [message.tenant, message.key, messageValues(message), items.flatMap(ITEM.values)] as const;
  return ["append", ...rows, null, null, null, along ?? null];
}

function mapping(name: string, ...args: readonly unknown[]): Call {
  return ["mapping", name, args];
}

function guarded<Change extends object>(change: Change) {
  return { ...change, hash: "h" };
}

function storedNarrative() {
  return { ...aNarrative(store), owner: "h", words: "i work best" };
}
