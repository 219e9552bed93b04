/** What can be seen of the fleet and of one persona. */
import { encodeId } from "../ids.ts";
import type { Store } from "../store/port.ts";
import type { BreakerStatus, EnrollmentStatus, FleetStatus, Gate, Sleep, Why } from "../types.ts";
import type { Fleet, FleetCounts } from "./fleet.ts";
import { AWAKE, type Persona } from "./personas.ts";

/** What has become of items since the start of this runtime. */
export interface Tally {
  answered: number;
  declined: number;
  dead: number;
  retried: number;
}

export function personaStatus(persona: Persona, fleet: Fleet): EnrollmentStatus {
  const counts = fleet.counts(persona.slot);
  const { lanes, queued, inStore, inFlight, draining } = counts;
  const { name, instructions, model, settings } = persona.definition;
  const held = gateOf(persona, counts.held);
  return {
    id: persona.id,
    name,
    instructions,
    model,
    cognition: persona.cognitionKind,
    settings,
    sleep: sleepOf(persona, counts),
    breaker: breakerOf(counts),
    queued,
    inStore,
    inFlight,
    lanes,
    held,
    heldSince: held && sinceOf(persona, held, counts.heldSince),
    heldUntil: counts.heldUntil,
    draining,
  };
}

export function why(persona: Persona, fleet: Fleet, salt: number): Why {
  const counts = fleet.counts(persona.slot);
  const { queued, inStore, inFlight, energy, debt } = counts;
  const heldBy = (word: FleetCounts["held"], since: number | undefined, until: number | undefined) => {
    const gate = gateOf(persona, word);
    return gate && { gate, since: sinceOf(persona, gate, since), until };
  };
  return {
    persona: persona.id,
    held: heldBy(counts.held, counts.heldSince, counts.heldUntil),
    queued,
    inStore,
    inFlight,
    breaker: breakerOf(counts),
    sleep: sleepOf(persona, counts),
    energy,
    debt,
    conversations: fleet.why(persona.slot).map((strand) => ({
      conversation: encodeId("conversation", strand.conversation, salt),
      item: encodeId("item", strand.item, salt),
      queued: strand.queued,
      held: heldBy(strand.held, strand.since, strand.until),
    })),
  };
}

/** To native a persona without its function is paused. */
function gateOf(persona: Persona, held: FleetCounts["held"]): Gate | undefined {
  if (held === "nothing") return undefined;
  return held === "paused" && !persona.definition.settings.paused ? "cognition_absent" : held;
}

/** Native knows of a pause or a sleep only since the start of the process. */
function sinceOf(persona: Persona, gate: Gate, since: number | undefined): number | undefined {
  const isStored = gate === "paused" || gate === "asleep";
  return isStored ? Math.min(persona.row.updatedAt, since ?? Number.POSITIVE_INFINITY) : since;
}

/** Native knows first that it has woken. */
function sleepOf({ definition }: Persona, { sleep }: FleetCounts): Sleep {
  return sleep === "active" ? AWAKE : (definition.sleep ?? AWAKE);
}

function breakerOf({ breaker, breakerFailures, breakerUntil }: FleetCounts): BreakerStatus {
  return { state: breaker, failures: breakerFailures, halfOpenAt: breakerUntil };
}

export function fleetStatus(
  fleet: Fleet,
  store: Store,
  tally: Tally & {
    readonly accepted: number;
    readonly refusals: FleetStatus["refusals"];
    readonly readers: number;
    readonly personas: number;
    readonly driver: boolean;
  },
): FleetStatus {
  const refused = Object.values(tally.refusals).reduce((sum, count) => sum + count, 0);
  const counts = { ...tally, refusals: { ...tally.refusals }, refused, commits: store.commits && { ...store.commits } };
  if (fleet.over) {
    const lanes = { voice: 0, chat: 0, task: 0, background: 0 };
    return { ...counts, queued: 0, inStore: 0, inFlight: 0, lanes, nativeBytes: 0, store: store.kind };
  }
  const { queued, inStore, inFlight, lanes, bytes } = fleet.counts();
  return { ...counts, queued, inStore, inFlight, lanes, nativeBytes: bytes, store: store.kind };
}
