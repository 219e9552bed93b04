/** How observations become traits; part of the suite in `learns.ts`. */
import { describe, expect, it } from "vitest";
import type { Extractor } from "../../../src/mapping/extractors/extractor.ts";
import { valueAt } from "../../../src/mapping/trait.ts";
import {
  ANA,
  BEN,
  disturbed,
  FRIDAY,
  type OpenStore,
  openStudy,
  over,
  record,
  refused,
  session,
  TENANT,
  traitsOf,
} from "../study.ts";

export function digestsObservations(open: OpenStore): void {
  describe("the Mindscaper", () => {
    it("makes one mindscape of many observations in one write, in the one shape that rules read (of the earlier system: two)", async () => {
      const study = await openStudy(open);
      for (let n = 0; n < 5; n += 1) await record(study, session(`o${n}`));
      expect(study.asked).toEqual(Array(5).fill(`mindscaper ${ANA}`));
      expect(await study.digest()).toBe("Digested 5 observations.");
      expect(await study.digest()).toBe("There was nothing new.");
      expect(await study.mindscapes.get(TENANT, ANA)).toMatchObject({ version: 1, updated_at: FRIDAY });
      const traits = await traitsOf(study);
      expect(valueAt(traits, "work.energy_patterns.morning")).toBe("high");
      expect(valueAt(traits, "work.focus_duration.p90")).toBe(60);
      expect(valueAt(traits, "work.task_switching_cost")).toBe("low");
      const sources = ["work_session@1"];
      expect(traits["work.focus_duration"]).toEqual({
        ...{ value: 60, confidence: 0.9, sample_size: 5, volatility: "low", updated_at: FRIDAY, sources },
      });
    });

    it("tells who listens which traits say something else, and the events which revision that was", async () => {
      const study = await openStudy(open);
      const heard: object[] = [];
      const stop = study.mindscapes.onChange(({ version, changed, traits }) =>
        heard.push({ version, changed, n: Object.keys(traits).length }),
      );
      await record(study, session("o1"));
      await study.digest();
      expect(heard).toEqual([{ version: 1, changed: expect.arrayContaining(["work.focus_duration.p90"]), n: 6 }]);
      await record(study, session("o2"));
      await study.digest();
      // A further sample that says the same is no change.
      expect(heard[1]).toEqual({ version: 2, changed: [], n: 6 });
      expect(study.revs).toHaveLength(2);
      stop();
      await record(study, session("o3"));
      await study.digest();
      expect(heard).toHaveLength(2);
    });

    it("reads the hours of the day where the person is", async () => {
      const study = await openStudy(open);
      const traits = { "profile.timezone": { value: "America/New_York" } };
      await study.mindscapes.curate(TENANT, ANA, { traits }, ANA);
      await record(study, session("o1"));
      await study.digest();
      expect(valueAt(await traitsOf(study), "work.peak_hours")).toEqual(["03:00-04:00"]);
    });

    it("applies an observation once, though two digests take it at the same time", async () => {
      const study = await openStudy(open);
      for (let n = 0; n < 6; n += 1) await record(study, session(`o${n}`));
      const runs = await Promise.all([study.digest(), study.digest(), over(study.store, study.clock).digest()]);
      expect(runs.toSorted()).toEqual(["Digested 6 observations.", "There was nothing new.", "There was nothing new."]);
      expect((await traitsOf(study))["work.focus_duration"]?.sample_size).toBe(6);
    });

    it("reads again what somebody has changed meanwhile (of the earlier system: optimistic locking nobody compared)", async () => {
      const study = await openStudy(open);
      await record(study, session("o1"));
      let curations = 0;
      const store = disturbed(study.store, {
        async saveMindscape(change) {
          if (change.digested.length > 0 && curations < 3) {
            curations += 1;
            await study.mindscapes.curate(
              TENANT,
              ANA,
              { traits: { [`note.${curations}`]: { value: curations } } },
              BEN,
            );
          }
          return study.store.mapping.saveMindscape(change);
        },
      });
      await over(store, study.clock).digest();
      const { version, traits } = await study.mindscapes.get(TENANT, ANA);
      expect(version).toBe(4);
      expect([1, 2, 3].map((n) => valueAt(traits, `note.${n}`))).toEqual([1, 2, 3]);
      expect(traits["work.focus_duration"]).toMatchObject({ value: 60, sample_size: 1 });
    });

    it("gives up loudly when it never gets its turn, and has written nothing", async () => {
      const study = await openStudy(open);
      await record(study, session("o1"));
      let attempts = 0;
      const store = disturbed(study.store, {
        async saveMindscape() {
          attempts += 1;
          return { status: "stale" };
        },
      });
      await expect(over(store, study.clock).digest()).rejects.toEqual(refused("mindscape_contended"));
      expect(attempts).toBe(8);
      expect(await study.mindscapes.read(TENANT, ANA)).toBeUndefined();
      expect(await study.digest()).toBe("Digested 1 observation.");
    });

    it.each(["mindscape", "pendingObservations", "saveMindscape"] as const)(
      "loses nothing and repeats nothing when the store fails at %s, before or after",
      async (name) => {
        const study = await openStudy(open);
        await record(study, session("o1"));
        const real = study.store.mapping[name].bind(study.store.mapping) as (...args: unknown[]) => Promise<unknown>;
        for (const isDone of [false, true]) {
          const fail = async (...args: unknown[]) => {
            if (isDone) await real(...args);
            throw new Error("the disk is gone");
          };
          const { digest } = over(disturbed(study.store, { [name]: fail }), study.clock);
          await expect(digest()).rejects.toThrow("the disk is gone");
        }
        await study.digest();
        expect((await traitsOf(study))["work.focus_duration"]).toMatchObject({ value: 60, sample_size: 1 });
      },
    );

    it("lets a surprise hold up no other observation, and takes it later (of the earlier system: the worker died on it)", async () => {
      let works = false;
      const fragile: Extractor = {
        ...{ name: "fragile", version: 1, types: ["work_session"] },
        extract({ id }) {
          if (id === "o2" && !works) throw new Error("surprise");
          return [{ kind: "value", path: "fragile", value: [id], confidence: 1, volatility: "low" }];
        },
      };
      const study = await openStudy(open, [fragile]);
      for (const id of ["o1", "o2", "o3"]) await record(study, session(id));
      await expect(study.digest()).rejects.toEqual(refused("extractor_failed"));
      expect((await traitsOf(study))["fragile"]?.value).toEqual(["o1", "o3"]);
      await expect(study.digest()).rejects.toThrow(/^1 observation stays pending: fragile: surprise$/);
      works = true;
      expect(await study.digest()).toBe("Digested 1 observation.");
      expect((await traitsOf(study))["fragile"]?.value).toEqual(["o1", "o3", "o2"]);
    });

    it("lets an observation that is damaged hold up no other, and repeats nothing of it", async () => {
      const study = await openStudy(open);
      await record(study, [session("o1"), session("o2")]);
      const store = disturbed(study.store, {
        pendingObservations: async (page) =>
          (await study.store.mapping.pendingObservations(page)).map((row) =>
            row.id === "o1" ? { ...row, content: "canary" } : row,
          ),
      });
      const failure = await over(store, study.clock)
        .digest()
        .catch((error: Error) => error.message);
      expect(failure).toBe("1 observation stays pending: what is stored cannot be read");
      expect((await traitsOf(study))["work.focus_duration"]?.sample_size).toBe(1);
    });

    it("believes no extractor that says what no trait can be", async () => {
      const wild: Extractor = {
        ...{ name: "wild", version: 1, types: ["work_session"] },
        extract: () => [{ kind: "value", path: "a..b", value: Number.NaN, confidence: 2, volatility: "low" }],
      };
      const study = await openStudy(open, [wild]);
      await record(study, session("o1"));
      await expect(study.digest()).rejects.toThrow(/path.*confidence.*value/);
      expect(await study.mindscapes.read(TENANT, ANA)).toBeUndefined();
    });

    it("digests more than one write takes, each of it once", async () => {
      const study = await openStudy(open);
      const all = Array.from({ length: 250 }, (_, n) => session(`o${n}`, { duration_minutes: 1 + (n % 100) }));
      for (let n = 0; n < 250; n += 50) await record(study, all.slice(n, n + 50));
      expect(await study.digest()).toBe("Digested 250 observations.");
      expect(await study.mindscapes.get(TENANT, ANA)).toMatchObject({ version: 2 });
      expect((await traitsOf(study))["work.focus_duration"]).toMatchObject({ sample_size: 250 });
    });

    it("leaves a mindscape alone that it cannot read", async () => {
      const study = await openStudy(open);
      await record(study, session("o1"));
      const row = { key: 5, tenant: TENANT, person: ANA, version: 1, state: "{}", createdAt: 1, updatedAt: 1 };
      const store = disturbed(study.store, { mindscape: async () => ({ ...row, traits: '{"a": {"value": 1}}' }) });
      await expect(over(store, study.clock).digest()).rejects.toEqual(refused("mindscape_damaged"));
      expect(await study.digest()).toBe("Digested 1 observation.");
    });
  });
}
