/**
 * The two mappers of the earlier system, as they were published, from a week of observations to the suggestions that
 * their authors meant, at the right hours where the person lives; and what feedback and a curation make of them. It does so
 * over every store.
 */
import { describe, expect, it as test } from "vitest";
import { publishedMapper } from "./published-mapper.ts";
import { ANA, HOUR, MINUTE, type OpenStore, record, say, TENANT } from "./study.ts";
import { failure, openTheatre, type Theatre } from "./theatre.ts";

const DOCUMENTS = [publishedMapper("daily_work_optimizer"), publishedMapper("therapy_insights")];
const it = test.skipIf(DOCUMENTS.includes(undefined));

const WORK = { persona: "bob", person: ANA, mapper: "daily_work_optimizer" } as const;
const THERAPY = { ...WORK, mapper: "therapy_insights" } as const;
/** Eight hours behind UTC in November. */
const ZONE = "America/Los_Angeles";
const local = (day: number, hour: number, minute = 0) => Date.UTC(2026, 10, day, hour + 8, minute);

/** Monday to Friday: good mornings of ninety minutes, tired afternoons, and many who ask for something. */
async function observeAWeek(theatre: Theatre): Promise<void> {
  for (const day of [9, 10, 11, 12, 13]) {
    for (const [hour, productivity_score, duration_minutes] of [
      [9, 5, 90],
      [14, 2, 30],
    ] as const) {
      await record(theatre, {
        ...{ id: `s${day}-${hour}`, type: "work_session", observed_at: local(day, hour) },
        content: { duration_minutes, productivity_score, interruptions: 3 },
        metadata: { timezone: ZONE },
      });
    }
  }
  await theatre.digest();
}

/** How the person feels, as the person says, and nothing else. */
async function feel(theatre: Theatre, energy_level: string): Promise<void> {
  const observed_at = theatre.clock.now() - MINUTE;
  const content = { type: "energy_check", energy_level };
  await record(theatre, { id: `e${observed_at}`, type: "user_input", observed_at, content });
  await theatre.digest();
}

