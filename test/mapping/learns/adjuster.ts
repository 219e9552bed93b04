/** What feedback does; part of the suite in `learns.ts`. */
import { describe, expect, it } from "vitest";
import { learningSchema } from "../../../src/mapping/learning/settings.ts";
import {
  ANA,
  BEN,
  DAY,
  disturbed,
  HOUR,
  type OpenStore,
  openStudy,
  over,
  record,
  type Study,
  say,
  session,
  suggest,
  TENANT,
  teach,
  traitsOf,
  weightOf,
} from "../study.ts";

export function appliesFeedback(open: OpenStore): void {
  describe("the Configuration Adjuster", () => {
    const unhelpful = { helpful: false };

    it("lowers by a fifth once five were unhelpful within a week, and not again before five more", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion = await suggest(study.store);
      const weights: unknown[] = [];
      for (let n = 0; n < 11; n += 1) {
        await say(study, suggestion, `f${n}`, unhelpful);
        await study.adjust("coach");
        weights.push(await weightOf(study));
        study.clock.advance(4 * HOUR);
      }
      expect(weights).toEqual([1, 1, 1, 1, 0.8, 0.8, 0.8, 0.8, 0.8, 0.64, 0.64]);
    });

    it("counts the same when all of it waits for one write", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion = await suggest(study.store);
      for (let n = 0; n < 10; n += 1) await say(study, suggestion, `f${n}`, unhelpful);
      expect(await study.adjust("coach")).toBe("Applied 10 pieces of feedback.");
      expect(await weightOf(study)).toBe(0.64);
      expect(await study.store.mapping.weightLog({ tenant: TENANT, mapper: "coach", limit: 10 })).toHaveLength(2);
    });

    it("counts neither what is older than a week, nor what is on another rule or mapper", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const [deep, rest] = [await suggest(study.store), await suggest(study.store, "rest")];
      for (let n = 0; n < 4; n += 1) await say(study, deep, `a${n}`, unhelpful);
      for (let n = 0; n < 4; n += 1) await say(study, rest, `b${n}`, unhelpful);
      await study.adjust("coach");
      study.clock.advance(7 * DAY);
      await say(study, deep, "c", unhelpful);
      await study.adjust("coach");
      expect([await weightOf(study), await weightOf(study, "rest")]).toEqual([1, 1]);
    });

    it("loses no adjustment, whoever makes them at once (of the earlier system: a second adjustment was lost)", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion = await suggest(study.store);
      const others = [study, over(study.store, study.clock), over(study.store, study.clock)];
      for (let n = 0; n < 3; n += 1) await say(study, suggestion, `f${n}`);
      await Promise.all(others.map(({ adjust }) => adjust("coach")));
      await say(study, suggestion, "f3");
      await study.adjust("coach");
      expect(await weightOf(study)).toBeCloseTo(1.1 ** 4, 5);
      const [row] = await study.store.mapping.weights(TENANT, "coach");
      expect(row).toMatchObject({ base: 1, direction: 1, reason: "helpful" });
    });

    it.each(["pendingFeedback", "weights", "adjust"] as const)(
      "applies each feedback once when the store fails at %s, before or after",
      async (name) => {
        const study = await openStudy(open);
        await teach(study.store);
        await say(study, await suggest(study.store), "f1");
        const real = study.store.mapping[name].bind(study.store.mapping) as (...args: unknown[]) => Promise<unknown>;
        for (const isDone of [false, true]) {
          const fail = async (...args: unknown[]) => {
            if (isDone) await real(...args);
            throw new Error("the disk is gone");
          };
          const { adjust } = over(disturbed(study.store, { [name]: fail }), study.clock);
          await expect(adjust("coach")).rejects.toThrow("the disk is gone");
        }
        await study.adjust("coach");
        expect(await weightOf(study)).toBe(1.1);
      },
    );

    it("goes by the author's settings", async () => {
      const study = await openStudy(open);
      const settings = {
        positive_adjustment: 0.15,
        max_weight: 1.2,
        negative_threshold: 1,
        negative_adjustment: -0.5,
        cooldown_hours: 0,
      };
      await teach(study.store, settings);
      const suggestion = await suggest(study.store);
      const weightAfter = async (id: string, said: object) => {
        await say(study, suggestion, id, said);
        await study.adjust("coach");
        return weightOf(study);
      };
      expect([await weightAfter("a", { helpful: true }), await weightAfter("b", { rating: 5 })]).toEqual([1.15, 1.2]);
      expect(await weightAfter("c", { rating: 3 })).toBe(1.2);
      expect(await weightAfter("d", unhelpful)).toBe(0.6);
    });

    it("begins anew where the author has given a rule another weight", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion = await suggest(study.store);
      await say(study, suggestion, "f1");
      await study.adjust("coach");
      const document = JSON.stringify({ rules: [{ id: "deep", weight: 0.5 }] });
      await teach(study.store, {}, { version: 2, document });
      expect(await study.weights.of(TENANT, "coach", { deep: 0.5 })).toEqual({ deep: 0.5 });
      await say(study, suggestion, "f2");
      await study.adjust("coach");
      expect(await study.weights.of(TENANT, "coach", { deep: 0.5 })).toEqual({ deep: 0.55 });
    });

    it("moves the confidence of the traits behind a type of suggestions, and of no others", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      await record(study, session("o1"));
      await study.digest();
      const told: unknown[] = [];
      study.mindscapes.onChange(({ changed }) => told.push(changed));
      const record_ = (id: string, said: object) =>
        study.feedbacks.record(TENANT, { id, mapper_id: "coach", suggestion_type: "focus", ...said }, { person: ANA });
      await record_("f1", unhelpful);
      await record_("f2", unhelpful);
      await study.adjust("coach");
      const traits = await traitsOf(study);
      expect(traits["work.focus_duration"]).toMatchObject({
        value: 60,
        confidence: 0.576,
        sample_size: 1,
        sources: ["work_session@1", "feedback"],
      });
      expect(traits["work.peak_hours"]).toMatchObject({ confidence: 0.7, sources: ["work_session@1"] });
      expect(traits).not.toHaveProperty(["work.unknown"]);
      expect(told).toEqual([["work.focus_duration"]]);
      expect((await study.mindscapes.history(TENANT, ANA, { limit: 1 }))[0]).toMatchObject({
        version: 2,
        cause: "feedback",
        by: "adjuster",
      });
      await record_("f3", { helpful: true });
      await study.adjust("coach");
      expect((await traitsOf(study))["work.focus_duration"]?.confidence).toBe(0.634);
    });

    it("hears everybody else where one mindscape is damaged, and says so", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      await record(study, session("o1"));
      await study.digest();
      const { mapping } = study.store;
      const mindscape = async (tenant: string, person: string) => {
        const row = await mapping.mindscape(tenant, person);
        return person === BEN ? { ...row, traits: "{" } : row;
      };
      const calls = { mindscape: mindscape as typeof mapping.mindscape };
      const damaged = over(disturbed(study.store, calls), study.clock);
      for (const person of [BEN, ANA]) {
        const said = { id: "f1", mapper_id: "coach", suggestion_type: "focus", helpful: false };
        await study.feedbacks.record(TENANT, said, { person });
      }
      await say(study, await suggest(study.store), "f2");
      expect(await damaged.adjust("coach")).toBe(
        "Applied 3 pieces of feedback. Of these 1 moved nothing: their mindscapes are damaged.",
      );
      expect((await traitsOf(study))["work.focus_duration"]?.confidence).toBe(0.72);
      expect(await weightOf(study)).toBe(1.1);
      expect(await damaged.adjust("coach")).toBe("There was nothing new.");
    });

    it("moves a factor of the person's own, where the mapper wants that", async () => {
      const study = await openStudy(open);
      await teach(study.store, { personal: true });
      const told: unknown[] = [];
      study.weights.onChange((event) => told.push(event));
      const suggestion = await suggest(study.store);
      for (const id of ["f1", "f2"]) await say(study, suggestion, id, unhelpful);
      await study.adjust("coach");
      expect(await study.weights.personal(TENANT, ANA, "coach")).toEqual({ deep: expect.closeTo(0.64) });
      expect(await study.weights.personal(TENANT, BEN, "coach")).toEqual({});
      expect(await weightOf(study)).toBe(1);
      expect(told).toEqual([
        { tenant: TENANT, mapper: "coach" },
        { tenant: TENANT, mapper: "coach", person: ANA },
      ]);
      await say(study, suggestion, "f3", { helpful: true });
      await study.adjust("coach");
      expect(await study.weights.personal(TENANT, ANA, "coach")).toEqual({ deep: expect.closeTo(0.704) });
    });

    it("draws weights where the mapper samples, the same for the same numbers, and better ones higher", async () => {
      const study = await openStudy(open);
      const authored = { deep: 1, rest: 1 };
      const law = learningSchema.parse({});
      const learning = learningSchema.parse({ strategy: "thompson" });
      expect(await study.weights.draw(TENANT, "coach", authored, law)).toBeUndefined();
      const sampling = JSON.stringify({
        rules: [{ id: "deep" }, { id: "rest" }],
        feedback_settings: { strategy: "thompson" },
      });
      await teach(study.store, {}, { document: sampling });
      const [deep, rest] = [await suggest(study.store), await suggest(study.store, "rest")];
      for (let n = 0; n < 5; n += 1) {
        await say(study, deep, `d${n}`);
        await say(study, rest, `r${n}`, unhelpful);
      }
      await study.adjust("coach");
      const drawn = async (from: Study | ReturnType<typeof over>) => [
        await from.weights.draw(TENANT, "coach", authored, learning),
        await from.weights.draw(TENANT, "coach", authored, learning),
      ];
      const draws = await drawn(over(study.store, study.clock));
      expect(draws).toEqual(await drawn(over(study.store, study.clock)));
      expect(draws[0]).not.toEqual(draws[1]);
      for (const one of draws) expect(one?.["deep"]).toBeGreaterThan(one?.["rest"] ?? 9);
      const held = await study.weights.of(TENANT, "coach", authored);
      expect(held["deep"]).toBeGreaterThan(1.4);
      expect(held["rest"]).toBeLessThan(0.6);
      expect(await study.weights.draw(TENANT, "coach", { ...authored, rest: 0 }, learning)).toMatchObject({ rest: 0 });
    });
  });
}
