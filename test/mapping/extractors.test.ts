/** What each extractor finds, and that hours are those of the place where the person was. */
import { describe, expect, it } from "vitest";
import { digested } from "../../src/mapping/digest.ts";
import { sourceOf } from "../../src/mapping/extractors/extractor.ts";
import { Extractors, extractorsSchema } from "../../src/mapping/extractors/registry.ts";
import { dayAround, hourAt, isZone, periodOf } from "../../src/mapping/local-time.ts";
import { type Observation, observationSchema } from "../../src/mapping/observation.ts";
import { type Traits, valueAt } from "../../src/mapping/trait.ts";

const SOON = "2026-11-20T12:00:00Z";

interface Seen {
  readonly type: string;
  readonly content: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  readonly observed_at?: string;
}

function observed({ metadata = {}, observed_at = SOON, ...seen }: Seen, n: number): Observation {
  const checked = observationSchema.parse({ id: `o${n}`, metadata, observed_at, ...seen });
  return { ...checked, person_id: "user:ana", created_at: checked.observed_at };
}

/** The traits that these observations make, where nothing was known. */
async function traitsOf(all: readonly Seen[], zone = "UTC"): Promise<Traits> {
  const extractors = new Extractors();
  const found = all.map(observed).flatMap((observation) =>
    extractors.of(observation.type).map((extractor) => ({
      source: sourceOf(extractor),
      at: observation.observed_at,
      findings: extractor.extract(observation, {
        at: observation.observed_at,
        zone: (observation.metadata["timezone"] as string | undefined) ?? zone,
        signal: new AbortController().signal,
      }) as never,
    })),
  );
  return digested({ traits: {}, memory: {} }, found, Date.parse(SOON)).traits;
}

const session = (content: Record<string, unknown>, more: Partial<Seen> = {}): Seen => ({
  type: "work_session",
  content: { start: "2026-11-20T09:30:00Z", ...content },
  ...more,
});
const sessions = (...scores: readonly number[]) => scores.map((score) => session({ productivity_score: score }));

async function check(all: readonly Seen[], path: string, expected: unknown): Promise<void> {
  expect(valueAt(await traitsOf(all), path), path).toEqual(expected);
}

describe("a work session", () => {
  it.each([
    [[5, 4, 3], "high"],
    [[4, 4, 4], "high"],
    [[4, 4, 3.9], "medium"],
    [[3, 3, 3], "medium"],
    [[3, 3, 2.9], "low"],
    [[1, 2, 1, 2], "low"],
  ])("with productivity %j makes the energy of its period %s", (scores, level) =>
    check(sessions(...scores), "work.energy_patterns.morning", level),
  );

  it("says nothing of the energy of a period before there are three of it", async () => {
    await check(sessions(5, 5), "work.energy_patterns", undefined);
    const evening = session({ start: "2026-11-20T18:00:00Z", productivity_score: 1 });
    await check([...sessions(5, 5, 5), evening, evening], "work.energy_patterns", { morning: "high" });
    await check([...sessions(5, 5, 5), evening, evening, evening], "work.energy_patterns", {
      morning: "high",
      evening: "low",
    });
  });

  it("makes focus duration a mean with quantiles", async () => {
    const all = [30, 60, 90].map((duration_minutes) => session({ duration_minutes }));
    await check(all, "work.focus_duration", 60);
    await check(all, "work.focus_duration.p50", 60);
    await check(all, "work.focus_duration.p90", 84);
    await check(sessions(5), "work.focus_duration", undefined);
  });

  it.each([
    [4, ["09:00-10:00"]],
    [3.9, undefined],
  ])("with productivity %j makes its hour a peak hour: %j", (score, hours) =>
    check(sessions(score), "work.peak_hours", hours),
  );

  it("ends the last hour of the day at 24:00", () =>
    check([session({ start: "2026-11-20T23:10:00Z", productivity_score: 5 })], "work.peak_hours", ["23:00-24:00"]));

  it.each([
    [4, "high"],
    [3.9, "medium"],
    [3, "medium"],
    [2.9, "low"],
  ])("with productivity %j makes the current energy %s", (score, level) =>
    check(sessions(score), "current_state.energy_level", level),
  );

  it.each([
    [4, "high"],
    [3, "high"],
    [2, "medium"],
    [1, "medium"],
    // The earlier system took none for unknown.
    [0, "low"],
  ])("with %j interruptions makes the cost of switching %s", (interruptions, cost) =>
    check([session({ interruptions })], "work.task_switching_cost", cost),
  );
});

it.each([
  [15, 15],
  [30, 15],
  [31, 30],
  [60, 30],
  [61, 45],
  [undefined, 30],
])("a meeting of %j minutes takes %j to recover from", (duration_minutes, minutes) =>
  check(
    [{ type: "calendar_event", content: { type: "meeting", ...(duration_minutes && { duration_minutes }) } }],
    "work.meeting_recovery",
    minutes,
  ),
);

it("a calendar event that is no meeting says nothing", async () => {
  expect(
    await traitsOf([{ type: "calendar_event", content: { type: "holiday", duration_minutes: "all day" } }]),
  ).toEqual({});
});

