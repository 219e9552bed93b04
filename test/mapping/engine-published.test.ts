/** The two documents of the earlier system, which accepted them and made nothing of them, suggest what their authors meant. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { compileMapper } from "../../src/mapping/engine.ts";
import { descriptions } from "./engine-stage.ts";

const DAILY = published("daily_work_optimizer.yaml");
const THERAPY = published("therapy_insights.yaml");

describe("the published mappers", () => {
  beforeEach((context) => {
    if (DAILY === undefined || THERAPY === undefined) context.skip("No folder above this one has shared/data/mappers.");
  });

  it.each([
    ["Europe/Berlin", "+01:00"],
    ["America/New_York", "-05:00"],
    ["Asia/Kathmandu", "+05:45"],
  ])("suggest work by the local hour in %s", (zone, offset) => {
    const person = compileMapper(DAILY ?? "").person({ zone });
    person.setTraits({
      "work.energy_patterns": { morning: "high", afternoon: "low" },
      "work.focus_duration": { mean: 60, p90: 75 },
      "work.task_switching_cost": "high",
      "current_state.energy_level": "low",
    });
    const at = (time: string, context?: object) =>
      descriptions(person.suggest({ now: Date.parse(`2026-11-20T${time}${offset}`), context: { ...context } }));
    const deep = "Your energy is high. Block the next 75 minutes for your most challenging complex_creative work.";
    const rest = "Low energy detected. Take a 15-minute break to walk or rest.";
    const slump = "Switch to administrative tasks for the next 30 minutes to match your afternoon energy pattern.";
    const meeting =
      "High task-switching cost detected. Start wrapping up in 15 minutes. Allow 10 minutes after the meeting to refocus.";
    const review = "End of day approaching. Spend 15 minutes reviewing today and planning tomorrow's priorities.";
    expect(at("04:59:59")).toEqual([rest]);
    expect(at("05:00:00")).toEqual([deep, rest]);
    expect(at("11:59:59")).toEqual([deep, rest]);
    expect(at("12:00:00")).toEqual([rest]);
    expect(at("14:30:00", { upcoming_meeting: `2026-11-20T14:55:00${offset}` })).toEqual([rest, slump, meeting]);
    expect(at("14:30:00", { upcoming_meeting: "2026-11-20T15:01:00" })).toEqual([rest, slump]);
    expect(at("16:00:00")).toEqual([rest]);
    person.setTrait("current_state.energy_level", "medium");
    // Evening begins at five, and its hours end at six.
    expect(at("16:59:59")).toEqual([]);
    expect(at("17:00:00")).toEqual([review]);
    expect(at("18:00:00")).toEqual([]);
  });

  it("suggest what helps, from traits that somebody curated", () => {
    const mapper = compileMapper(THERAPY ?? "");
    const traits = {
      "therapy.emotional_patterns.trend": "improving",
      "current_state.emotional_state": "stressed",
      "therapy.coping_mechanisms": { effective: ["walks"], most_effective: "walking" },
      "therapy.trigger_patterns": { recurring: true },
    };
    expect(descriptions(mapper.suggest({ traits }, { now: 0 }))).toEqual([
      "Your emotional regulation has shown improvement this week. Take a moment to acknowledge this growth.",
      "You seem stressed. Remember that walking has worked well for you in the past.",
      "Notice how situational trigger has appeared again. Awareness is the first step to change.",
    ]);
  });
});

/** As JSON, from a folder beside this repository. With REQUIRE_ALL=1 it must be there. */
function published(name: string): string | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, "shared/data/mappers", name);
    if (existsSync(file)) return JSON.stringify(parse(readFileSync(file, "utf8")));
  }
  if (process.env["REQUIRE_ALL"] === "1")
    throw new Error(`REQUIRE_ALL=1, but there is no shared/data/mappers/${name}.`);
  return undefined;
}
