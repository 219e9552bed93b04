/** How feedback comes in; part of the suite in `learns.ts`. */
import { describe, expect, it } from "vitest";
import {
  ANA,
  BEN,
  DAY,
  FRIDAY,
  HOUR,
  type OpenStore,
  openStudy,
  over,
  refused,
  say,
  suggest,
  TENANT,
  teach,
  weightOf,
} from "../study.ts";

export function takesFeedback(open: OpenStore): void {
  describe("feedback", () => {
    it("finds its rule by the suggestion's id (of the earlier system: feedback could not reach a rule)", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const { feedback } = await say(study, await suggest(study.store), "f1", { helpful: true, context: { hour: 9 } });
      expect(feedback).toEqual({
        ...{
          id: "f1",
          person_id: ANA,
          mapper_id: "coach",
          mapper_version: 1,
          rule_id: "deep",
          suggestion_type: "focus",
        },
        ...{ helpful: true, context: { hour: 9 }, created_at: FRIDAY },
      });
      expect(study.asked).toEqual(["adjuster coach"]);
      await study.adjust("coach");
      expect([await weightOf(study), await weightOf(study, "rest")]).toEqual([1.1, 1]);
      const log = await study.store.mapping.weightLog({ tenant: TENANT, mapper: "coach", limit: 10 });
      expect(log).toMatchObject([{ rule: "deep", from: 1, to: 1.1, reason: "helpful", at: FRIDAY }]);
      const again = await say(study, await suggest(study.store, "rest"), "f2", { rating: 1 });
      expect(again.feedback).toMatchObject({ helpful: false, rating: 1 });
    });

    it("is one, however often it is sent", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion = await suggest(study.store);
      await say(study, suggestion, "f1");
      await study.adjust("coach");
      const again = await say(study, suggestion, "f1");
      expect(again).toMatchObject({ repeated: true, feedback: { applied_at: FRIDAY } });
      await expect(say(study, suggestion, "f1", { helpful: false })).rejects.toEqual(refused("feedback_conflict"));
      expect(await study.adjust("coach")).toBe("There was nothing new.");
      expect(await weightOf(study)).toBe(1.1);
    });

    it("is another one each time where it has no id", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion_id = await suggest(study.store);
      const give = () => study.feedbacks.record(TENANT, { suggestion_id, helpful: true }, { person: ANA });
      const [first, second] = [await give(), await give()];
      expect([first.repeated, second.repeated]).toEqual([false, false]);
      expect(first.feedback.id).not.toBe(second.feedback.id);
      const again = { id: first.feedback.id, suggestion_id, helpful: true };
      expect(await study.feedbacks.record(TENANT, again, { person: ANA })).toMatchObject({ repeated: true });
      await study.adjust("coach");
      expect(await weightOf(study)).toBe(1.21);
    });

    it("is on something that is the person's own", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const bens = await suggest(study.store, "deep", BEN);
      const nothing = bens.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
      const record = (input: object, speaker = {}) =>
        study.feedbacks.record(TENANT, { id: "f1", helpful: true, ...input }, speaker);
      const own = { person: ANA, only: ANA };
      await expect(record({ suggestion_id: nothing }, own)).rejects.toEqual(refused("suggestion_not_found"));
      await expect(record({ suggestion_id: bens }, own)).rejects.toEqual(refused("suggestion_not_found"));
      await expect(record({ suggestion_id: bens, person_id: ANA })).rejects.toEqual(refused("suggestion_not_found"));
      await expect(record({ core_id: bens }, own)).rejects.toEqual(refused("core_not_found"));
      await expect(record({ mapper_id: "none", suggestion_type: "focus" }, own)).rejects.toEqual(
        refused("mapper_not_found"),
      );
      const foreign = study.feedbacks.record("other", { id: "f1", helpful: true, suggestion_id: bens }, {});
      await expect(foreign).rejects.toEqual(refused("suggestion_not_found"));
      // A program may speak for whoever it was suggested to.
      expect(await record({ suggestion_id: bens })).toMatchObject({ feedback: { person_id: BEN } });
    });

    it("says what it is on, and what it thinks of it", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion_id = await suggest(study.store);
      const faults = (input: object, ...fields: readonly string[]) =>
        expect(study.feedbacks.record(TENANT, { id: "f1", ...input }, { person: ANA })).rejects.toEqual(
          refused("invalid_input", ...fields),
        );
      await faults({ suggestion_id }, "helpful");
      await faults({ suggestion_id, rating: 0 }, "rating");
      await faults({ suggestion_id, rating: 6 }, "rating");
      await faults({ suggestion_id, rating: Number.NaN }, "rating");
      await faults({ helpful: true }, "suggestion_id");
      await faults({ helpful: true, suggestion_id, core_id: "c" }, "suggestion_id");
      await faults({ helpful: true, mapper_id: "coach" }, "suggestion_type");
      await faults({ helpful: true, mapper_id: "coach", suggestion_type: "sleep" }, "suggestion_type");
      await faults({ helpful: "yes", suggestion_id, colour: 1, rule_id: "deep" }, "helpful", "colour", "rule_id");
    });

    it("is enough after ten on a day, until the person's midnight", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      await study.mindscapes.curate(TENANT, ANA, { traits: { "profile.timezone": { value: "Asia/Tokyo" } } }, ANA);
      const suggestion = await suggest(study.store);
      for (let n = 0; n < 10; n += 1) await say(study, suggestion, `f${n}`);
      // It is 18:00 in Tokyo.
      const eleventh = say(study, suggestion, "f10");
      await expect(eleventh).rejects.toMatchObject({ code: "feedback_limit", status: 429, retryAfterMs: 6 * HOUR });
      expect(await say(study, suggestion, "f9")).toMatchObject({ repeated: true });
      expect(await study.store.mapping.feedback(TENANT, ANA, "f10")).toBeUndefined();
      study.clock.advance(6 * HOUR);
      await say(study, suggestion, "f10");
      expect(
        (
          await study.feedbacks.record(
            TENANT,
            { id: "b", helpful: true, suggestion_id: await suggest(study.store, "deep", BEN) },
            {},
          )
        ).repeated,
      ).toBe(false);
    });

    it("counts ten, though eleven come at the same time", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion = await suggest(study.store);
      const all = await Promise.allSettled(Array.from({ length: 11 }, (_, n) => say(study, suggestion, `f${n}`)));
      expect(all.filter(({ status }) => status === "rejected")).toHaveLength(1);
    });

    it("does not count against a person what a clock that was ahead has dated", async () => {
      const study = await openStudy(open);
      await teach(study.store);
      const suggestion = await suggest(study.store);
      study.clock.advance(1_000 * DAY);
      for (let n = 0; n < 10; n += 1) await say(study, suggestion, `f${n}`);
      await study.adjust("coach");
      const later = over(study.store, Object.assign(Object.create(study.clock), { now: () => FRIDAY + DAY }));
      expect(await say(later, suggestion, "g", { helpful: false })).toMatchObject({ repeated: false });
      await later.adjust("coach");
    });
  });
}
