/** How long it takes to come back from a meeting. */
import { contentAs } from "../observation.ts";
import type { Extractor } from "./extractor.ts";

export const meeting: Extractor = {
  name: "meeting",
  version: 1,
  types: ["calendar_event"],
  extract(observation) {
    const event = contentAs("calendar_event/meeting", observation);
    if (event === undefined) return [];
    const { duration_minutes: minutes = 60 } = event;
    const value = minutes <= 30 ? 15 : minutes <= 60 ? 30 : 45;
    return [{ kind: "value", path: "work.meeting_recovery", value, confidence: 0.5, volatility: "low" }];
  },
};
