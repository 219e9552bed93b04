/** What a person says of itself: the answers to a wizard's three questions, and how it feels at the moment. */
import { contentAs } from "../observation.ts";
import type { Extractor, Finding } from "./extractor.ts";

export const energyCheck: Extractor = {
  name: "energy_check",
  version: 1,
  types: ["user_input"],
  extract(observation) {
    const check = contentAs("user_input/energy_check", observation);
    if (check === undefined) return [];
    const said = { kind: "value", path: "current_state.energy_level", value: check.energy_level } as const;
    return [{ ...said, confidence: 1, volatility: "high" }];
  },
};

export const wizard: Extractor = {
  name: "wizard",
  version: 1,
  types: ["user_input"],
  extract(observation) {
    const { most_productive, focus_duration, flow_disruptor } =
      contentAs("user_input/wizard_response", observation)?.responses ?? {};
    const findings: Finding[] = [];
    if (most_productive !== undefined) findings.push(...productive(most_productive));
    if (focus_duration !== undefined) findings.push(value("work.focus_duration", FOCUS_MINUTES[focus_duration], 0.9));
    if (flow_disruptor !== undefined) {
      findings.push(value("work.task_switching_cost", COSTS.get(flow_disruptor) ?? "medium", 0.8));
    }
    return findings;
  },
};

function productive(answer: keyof typeof PRODUCTIVE): readonly Finding[] {
  const hours = value("work.peak_hours", PRODUCTIVE[answer], 0.8);
  if (answer === "varies") return [hours];
  const said = { kind: "score", path: "work.energy_patterns", key: answer, score: "high" } as const;
  return [hours, { ...said, confidence: 0.8, volatility: "low" }];
}

const value = (path: string, said: unknown, confidence: number): Finding => ({
  ...{ kind: "value", path, value: said, confidence, volatility: "low" },
});

const PRODUCTIVE = {
  morning: ["06:00-12:00"],
  afternoon: ["12:00-18:00"],
  evening: ["18:00-23:00"],
  varies: ["09:00-11:00", "14:00-16:00"],
} as const;

/** `2hr+` is at least two hours; as a number it is two. */
const FOCUS_MINUTES = { "30min": 30, "1hr": 60, "2hr+": 120 } as const;

/** A disruptor that is not listed costs something. */
const COSTS: ReadonlyMap<string, string> = new Map([
  ["meetings", "high"],
  ["slack", "medium"],
  ["context-switches", "high"],
  ["email", "low"],
]);