export function publishes(open: OpenStore): void {
  describe("the published mappers", () => {
    async function opened() {
      const theatre = await openTheatre({ open });
      for (const document of DOCUMENTS) await theatre.mappers.create(document, { activate: true });
      const at = (when: number) => theatre.clock.advance(when - theatre.clock.now());
      const said = async (request: Parameters<Theatre["mapPersona"]>[0] = WORK) =>
        (await theatre.mapPersona(request)).suggestions?.map(({ rule_id }) => rule_id);
      return { ...theatre, at, said };
    }

    it("both shipped mappers produce what they were written for", async () => {
      const house = await opened();
      await observeAWeek(house);
      expect(await house.mindscapes.get(TENANT, ANA)).toMatchObject({
        traits: {
          "work.energy_patterns": { value: { morning: "high", afternoon: "low" } },
          "work.focus_duration.p90": { value: 90 },
          "work.task_switching_cost": { value: "high" },
          "work.peak_hours": { value: ["09:00-10:00"] },
          "current_state.energy_level": { value: "low", volatility: "high" },
          "profile.timezone": { value: ZONE },
        },
      });

      house.at(local(20, 9, 30));
      const tired = await house.mapPersona(WORK);
      expect(tired.faults).toBeUndefined();
      expect(tired.suggestions?.map(({ title, description, priority }) => ({ title, description, priority }))).toEqual([
        {
          title: "Deep Work Window",
          description:
            "Your energy is high. Block the next 90 minutes for your most challenging complex_creative work.",
          priority: "high",
        },
        {
          title: "Energy Recovery",
          description: "Low energy detected. Take a 15-minute break to walk or rest.",
          priority: "high",
        },
      ]);
      const because = tired.suggestions?.[0]?.because.map(({ subject, actual }) => `${subject}: ${actual}`);
      expect(because).toEqual(["work.energy_patterns.morning: high", "user_local: friday 09:30"]);

      await feel(house, "high");
      expect(await house.said()).toEqual(["morning_high_energy_deep_work"]);
      const soon = { upcoming_meeting: new Date(house.clock.now() + 20 * MINUTE).toISOString() };
      expect(await house.said({ ...WORK, context: soon })).toEqual([
        "morning_high_energy_deep_work",
        "meeting_prep_high_switch_cost",
      ]);
      const later = { upcoming_meeting: new Date(house.clock.now() + 40 * MINUTE).toISOString() };
      expect(await house.said({ ...WORK, context: later })).toEqual(["morning_high_energy_deep_work"]);

      house.at(local(20, 14, 30));
      expect(await house.said()).toEqual(["afternoon_slump_management"]);
      // `period: evening` and `hour_range: [16, 18]` both have to hold.
      house.at(local(20, 16, 30));
      expect(await house.said()).toEqual([]);
      house.at(local(20, 17, 30));
      const evening = await house.mapPersona(WORK);
      expect(evening.suggestions).toMatchObject([{ rule_id: "daily_review_planning", weight: 0.8, priority: "low" }]);
    });

    it("the zone of the person is the zone of the hour that is compared", async () => {
      const house = await opened();
      await observeAWeek(house);
      // It is 9:30 where the clock of this machine may be, and half past one in the night for the person.
      house.at(Date.UTC(2026, 10, 20, 9, 30));
      await feel(house, "high");
      expect(await house.said()).toEqual([]);
      await house.curate({ "profile.timezone": "Europe/London" });
      expect(await house.said()).toEqual(["morning_high_energy_deep_work"]);
    });

    it("has what no extractor yields by curation", async () => {
      const house = await opened();
      await house.curate({
        "therapy.emotional_patterns": { trend: "improving" },
        "therapy.progress_indicators": { timeframe: "since May" },
        "therapy.coping_mechanisms": { effective: ["walking"], most_effective: "a walk" },
        "therapy.trigger_patterns": { recurring: true },
        "current_state.emotional_state": "stressed",
      });
      const { suggestions, core } = await house.mapPersona(THERAPY);
      expect(core.core.missing_traits).toEqual([]);
      expect(suggestions?.map(({ title, description }) => `${title}: ${description}`)).toEqual([
        "Recognize Your Progress: Your emotional regulation has shown improvement since May. Take a moment to acknowledge this growth.",
        "Coping Strategy Reminder: You seem stressed. Remember that a walk has worked well for you in the past.",
        "Pattern Insight: Notice how situational trigger has appeared again. Awareness is the first step to change.",
      ]);
    });

    it("puts high priority first at equal weight, before the limit is applied", async () => {
      const house = await opened();
      await observeAWeek(house);
      house.at(local(20, 14, 30));
      const upcoming_meeting = new Date(house.clock.now() + 10 * MINUTE).toISOString();
      const request = { ...WORK, context: { upcoming_meeting } };
      expect(await house.said(request)).toEqual([
        "low_energy_break",
        "afternoon_slump_management",
        "meeting_prep_high_switch_cost",
      ]);
      expect(await house.said({ ...request, limit: 1 })).toEqual(["low_energy_break"]);
    });

    it("a template's values are never expanded again", async () => {
      const house = await opened();
      await house.curate({
        "therapy.trigger_patterns": { recurring: true, most_recent: "{area} and {pattern}" },
      });
      const { suggestions } = await house.mapPersona(THERAPY);
      expect(suggestions?.[0]?.description).toContain("Notice how {area} and {pattern} has appeared again.");
    });

    it("feedback reaches its rule: weights and ranking change", async () => {
      const house = await opened();
      await observeAWeek(house);
      house.at(local(20, 9, 30));
      const first = (await house.mapPersona(WORK)).suggestions ?? [];
      expect(first.map(({ rule_id, weight }) => [rule_id, weight])).toEqual([
        ["morning_high_energy_deep_work", 1],
        ["low_energy_break", 1],
      ]);
      await say(house, first[1]?.id ?? "", "f1");
      await house.adjust(WORK.mapper);
      const second = (await house.mapPersona(WORK)).suggestions ?? [];
      expect(second.map(({ rule_id, weight }) => [rule_id, Number(weight.toFixed(3))])).toEqual([
        ["low_energy_break", 1.1],
        ["morning_high_energy_deep_work", 1],
      ]);
      // Learning makes no version; publishing what was learned does, and then there is nothing more to publish.
      expect(await house.mappers.versions(WORK.mapper)).toHaveLength(1);
      const { mapper, created } = await house.mappers.publish(WORK.mapper, { activate: true });
      expect([created, mapper.version, mapper.semver, mapper.status]).toEqual([true, 2, "1.0.1", "active"]);
      expect((await house.mapPersona(WORK)).suggestions).toMatchObject([
        { rule_id: "low_energy_break", weight: 1.1, mapper_version: 2 },
        { rule_id: "morning_high_energy_deep_work", weight: 1 },
      ]);
      expect(await house.mappers.publish(WORK.mapper)).toMatchObject({ created: false, mapper: { version: 2 } });
    });

    it("a core goes stale when a trait it was made from is edited, and no other does", async () => {
      const house = await opened();
      await observeAWeek(house);
      await house.mapPersona(WORK);
      await house.mapPersona(THERAPY);
      house.clock.advance(HOUR);
      await house.curate({ "work.energy_patterns": { morning: "low" } });
      const refuse = { whenStale: "refuse" } as const;
      expect((await failure(house.mapPersona({ ...WORK, ...refuse }))).code).toBe("core_stale");
      expect((await house.mapPersona({ ...THERAPY, ...refuse })).cache).toBe("fresh");
      expect((await house.mapPersona(WORK)).cache).toBe("regenerated");
    });

    it("finds both by what their conditions read", async () => {
      const { mappers } = await opened();
      const found = async (trait: string) => (await mappers.list({ trait })).map(({ id }) => id);
      expect(await found("work.energy_patterns")).toEqual(["daily_work_optimizer"]);
      expect(await found("current_state")).toEqual(["daily_work_optimizer", "therapy_insights"]);
    });
  });
}
