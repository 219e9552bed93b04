/** The zone that a client has sent along is the person's, until another one comes. */
import type { Extractor } from "./extractor.ts";

export const ZONE_TRAIT = "profile.timezone";

/** It stands in every observation, so it is asked of every type. */
export const whereabouts: Extractor = {
  name: "whereabouts",
  version: 1,
  types: ["*"],
  extract({ metadata }) {
    const zone = metadata["timezone"];
    if (typeof zone !== "string") return [];
    return [{ kind: "value", path: ZONE_TRAIT, value: zone, confidence: 0.9, volatility: "low" }];
  },
};
