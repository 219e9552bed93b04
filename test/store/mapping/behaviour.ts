/** What every store does about mapping; part of the suite in `behaviour.ts`. */
import { describe, expect, it } from "vitest";
import { personHash } from "../../../src/store/mapping/hash.ts";
import type { Along, MindscapeRow, NarrativeRow, ObservationRow } from "../../../src/store/mapping/port.ts";
import { wordsOf } from "../../../src/store/mapping/words.ts";
import type { Store } from "../../../src/store/port.ts";
import { NOW, withItems } from "../rows.ts";
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
  BOB,
} from "./rows.ts";

export function keepsMapping(opened: () => Promise<Store>): void {
  const appendAlong = (store: Store, along: Along) => store.append({ ...withItems(store, 1), along });
  const observed = async (store: Store, count = 1, over: Partial<ObservationRow> = {}) => {
    const observations = Array.from({ length: count }, () => anObservation(store, over));
    await appendAlong(store, { observations });
    return observations;
  };

  describe("observations", () => {
    it("come with a message and its item, and are given back as they were, pending until they are digested", async () => {
      const store = await opened();
      const content = '{"text":"\\u0000 emoji 👋🏽, Ünïcödé\\r\\n"}';
      const observations = [anObservation(store, { content }), anObservation(store, { type: "user_input" })];
      const { message, items } = withItems(store, 1);
      const subject = {
        conversation: message.conversation,
        tenant: "default",
        agent: "mindscaper",
        subject: ADA.person,
      };
      const appended = await store.append({ message, items, along: { observations, subject } });
      expect(appended).toEqual({ status: "appended", rev: 1, repeated: [] });
      await observed(store, 1, BOB);

      const page = { ...ADA, limit: 10 };
      expect(await store.mapping.observations(page)).toEqual(observations);
      expect(await store.mapping.pendingObservations(page)).toEqual(observations);
      expect(await store.mapping.observations({ ...page, type: "user_input" })).toEqual([observations[1]]);
      expect(await store.mapping.observations({ ...page, after: observations[0]?.key })).toEqual([observations[1]]);
      expect(await store.mapping.observations({ ...page, from: NOW })).toEqual([]);
      expect(await store.mapping.observations({ ...page, limit: 1 })).toEqual([observations[0]]);
      expect(
        await store.mapping.observationsNamed("default", ADA.person, ["nobody's", observations[1]?.id ?? ""]),
      ).toEqual([observations[1]]);
      expect(await store.mapping.subject(message.conversation)).toEqual(subject);
      expect(await store.mapping.subjectNamed("default", "mindscaper", ADA.person)).toEqual(subject);
      expect(await store.itemsOf(message)).toEqual(items);
    });

    it("are one observation when they are sent twice, and say so", async () => {
      const store = await opened();
      const [first] = await observed(store);
      const again = anObservation(store, { id: first?.id ?? "" });
      const fresh = anObservation(store);
      const { message, items } = withItems(store, 1);
      expect(await store.append({ message, items, along: { observations: [again] } })).toEqual({ status: "repeated" });
      expect(await store.message(message.key)).toBeUndefined();
      expect((await store.counts()).waiting).toBe(1);
      const both = await appendAlong(store, { observations: [again, fresh, { ...fresh, key: fresh.key + 1 }] });
      expect(both).toMatchObject({ status: "appended", repeated: [0, 2] });
      expect(await store.mapping.observations({ ...ADA, limit: 9 })).toEqual([first, fresh]);
      expect(await store.mapping.pendingObservations({ ...ADA, limit: 9 })).toEqual([first, fresh]);
    });

    it("conflict with another content under the same id, and then nothing of the batch is written", async () => {
      const store = await opened();
      const [first] = await observed(store);
      const other = anObservation(store, { id: first?.id ?? "", fingerprint: "g" });
      const fresh = anObservation(store);
      const { message, items } = withItems(store, 1);
      const refused = await store.append({ message, items, along: { observations: [fresh, other] } });
      expect(refused).toEqual({ status: "along_conflict", index: 1 });
      expect(await store.message(message.key)).toBeUndefined();
      expect(await store.mapping.observations({ ...ADA, limit: 9 })).toEqual([first]);
      // The same id is another's for another person, and in another tenant.
      expect(await appendAlong(store, { observations: [{ ...other, ...BOB }] })).toMatchObject({ status: "appended" });
      expect(await appendAlong(store, { observations: [{ ...other, key: other.key + 9, tenant: "t" }] })).toMatchObject(
        {
          status: "appended",
        },
      );
    });
  });

  describe("mindscapes", () => {
    it("are written with their history by whoever read the version before, and take what they digest", async () => {
      const store = await opened();
      const observations = await observed(store, 3);
      const keys = observations.map(({ key }) => key);
      const first = aMindscape(store);
      const saved = await store.mapping.saveMindscape(aChange(first, { digested: keys.slice(0, 2) }));
      expect(saved).toEqual({ status: "saved", rev: store.rev, stale: [] });
      expect(await store.mapping.mindscape("default", ADA.person)).toEqual(first);
      expect(await store.mapping.mindscapeOf(first.key)).toEqual(first);
      expect(await store.mapping.pendingObservations({ ...ADA, limit: 9 })).toEqual([observations[2]]);

      const second = { ...first, version: 2, traits: "{}", updatedAt: NOW + 5 };
      const stale = { status: "stale" };
      // Digested before; read before; not there.
      expect(await store.mapping.saveMindscape(aChange(second, { digested: keys }))).toEqual(stale);
      expect(await store.mapping.saveMindscape(aChange(first))).toEqual(stale);
      expect(await store.mapping.saveMindscape(aChange({ ...second, version: 3 }))).toEqual(stale);
      expect(await store.mapping.mindscape("default", ADA.person)).toEqual(first);
      expect(await store.mapping.pendingObservations({ ...ADA, limit: 9 })).toEqual([observations[2]]);

      await store.mapping.saveMindscape(aChange(second, { digested: keys.slice(2) }));
      expect(await store.mapping.mindscape("default", ADA.person)).toEqual(second);
      const history = { ...ADA, limit: 9 };
      expect((await store.mapping.mindscapeHistory(history)).map(({ version }) => version)).toEqual([2, 1]);
      expect(await store.mapping.mindscapeHistory({ ...history, before: 2 })).toEqual([aChange(first).history]);
      const { rows } = await store.changes("default", 0, 99);
      expect(rows.filter(({ kind }) => kind === "mindscape").map(({ key }) => key)).toEqual([first.key, first.key]);
    });

    it("let one of many writers win each version, and lose no write", async () => {
      const store = await opened();
      const first = aMindscape(store, { traits: "0" });
      await store.mapping.saveMindscape(aChange(first));
      let stales = 0;
      const add = async () => {
        for (;;) {
          const row = (await store.mapping.mindscape("default", ADA.person)) as MindscapeRow;
          const next = { ...row, version: row.version + 1, traits: `${Number(row.traits) + 1}` };
          if ((await store.mapping.saveMindscape(aChange(next))).status === "saved") return;
          stales += 1;
        }
      };
      await Promise.all(Array.from({ length: 12 }, add));
      expect(await store.mapping.mindscape("default", ADA.person)).toMatchObject({ version: 13, traits: "12" });
      expect(stales).toBeGreaterThan(0);
    });

    it("make the cores stale that were made from what changed, above or below it, and no other", async () => {
      const store = await opened();
      const conditions = [
        { kind: "trait", path: "work.focus_duration" },
        { kind: "trait", path: "work.focus_duration" },
        { kind: "context", path: "mood" },
      ] as const;
      await store.mapping.addMapper(aMapper(store), conditions, true);
      await store.mapping.addMapper(aMapper(store, { id: "needs" }), [{ kind: "required", path: "mood" }], true);
      const mindscape = aMindscape(store);
      await store.mapping.saveMindscape(aChange(mindscape));
      const daily = aCore(store);
      const needs = aCore(store, { mapper: "needs" });
      const bobs = aCore(store, { ...BOB, mindscapeVersion: 0 });
      for (const core of [daily, needs, bobs]) await store.mapping.saveCore(core, { since: core.key });

      let version = 1;
      const change = async (changed: readonly string[]) => {
        version += 1;
        const row = { ...mindscape, version, updatedAt: NOW + version };
        const saved = await store.mapping.saveMindscape(aChange(row, { changed }));
        return saved.status === "saved" ? saved.stale.map(({ mapper }) => mapper) : saved.status;
      };
      expect(await change(["work", "moods", "work.focus"])).toEqual(["daily"]);
      expect(await store.mapping.coreOf(daily.key)).toEqual({ ...daily, staleSince: NOW + 2 });
      expect(await change(["mood.today"])).toEqual(["needs"]);
      // What is stale stays so since then.
      expect(await change(["mood", "work.focus_duration.p90"])).toEqual([]);
      expect(await store.mapping.coreOf(daily.key)).toEqual({ ...daily, staleSince: NOW + 2 });
      expect(await store.mapping.coreOf(bobs.key)).toEqual(bobs);
      // A core that was made from what is not there any more is stale from the beginning.
      const late = await store.mapping.saveCore(daily, { since: daily.key });
      expect(late).toMatchObject({ status: "written", core: { key: daily.key, staleSince: daily.generatedAt } });
    });
  });

  describe("mappers", () => {
    it("have versions that follow each other, of which one is active", async () => {
      const store = await opened();
      const first = aMapper(store);
      const second = aMapper(store, { version: 2 });
      expect(await store.mapping.addMapper(first, [], false)).toEqual({ status: "written", rev: 1 });
      expect(await store.mapping.addMapper(aMapper(store), [], false)).toEqual({ status: "stale" });
      expect(await store.mapping.addMapper(aMapper(store, { version: 3 }), [], true)).toEqual({ status: "stale" });
      expect(await store.mapping.activeMapper("default", "daily")).toBeUndefined();
      expect(await store.mapping.activateMapper(first, null)).toMatchObject({ status: "written" });
      expect(await store.mapping.addMapper(second, [{ kind: "trait", path: "a" }], true)).toMatchObject({
        status: "written",
      });
      expect(await store.mapping.activeMapper("default", "daily")).toEqual({ ...second, status: "active" });
      expect(await store.mapping.mapper("default", "daily", 1)).toEqual({ ...first, status: "deprecated" });
      expect(await store.mapping.newestMapper("default", "daily")).toMatchObject({ version: 2 });
      const reads = (trait: string) => store.mapping.mappers({ tenant: "default", trait, limit: 9 });
      expect(await reads("a")).toMatchObject([{ id: "daily", version: 2 }]);
      expect(await reads("b")).toEqual([]);
      const versions = await store.mapping.mapperVersions({ tenant: "default", id: "daily", limit: 9 });
      expect(versions.map(({ version, status, newest }) => [version, status, newest])).toEqual([
        [2, "active", 2],
        [1, "deprecated", 2],
      ]);
    });

    it("let one of two activations win", async () => {
      const store = await opened();
      const [first, second, third] = [aMapper(store), aMapper(store, { version: 2 }), aMapper(store, { version: 3 })];
      await store.mapping.addMapper(first, [], true);
      await store.mapping.addMapper(second, [], false);
      await store.mapping.addMapper(third, [], false);
      const both = await Promise.all([second, third].map((row) => store.mapping.activateMapper(row, first.key)));
      expect(both.map(({ status }) => status)).toEqual(["written", "stale"]);
      const versions = await store.mapping.mapperVersions({ tenant: "default", id: "daily", limit: 9 });
      expect(versions.map(({ status }) => status)).toEqual(["draft", "active", "deprecated"]);
      expect(await store.mapping.activateMapper({ ...third, key: third.key + 99 }, second.key)).toEqual({
        status: "stale",
      });
      expect(await store.mapping.activeMapper("default", "daily")).toMatchObject({ version: 2 });
    });

    it("are listed by id: the active version, else the newest; and by the traits that conditions read", async () => {
      const store = await opened();
      const reads = (path: string) => [{ kind: "trait", path }] as const;
      await store.mapping.addMapper(aMapper(store, { id: "b" }), reads("work.focus"), true);
      await store.mapping.addMapper(aMapper(store, { id: "b", version: 2 }), reads("mood"), false);
      await store.mapping.addMapper(aMapper(store, { id: "a" }), reads("mood"), false);
      await store.mapping.addMapper(
        aMapper(store, { id: "a", version: 2 }),
        [{ kind: "required", path: "mood" }],
        false,
      );
      await store.mapping.addMapper(aMapper(store, { id: "c", tenant: "other" }), reads("work"), true);
      const list = async (asked: { trait?: string; active?: boolean; after?: string }) =>
        (await store.mapping.mappers({ tenant: "default", limit: 9, ...asked })).map(
          ({ id, version, newest }) => `${id} ${version}/${newest}`,
        );
      expect(await list({})).toEqual(["a 2/2", "b 1/2"]);
      expect(await list({ after: "a" })).toEqual(["b 1/2"]);
      expect(await list({ active: true })).toEqual(["b 1/2"]);
      for (const trait of ["work", "work.focus", "work.focus.p90"]) expect(await list({ trait })).toEqual(["b 1/2"]);
      for (const trait of ["work.foc", "work.focus_", "mood"]) expect(await list({ trait })).toEqual([]);
      expect((await store.mapping.mappers({ tenant: "default", limit: 9 }))[0]).not.toHaveProperty("document");
    });
  });

  describe("cores and suggestions", () => {
    it("are written in each other's place, found, and dropped when their time is over", async () => {
      const store = await opened();
      const core = aCore(store, { mindscapeVersion: 0, summary: "Focused." });
      const again = aCore(store, { mindscapeVersion: 0, expiresAt: NOW + 9_000 });
      await store.mapping.saveCore(core, { since: core.key });
      expect(await store.mapping.core("default", "coach", ADA.person, "daily")).toEqual(core);
      const saved = await store.mapping.saveCore(again, { since: again.key });
      expect(saved).toMatchObject({ core: { ...again, key: core.key } });
      expect(await store.mapping.core("default", "coach", ADA.person, "daily")).toEqual({ ...again, key: core.key });
      expect(await store.mapping.dropCores(NOW + 9_000, 9)).toBe(0);
      expect(await store.mapping.dropCores(NOW + 9_001, 9)).toBe(1);
      expect(await store.mapping.coreOf(core.key)).toBeUndefined();
      const { rows } = await store.changes("default", 0, 9);
      expect(rows.at(-1)).toMatchObject({ kind: "core", key: core.key, tombstone: true });

      const suggestions = [aSuggestion(store), aSuggestion(store, { persona: null, createdAt: NOW + 1 })];
      expect(await store.mapping.saveSuggestions(suggestions, { since: 0 })).toEqual({ status: "written" });
      expect(await store.mapping.suggestion(suggestions[1]?.key ?? 0)).toEqual(suggestions[1]);
      expect(await store.mapping.dropSuggestions(NOW + 1, 9)).toBe(1);
      expect(await store.mapping.suggestion(suggestions[0]?.key ?? 0)).toBeUndefined();
    });
  });

  describe("feedback", () => {
    it("is one when it is sent twice, and not more than its quota", async () => {
      const store = await opened();
      const quota = { since: NOW, until: NOW + 10, limit: 2 };
      const send = (row = aFeedback(store), over = {}) =>
        appendAlong(store, { feedback: { row: { ...row, ...over }, quota } });
      const first = aFeedback(store, { helpful: null, rating: 4, rule: null, context: '{"a":1}' });
      expect(await send(aFeedback(store, { createdAt: NOW - 1 }))).toMatchObject({ status: "appended" });
      expect(await send(aFeedback(store, { createdAt: NOW + 10 }))).toMatchObject({ status: "appended" });
      expect(await send(first)).toMatchObject({ status: "appended", repeated: [] });
      // Two at once: only one is the last that fits.
      const two = await Promise.all([send(), send()]);
      expect(two.map(({ status }) => status)).toEqual(["appended", "over_quota"]);
      expect(await send(first, { key: first.key + 99 })).toEqual({ status: "repeated" });
      expect(await send(first, { fingerprint: "g" })).toEqual({ status: "along_conflict", index: 0 });
      expect(await send(aFeedback(store, BOB))).toMatchObject({ status: "appended" });
      expect(await store.mapping.feedback("default", ADA.person, first.id)).toEqual(first);
      expect(await store.mapping.pendingFeedback({ tenant: "default", mapper: "daily", limit: 9 })).toHaveLength(5);
    });

    it("is applied once, with all that follows from it or nothing", async () => {
      const store = await opened();
      const row = aFeedback(store);
      await appendAlong(store, { feedback: { row } });
      const weight = aWeight(store);
      const change = {
        tenant: "default",
        mapper: "daily",
        rule: "deep-work",
        from: 1,
        to: 1.1,
        reason: "helpful",
        at: NOW,
      };
      const log = [{ ...change, key: store.allocate("mapping"), feedback: row.key }];
      const personal = [{ ...ADA, mapper: "daily", rule: "deep-work", factor: 1.5, version: 1, updatedAt: NOW }];
      const mindscape = aMindscape(store);
      const adjustment = {
        feedback: [row.key],
        weights: [weight],
        log,
        personal,
        mindscapes: [aChange(mindscape)],
        at: NOW,
      };

      const wrong = { ...adjustment, mindscapes: [aChange({ ...mindscape, version: 2 })] };
      expect(await store.mapping.adjust(wrong)).toEqual({ status: "stale" });
      expect(await store.mapping.weights("default", "daily")).toEqual([]);
      expect(await store.mapping.adjust(adjustment)).toEqual({ status: "adjusted", rev: store.rev, stale: [] });
      expect(await store.mapping.adjust(adjustment)).toEqual({ status: "stale" });

      expect(await store.mapping.weights("default", "daily")).toEqual([weight]);
      expect(await store.mapping.weightLog({ tenant: "default", mapper: "daily", limit: 9 })).toEqual(log);
      expect(await store.mapping.personalWeights("default", ADA.person, "daily")).toEqual(personal);
      expect(await store.mapping.mindscape("default", ADA.person)).toEqual(mindscape);
      expect(await store.mapping.pendingFeedback({ tenant: "default", mapper: "daily", limit: 9 })).toEqual([]);
      expect(await store.mapping.feedback("default", ADA.person, row.id)).toEqual({ ...row, appliedAt: NOW });
    });

    it("loses no second adjustment, of however many at once", async () => {
      const store = await opened();
      const first = aWeight(store, { weight: 0 });
      const none = { feedback: [], log: [], personal: [], mindscapes: [], at: NOW };
      await store.mapping.adjust({ ...none, weights: [first] });
      const add = async () => {
        for (;;) {
          const [row] = await store.mapping.weights("default", "daily");
          if (row === undefined) throw new Error("it was written");
          const next = { ...row, weight: row.weight + 1, version: row.version + 1 };
          if ((await store.mapping.adjust({ ...none, weights: [next] })).status === "adjusted") return;
        }
      };
      await Promise.all(Array.from({ length: 8 }, add));
      expect(await store.mapping.weights("default", "daily")).toEqual([{ ...first, weight: 8, version: 9 }]);
    });

    it("is summed by mapper, rule and type, within what is asked for", async () => {
      const store = await opened();
      const rows = [
        aFeedback(store, { rating: 5 }),
        aFeedback(store, { helpful: 0, rating: 2, createdAt: NOW + 5 }),
        aFeedback(store, { ...BOB, helpful: 0 }),
        aFeedback(store, { rule: null, helpful: null, rating: 1 }),
        aFeedback(store, { mapper: "other" }),
      ];
      for (const row of rows) await appendAlong(store, { feedback: { row } });
      const daily = { tenant: "default", mapper: "daily" };
      const sum = { mapper: "daily", type: "task" };
      expect(await store.mapping.feedbackSums(daily)).toEqual([
        { ...sum, rule: null, count: 1, helpful: 0, unhelpful: 0, rated: 1, ratings: 1 },
        { ...sum, rule: "deep-work", count: 3, helpful: 1, unhelpful: 2, rated: 2, ratings: 7 },
      ]);
      const rule = { ...daily, rule: "deep-work" };
      expect(await store.mapping.feedbackSums({ ...rule, from: NOW + 5, to: NOW + 6 })).toMatchObject([{ count: 1 }]);
      expect(await store.mapping.feedbackSums({ ...rule, person: BOB.person })).toMatchObject([{ unhelpful: 1 }]);
      expect(await store.mapping.feedbackSums({ ...rule, after: rows[0]?.key })).toMatchObject([{ count: 2 }]);
      expect(await store.mapping.feedbackSums({ ...rule, applied: true })).toEqual([]);
      expect(await store.mapping.feedbackSums({ ...rule, applied: false })).toMatchObject([{ count: 3 }]);
      expect(await store.mapping.feedbackSums({ tenant: "default" })).toHaveLength(3);
    });
  });

  describe("narratives", () => {
    const told = async (store: Store, texts: readonly string[], over: Partial<NarrativeRow> = {}) => {
      for (const text of texts) await store.mapping.addNarrative(aNarrative(store, { text, ...over }));
    };

    it("are given back as they were, oldest first", async () => {
      const store = await opened();
      const rows = [
        aNarrative(store, { text: "Nul\0 👋🏽", metadata: '{"a":1}' }),
        aNarrative(store, { type: "curation" }),
      ];
      for (const row of rows) await store.mapping.addNarrative(row);
      await told(store, ["Bob's"], BOB);
      expect(await store.mapping.narratives({ ...ADA, limit: 9 })).toEqual(rows);
      expect(await store.mapping.narratives({ ...ADA, limit: 9, types: ["curation"] })).toEqual([rows[1]]);
      expect(await store.mapping.narratives({ ...ADA, limit: 9, types: [] })).toEqual([]);
      expect(await store.mapping.narratives({ ...ADA, limit: 9, after: rows[0]?.key })).toEqual([rows[1]]);
      expect(await store.mapping.narrativeOf(rows[0]?.key ?? 0)).toEqual(rows[0]);
    });

    it("are found by any of the words, or by how they begin, whatever the case and the accents", async () => {
      const store = await opened();
      const texts = [
        "Éarly mornings work",
        "early-bird, 07:30",
        "NIGHT owl; don't DELETE OR NEAR",
        "朝は静か",
        "e",
        "x1e5 3.14",
      ];
      await told(store, texts);
      await told(store, ["early, but of Bob"], BOB);
      await told(store, ["early, but curated"], { type: "curation" });
      const search = async (query: string, types?: NarrativeRow["type"][]) => {
        const found = await store.mapping.searchNarratives({ ...ADA, words: wordsOf(query), types, limit: 9 });
        return found.map(({ text }) => texts.indexOf(text)).sort();
      };
      expect(await search("early", ["self_observation"])).toEqual([0, 1]);
      expect(await search("EAR", ["self_observation"])).toEqual([0, 1]);
      expect(await search("ea", ["self_observation"])).toEqual([]);
      expect(await search("e")).toEqual([4]);
      expect(await search("owl morning")).toEqual([0, 2]);
      expect(await search("30")).toEqual([1]);
      expect(await search("静")).toEqual([3]);
      expect(await search("1e5 14")).toEqual([5]);
      expect(await search("early", ["curation"])).toEqual([-1]);
      expect(await search("arly")).toEqual([]);
      // Words of the index's own language are words.
      for (const query of [
        'night" OR "x',
        "words : owl",
        "NOT owl",
        "owl*",
        "^owl",
        "(owl",
        "owl'):* | 'x",
        "NEAR(owl x)",
      ])
        expect(await search(query)).toContain(2);
      expect(await search("\"* | :* \\ '")).toEqual([]);
      expect(await store.mapping.searchNarratives({ ...ADA, words: ["early"], limit: 1 })).toHaveLength(1);
    });

    it("keep what models make of them, bit by bit", async () => {
      const store = await opened();
      await told(store, ["a", "b"]);
      await told(store, ["c"], BOB);
      const [a, b, c] = await store.mapping.unembedded("m", 0, 9);
      if (!a || !b || !c) throw new Error("three were told");
      const vector = Float32Array.from([0.1, -0, Number.MAX_VALUE, 1e-42]);
      await store.mapping.saveEmbedding(a.key, "m", vector);
      await store.mapping.saveEmbedding(
        a.key,
        "m",
        vector.map((value) => value * 2),
      );
      await store.mapping.saveEmbedding(b.key, "other", vector);
      await store.mapping.saveEmbedding(b.key + 1_000, "m", vector);
      const page = { ...ADA, model: "m", limit: 9 };
      expect(await store.mapping.embeddings(page)).toEqual([{ key: a.key, vector: vector.map((value) => value * 2) }]);
      expect(await store.mapping.embeddings({ ...page, types: ["curation"] })).toEqual([]);
      expect((await store.mapping.unembedded("m", 0, 9)).map(({ key }) => key)).toEqual([b.key, c.key]);
      expect(await store.mapping.unembedded("m", b.key, 9)).toEqual([c]);
    });
  });

  describe("the erasure of a person", () => {
    /** Something of a person in every table. */
    async function filled(store: Store, of: typeof ADA | typeof BOB) {
      const observation = anObservation(store, of);
      const feedback = aFeedback(store, of);
      const { message, items } = withItems(store, 1, { conversation: store.allocate("conversation") });
      const subject = {
        conversation: message.conversation,
        tenant: of.tenant,
        agent: "mindscaper",
        subject: of.person,
      };
      await store.append({ message, items, along: { observations: [observation], subject } });
      await appendAlong(store, { observations: [anObservation(store, of)] });
      await appendAlong(store, { feedback: { row: feedback } });
      const mindscape = aMindscape(store, of);
      await store.mapping.saveMindscape(aChange(mindscape, { digested: [observation.key] }));
      const core = aCore(store, of);
      await store.mapping.saveCore(core, { since: core.key });
      const suggestion = aSuggestion(store, of);
      await store.mapping.saveSuggestions([suggestion], { since: suggestion.key });
      const narrative = aNarrative(store, of);
      await store.mapping.addNarrative(narrative);
      await store.mapping.saveEmbedding(narrative.key, "m", Float32Array.of(1));
      const personal = [{ ...of, mapper: "daily", rule: "deep-work", factor: 1.5, version: 1, updatedAt: NOW }];
      const log = [
        {
          key: store.allocate("mapping"),
          ...{ tenant: "default", mapper: "daily", rule: "deep-work", from: 1, to: 2, reason: "helpful" },
          feedback: feedback.key,
          at: NOW,
        },
      ];
      await store.mapping.adjust({ feedback: [], weights: [], log, personal, mindscapes: [], at: NOW });
      return { observation, mindscape, core, suggestion, narrative, feedback, message };
    }

    const erase = (store: Store, { tenant, person }: typeof ADA | typeof BOB) =>
      store.mapping.erasePerson(
        { key: store.allocate("mapping"), tenant, hash: personHash(tenant, person, store.salt), at: NOW },
        person,
      );

    const everything = async (store: Store, of: typeof ADA | typeof BOB, rows: Awaited<ReturnType<typeof filled>>) => ({
      observations: await store.mapping.observations({ ...of, limit: 9 }),
      pending: await store.mapping.pendingObservations({ ...of, limit: 9 }),
      mindscape: await store.mapping.mindscape(of.tenant, of.person),
      history: await store.mapping.mindscapeHistory({ ...of, limit: 9 }),
      core: await store.mapping.coreOf(rows.core.key),
      suggestion: await store.mapping.suggestion(rows.suggestion.key),
      feedback: await store.mapping.feedback(of.tenant, of.person, rows.feedback.id),
      personal: await store.mapping.personalWeights(of.tenant, of.person, "daily"),
      narratives: await store.mapping.narratives({ ...of, limit: 9 }),
      found: await store.mapping.searchNarratives({ ...of, words: ["morning"], limit: 9 }),
      embeddings: await store.mapping.embeddings({ ...of, model: "m", limit: 9 }),
      subject: await store.mapping.subjectNamed(of.tenant, "mindscaper", of.person),
    });

    it("leaves nothing of it, everything of others, tombstones, and that it happened", async () => {
      const store = await opened();
      const ada = await filled(store, ADA);
      const bob = await filled(store, BOB);
      const bobs = await everything(store, BOB, bob);
      for (const [what, value] of Object.entries(bobs)) expect(value, what).toBeTruthy();
      expect(bobs.found).toHaveLength(1);
      const before = store.rev;

      expect(await erase(store, ADA)).toEqual({ rows: 13, rev: before + 3 });
      const gone = {
        observations: [],
        pending: [],
        history: [],
        personal: [],
        narratives: [],
        found: [],
        embeddings: [],
      };
      expect(await everything(store, ADA, ada)).toEqual(gone);
      expect(await everything(store, BOB, bob)).toEqual(bobs);
      const { rows } = await store.changes("default", before, 9);
      expect(rows.map(({ kind, key, tombstone }) => ({ kind, key, tombstone }))).toEqual([
        { kind: "mindscape", key: ada.mindscape.key, tombstone: true },
        { kind: "core", key: ada.core.key, tombstone: true },
        { kind: "narrative", key: ada.narrative.key, tombstone: true },
      ]);
      const log = await store.mapping.weightLog({ tenant: "default", mapper: "daily", limit: 9 });
      expect(log.map(({ feedback }) => feedback)).toEqual([bob.feedback.key, null]);
      expect((await store.mapping.pendingFeedback({ tenant: "default", mapper: "daily", limit: 9 })).length).toBe(1);
      const hash = personHash("default", ADA.person, store.salt);
      expect(await store.mapping.erasures("default", hash)).toMatchObject([{ rows: 13, at: NOW }]);
      expect(hash).not.toContain("ada");
      expect(await store.message(ada.message.key)).toEqual(ada.message);

      expect(await erase(store, ADA)).toEqual({ rows: 0, rev: undefined });
      expect(await store.mapping.erasures("default", hash)).toHaveLength(2);
    });

    it("is not undone by what was read before it, and does not keep the person from coming again", async () => {
      const store = await opened();
      const since = store.allocate("mapping");
      const ada = await filled(store, ADA);
      const pending = await store.mapping.pendingObservations({ ...ADA, limit: 9 });
      await erase(store, ADA);
      const erased = { status: "erased" };
      const row = { ...ada.mindscape, version: 1 };
      const digested = pending.map(({ key }) => key);
      const change = aChange(row, { digested, since });
      expect(await store.mapping.saveMindscape(change)).toEqual(erased);
      expect(await store.mapping.saveMindscape({ ...change, digested: [] })).toEqual(erased);
      expect(await store.mapping.saveCore(ada.core, { since })).toEqual(erased);
      expect(await store.mapping.saveSuggestions([ada.suggestion], { since })).toEqual(erased);
      const none = { feedback: [], weights: [], log: [], personal: [], at: NOW };
      expect(await store.mapping.adjust({ ...none, mindscapes: [change] })).toEqual(erased);
      expect(await store.mapping.mindscape("default", ADA.person)).toBeUndefined();

      const [observation] = await observed(store);
      const fresh = aMindscape(store);
      const again = aChange(fresh, { digested: [observation?.key ?? 0] });
      expect(await store.mapping.saveMindscape(again)).toMatchObject({ status: "saved" });
    });
  });
}
