/** A stretch of work: how long, how well, how often disturbed. */
import { hourAt, periodOf } from "../local-time.ts";
import { contentAs } from "../observation.ts";
import { type Extractor, type Finding, levelOf } from "./extractor.ts";

export const workSession: Extractor = {
  name: "work_session",
  version: 1,
  types: ["work_session"],
  extract(observation, { at, zone }) {
    const session = contentAs("work_session", observation);
    if (session === undefined) return [];
    const start = session.start ?? at;
    return [
      ...focusOf(session.duration_minutes, start),
      ...energyOf(session.productivity_score, hourAt(start, zone), start),
      ...switchingOf(session.interruptions, start),
    ];
  },
};

function focusOf(minutes: number | undefined, at: number): readonly Finding[] {
  if (minutes === undefined) return [];
  return [{ kind: "sample", path: "work.focus_duration", sample: minutes, confidence: 0.9, volatility: "low", at }];
}

/** Of the hour in which it began. */
function energyOf(score: number | undefined, hour: number, at: number): readonly Finding[] {
  if (score === undefined) return [];
  const period: Finding = {
    ...{ kind: "score", path: "work.energy_patterns", key: periodOf(hour), score },
    ...{ confidence: 0.7, volatility: "low", at },
  };
  const current: Finding = {
    ...{ kind: "value", path: "current_state.energy_level", value: levelOf(score) },
    ...{ confidence: 0.6, volatility: "high", at },
  };
  if (score < 4) return [period, current];
  const value = [`${twoDigits(hour)}:00-${twoDigits(hour + 1)}:00`];
  return [period, current, { kind: "value", path: "work.peak_hours", value, confidence: 0.7, volatility: "low", at }];
}

/** The last hour of the day ends at 24:00. */
const twoDigits = (hour: number) => String(hour).padStart(2, "0");

/** None at all says something, too. */
function switchingOf(interruptions: number | undefined, at: number): readonly Finding[] {
  if (interruptions === undefined) return [];
  const value = interruptions >= 3 ? "high" : interruptions >= 1 ? "medium" : "low";
  return [{ kind: "value", path: "work.task_switching_cost", value, confidence: 0.7, volatility: "low", at }];
}
