/** How mindscapes are read and curated; part of the suite in `learns.ts`. */
import { describe, expect, it } from "vitest";
import { valueAt } from "../../../src/mapping/trait.ts";
import {
  ANA,
  BEN,
  disturbed,
  FRIDAY,
  MINUTE,
  type OpenStore,
  openStudy,
  over,
  record,
  refused,
  session,
  TENANT,
  traitsOf,
} from "../study.ts";

export function keepsMindscapes(open: OpenStore): void {
  describe("a mindscape", () => {
    it("is not there before anything is known", async () => {
      const { mindscapes } = await openStudy(open);
      expect(await mindscapes.read(TENANT, ANA)).toBeUndefined();
      await expect(mindscapes.get(TENANT, ANA)).rejects.toEqual(refused("mindscape_not_found"));
      await expect(mindscapes.history(TENANT, ANA, { limit: 1 })).rejects.toEqual(refused("mindscape_not_found"));
    });

    it("tells its history around a line that is damaged, which says so", async () => {
      const study = await openStudy(open);
      for (const value of [1, 2]) await study.mindscapes.curate(TENANT, ANA, { traits: { mood: { value } } }, ANA);
      const { mapping } = study.store;
      const mindscapeHistory: typeof mapping.mindscapeHistory = async (page) =>
        (await mapping.mindscapeHistory(page)).map((row) => (row.version === 1 ? { ...row, changes: "[" } : row));
      const damaged = over(disturbed(study.store, { mindscapeHistory }), study.clock);
      const [second, first] = await damaged.mindscapes.history(TENANT, ANA, { limit: 9 });
      expect(second).toMatchObject({ version: 2, changes: { mood: { after: { value: 2 } } } });
      expect(first).toEqual({ version: 1, cause: "curation", by: ANA, at: FRIDAY, changes: {}, damaged: true });
    });

    it("keeps what a person says of itself, until it is taken back", async () => {
      const study = await openStudy(open);
      const path = "work.focus_duration";
      const curate = (said: object | null) =>
        study.mindscapes.curate(TENANT, ANA, { traits: { [path]: said }, reason: "I know" }, BEN);
      await curate({ value: 20 });
      await record(study, session("o1"));
      await study.digest();
      expect((await traitsOf(study))[path]).toMatchObject({
        ...{ value: 20, confidence: 1, sample_size: 0, sources: ["curation"] },
        curated: { by: BEN, at: FRIDAY, reason: "I know" },
      });
      expect(valueAt(await traitsOf(study), `${path}.p90`)).toBeUndefined();
      await curate(null);
      expect(await traitsOf(study)).not.toHaveProperty([path]);
      await record(study, session("o2"));
      await study.digest();
      expect((await traitsOf(study))[path]).toMatchObject({ value: 60, sample_size: 1 });
    });

    it("has a history of what changed, by whom and why, newest first", async () => {
      const study = await openStudy(open);
      const curate = (value: unknown) => study.mindscapes.curate(TENANT, ANA, { traits: { mood: { value } } }, BEN);
      await record(study, session("o1"));
      await study.digest();
      study.clock.advance(MINUTE);
      await curate("good");
      await curate("bad");
      await curate("bad");
      const history = await study.mindscapes.history(TENANT, ANA, { limit: 10 });
      expect(history.map(({ version, cause, by, at }) => [version, cause, by, at])).toEqual([
        [3, "curation", BEN, FRIDAY + MINUTE],
        [2, "curation", BEN, FRIDAY + MINUTE],
        [1, "digest", "mindscaper", FRIDAY],
      ]);
      expect(history[0]?.changes).toEqual({
        mood: { before: expect.objectContaining({ value: "good" }), after: expect.objectContaining({ value: "bad" }) },
      });
      expect(history[2]?.changes["work.focus_duration"]).toMatchObject({ before: null, after: { value: 60 } });
      expect((await study.mindscapes.history(TENANT, ANA, { before: 3, limit: 1 }))[0]?.version).toBe(2);
    });

    it("is changed by who has read it", async () => {
      const { mindscapes } = await openStudy(open);
      const curate = (value: number, ifVersion?: number | "any" | "none") =>
        mindscapes.curate(TENANT, ANA, { traits: { mood: { value } } }, BEN, { ifVersion });
      await expect(curate(1, 1)).rejects.toEqual(refused("mindscape_not_found"));
      await expect(curate(1, "any")).rejects.toEqual(refused("version_conflict"));
      expect(await curate(1, "none")).toMatchObject({ version: 1 });
      await expect(curate(2, "none")).rejects.toEqual(refused("version_conflict"));
      expect(await curate(2, 1)).toMatchObject({ version: 2 });
      await expect(curate(3, 1)).rejects.toEqual(refused("version_conflict"));
      expect(await curate(3, "any")).toMatchObject({ version: 3 });
      const both = await Promise.allSettled([curate(4, 3), curate(5, 3)]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      expect(await curate(6)).toMatchObject({ version: 5 });
    });

    it("takes no path, value or zone that is none", async () => {
      const { mindscapes } = await openStudy(open);
      const curate = (input: unknown) => mindscapes.curate(TENANT, ANA, input, BEN);
      const invalid = (...fields: readonly string[]) => refused("invalid_input", ...fields);
      await expect(curate({ traits: {} })).rejects.toEqual(invalid("traits"));
      await expect(curate({ traits: { "a..b": { value: 1 } } })).rejects.toEqual(invalid("traits.a..b"));
      await expect(curate({ traits: { "a..b": { value: 1 } } })).rejects.toThrow("must be names of letters");
      await expect(curate({ traits: { a: { value: Number.NaN } } })).rejects.toEqual(invalid("traits.a.value"));
      await expect(curate({ traits: { a: { value: 1, confidence: 2 } } })).rejects.toEqual(
        invalid("traits.a.confidence"),
      );
      await expect(curate({ traits: { a: {} } })).rejects.toEqual(invalid("traits.a.value"));
      const zone = { traits: { "profile.timezone": { value: "Mars/Olympus" } } };
      await expect(curate(zone)).rejects.toEqual(invalid("traits.profile.timezone.value"));
      expect(await mindscapes.read(TENANT, ANA)).toBeUndefined();
    });
  });
}
