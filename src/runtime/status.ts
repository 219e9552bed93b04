/** What can be seen of the fleet and of one persona. */
import type { Store } from "../store/port.ts";
import type { EnrollmentStatus, FleetStatus } from "../types.ts";
import type { Fleet } from "./fleet.ts";
import type { Persona } from "./personas.ts";

/** What has become of items since the start of this runtime. */
export interface Tally {
  answered: number;
  declined: number;
  dead: number;
  retried: number;
}

export function personaStatus(persona: Persona, fleet: Fleet): EnrollmentStatus {
  const { lanes, queued, inFlight, held, heldUntil, draining } = fleet.counts(persona.slot);
  const { name, instructions, model, settings } = persona.definition;
  return {
    id: persona.id,
    name,
    instructions,
    model,
    cognition: persona.cognitionKind,
    settings,
    queued,
    inFlight,
    lanes,
    held: held === "nothing" ? undefined : held === "paused" && !settings.paused ? "cognition_absent" : held,
    heldUntil,
    draining,
  };
}

export function fleetStatus(
  fleet: Fleet,
  store: Store,
  counts: Tally & {
    readonly accepted: number;
    readonly refused: number;
    readonly personas: number;
    readonly driver: boolean;
  },
): FleetStatus {
  if (fleet.over) {
    const lanes = { voice: 0, chat: 0, task: 0, background: 0 };
    return { ...counts, queued: 0, inFlight: 0, lanes, nativeBytes: 0, store: store.kind };
  }
  const { queued, inFlight, lanes, bytes } = fleet.counts();
  return { ...counts, queued, inFlight, lanes, nativeBytes: bytes, store: store.kind };
}
