/** A runtime whose catalogue has a persona `guide` with a role and a sequence of three steps. */
import type { CognitionTurn, Runtime, RuntimeOptions } from "../../src/types.ts";
import { type House, openHouse } from "./harness.ts";

export const GUIDE = {
  id: "guide",
  display_name: "Guide",
  default_role: "host",
  default_sequence: "tour",
};
export const HOST = { id: "host", display_name: "Host", system_prompt: "You show guests around." };
export const TOUR = {
  id: "tour",
  display_name: "Tour",
  completion: "all_steps",
  steps: ["hello", "walk", "bye"].map((id) => ({ id, instruction: `Now: ${id}.` })),
};

/** What each turn was told of its session, in order. */
export interface GuidedHouse extends House {
  readonly turns: CognitionTurn[];
}

export async function furnish(runtime: Runtime, tour: object = TOUR): Promise<void> {
  await runtime.catalogue.roles.create(HOST);
  await runtime.catalogue.sequences.create(tour);
  await runtime.catalogue.personas.create(GUIDE);
}

export async function openGuided(options: Partial<RuntimeOptions> = {}, tour: object = TOUR): Promise<GuidedHouse> {
  const turns: CognitionTurn[] = [];
  const house = await openHouse({
    cognition: (turn) => {
      turns.push(turn);
      return turn.session?.step_id ?? "no step";
    },
    ...options,
  });
  await furnish(house.runtime, tour);
  return { ...house, turns };
}