describe("an answer to the wizard", () => {
  const answer = (responses: object): Seen => ({ type: "user_input", content: { type: "wizard_response", responses } });

  it.each([
    ["morning", ["06:00-12:00"], { morning: "high" }],
    ["afternoon", ["12:00-18:00"], { afternoon: "high" }],
    ["evening", ["18:00-23:00"], { evening: "high" }],
    ["varies", ["09:00-11:00", "14:00-16:00"], undefined],
  ])("most productive %s", async (most_productive, hours, energy) => {
    await check([answer({ most_productive })], "work.peak_hours", hours);
    await check([answer({ most_productive })], "work.energy_patterns", energy);
  });

  it.each([
    ["30min", 30],
    ["1hr", 60],
    ["2hr+", 120],
  ])("focus of %s", (focus_duration, minutes) => check([answer({ focus_duration })], "work.focus_duration", minutes));

  it.each([
    ["meetings", "high"],
    ["slack", "medium"],
    ["context-switches", "high"],
    ["email", "low"],
    ["children", "medium"],
  ])("disturbed by %s", (flow_disruptor, cost) =>
    check([answer({ flow_disruptor })], "work.task_switching_cost", cost),
  );

  it("holds until enough was seen", async () => {
    await check([answer({ most_productive: "morning" }), ...sessions(1, 1)], "work.energy_patterns.morning", "high");
    await check([answer({ most_productive: "morning" }), ...sessions(1, 1, 1)], "work.energy_patterns.morning", "low");
  });
});

it("an energy check is what the person says, until later work says otherwise", async () => {
  const said: Seen = { type: "user_input", content: { type: "energy_check", energy_level: "low" } };
  const work = (start: string) => session({ start, productivity_score: 5 });
  await check([said], "current_state.energy_level", "low");
  await check([said, work("2026-11-20T12:30:00Z")], "current_state.energy_level", "low");
  await check([said, work("2026-11-20T17:30:00Z")], "current_state.energy_level", "high");
});

describe("hours", () => {
  it.each([
    ["Europe/Berlin", "2026-07-20T03:30:00Z", "05:00-06:00", "morning"],
    ["Europe/Berlin", "2026-11-20T03:30:00Z", "04:00-05:00", "night"],
    ["America/New_York", "2026-11-20T12:30:00Z", "07:00-08:00", "morning"],
    ["Asia/Kolkata", "2026-11-20T12:45:00+00:00", "18:00-19:00", "evening"],
    ["UTC", "2026-11-20T13:30:00+01:00", "12:00-13:00", "afternoon"],
  ])("are those of %s (of the earlier system: the zone never changed the hour)", async (zone, start, hours, period) => {
    const all = [5, 5, 5].map((score) => session({ start, productivity_score: score }));
    const traits = await traitsOf(all, zone);
    expect(valueAt(traits, "work.peak_hours")).toEqual([hours]);
    expect(valueAt(traits, "work.energy_patterns")).toEqual({ [period]: "high" });
  });

  it("are those of the place that the observation names, which becomes the person's", async () => {
    const there = session({ productivity_score: 5 }, { metadata: { timezone: "Asia/Tokyo" } });
    await check([there], "work.peak_hours", ["18:00-19:00"]);
    await check([there], "profile.timezone", "Asia/Tokyo");
  });

  it("change with daylight saving", () => {
    const hours = ["00:59", "01:00"].map((time) => hourAt(Date.parse(`2026-03-29T${time}:00Z`), "Europe/Berlin"));
    expect(hours).toEqual([1, 3]);
  });

  it("make periods that are half open", () => {
    const periods = [4, 5, 11, 12, 16, 17, 20, 21, 0].map(periodOf);
    const [m, a, e, n] = ["morning", "afternoon", "evening", "night"];
    expect(periods).toEqual([n, m, m, a, a, e, e, n, n]);
  });

  it("make days of 23, 24 and 25 hours", () => {
    const hoursOf = (day: string) => {
      const { from, to } = dayAround(Date.parse(`${day}T12:00:00Z`), "Europe/Berlin");
      expect(hourAt(from, "Europe/Berlin")).toBe(0);
      return (to - from) / 3_600_000;
    };
    expect(["2026-03-29", "2026-03-30", "2026-10-25"].map(hoursOf)).toEqual([23, 24, 25]);
  });

  it("are of zones that exist", () => {
    expect(["Europe/Berlin", "UTC", "Asia/Calcutta"].map(isZone)).toEqual([true, true, true]);
    expect(["", "Mars/Olympus", "+01:00", "__proto__"].map(isZone)).toEqual([false, false, false, false]);
  });
});

it("has no two extractors of one name, and none without a version", () => {
  const extract = () => [];
  const faultsOf = (...extractors: readonly object[]) =>
    extractorsSchema.safeParse(extractors).error?.issues.map(({ path }) => path.join("."));
  const good = { name: "mood", version: 1, types: ["diary"], extract };
  expect(faultsOf(good)).toBeUndefined();
  expect(faultsOf({ name: "Mood", version: 0, types: [], extract: 1 })).toEqual([
    "0.name",
    "0.version",
    "0.types",
    "0.extract",
  ]);
  expect(faultsOf({ ...good, name: "wizard" }, good, good)).toEqual(["0.name", "2.name"]);
});
