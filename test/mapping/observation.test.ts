/** What is no observation, and where it says so. */
import { describe, expect, it } from "vitest";
import { faultsOf } from "../../src/faults.ts";
import { observationSchema } from "../../src/mapping/observation.ts";

const GOOD = { id: "1", type: "work_session", content: {}, observed_at: "2026-11-20T09:30:00Z" };

function check(changes: object, ...fields: readonly string[]): void {
  const result = observationSchema.safeParse({ ...GOOD, ...changes });
  const faults = result.success ? [] : faultsOf(result.error, "observation");
  expect(faults.map(({ field }) => field)).toEqual(fields);
  for (const { message } of faults) expect(message).toMatch(/^(must|is|has|Invalid|Too|Unrecognized)/);
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });

describe("an observation", () => {
  it("may say whatever it wants beyond what is read", () => {
    check({ type: "heart_rate", content: { bpm: [61, 62], device: null } });
    check({ content: { duration_minutes: 45, mood: { at: [1, "x"] } }, metadata: { app: "clock" } });
    check({ type: "user_input", content: { type: "diary", energy_level: 7 } });
    check({ observed_at: Date.UTC(2026, 0, 1) });
    check({ observed_at: "2026-11-20T09:30:00.123+05:30" });
  });

  it("says when it was, with the offset from UTC", () => {
    for (const observed_at of ["2026-11-20T09:30:00", "2026-11-20", "yesterday", "", null, Number.NaN, -1, 1.5]) {
      check({ observed_at }, "observed_at");
    }
    check({ content: { start: "2026-11-20T09:30:00" } }, "content.start");
    // A time in seconds.
    check({ observed_at: Date.UTC(2026, 0, 1) / 1_000 }, "observed_at");
    check({ observed_at: "2026-13-40T09:30:00Z" }, "observed_at");
  });

  it("has an id and a type that can be told apart from others", () => {
    check({ id: "" }, "id");
    check({ id: "a b" }, "id");
    check({ id: "x".repeat(129) }, "id");
    check({ type: "Work Session" }, "type");
    check({ person_id: " ana" }, "person_id");
    check({ kind: "x" }, "kind");
    check(
      { id: 7, content: { productivity_score: 9 }, observed_at: "now" },
      "id",
      "observed_at",
      "content.productivity_score",
    );
  });

  it("names everything that is wrong with what is read of it", () => {
    const content = { productivity_score: 6, duration_minutes: -5, interruptions: 1.5, start: "9:30" };
    check(
      { content },
      ...["start", "duration_minutes", "productivity_score", "interruptions"].map((one) => `content.${one}`),
    );
    const responses = { most_productive: "noon", focus_duration: "3hr" };
    const faults = ["content.responses.most_productive", "content.responses.focus_duration"];
    check({ type: "user_input", content: { type: "wizard_response", responses } }, ...faults);
    check({ type: "user_input", content: { type: "energy_check", energy_level: "huge" } }, "content.energy_level");
    check(
      { type: "calendar_event", content: { type: "meeting", duration_minutes: "long" } },
      "content.duration_minutes",
    );
    check({ metadata: { timezone: "Mars/Olympus" } }, "metadata.timezone");
  });

  it("is JSON, and not too much of it", () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`f${n}`, n]));
    check({ type: "x", content: many }, "content");
    check({ type: "x", content: { text: "x".repeat(65_536) } }, "content");
    check({ type: "x", content: { deep: nested(20) } }, `content.deep${".a".repeat(15)}`);
    check({ type: "x", content: nested(16) as object });
    check({ type: "x", content: { value: Number.NaN } }, "content.value");
    check({ type: "x", content: { list: [1, Number.POSITIVE_INFINITY] } }, "content.list[1]");
    check({ type: "x", content: { at: new Date(0) } }, "content.at");
    check({ type: "x", content: { big: 10n } }, "content.big");
    check({ type: "x", content: { text: "\ud800" } }, "content.text");
    check({ type: "x", content: JSON.parse('{"__proto__": {"admin": true}}') }, "content.__proto__");
    check({ type: "x", content: [] }, "content");
    const circle: Record<string, unknown> = {};
    circle["me"] = circle;
    check({ type: "x", content: circle }, `content${".me".repeat(16)}`);
  });
});
