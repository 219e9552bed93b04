/** What can be seen of the fleet and of one persona. */
import { encodeId } from "../ids.ts";
import type { BreakerStatus, EnrollmentStatus, FleetStatus, Gate, Sleep, TenantStatus, Why } from "../types.ts";
import { AWAKE } from "./definition.ts";
import type { Directory } from "./directory.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetCounts } from "./packed.ts";
import type { Persona } from "./persona.ts";
import type { Personas } from "./personas.ts";
import { isAbsent, profileOf } from "./profile.ts";
import { type Tally, totalOf } from "./tally.ts";

export function personaStatus(persona: Persona, fleet: Fleet): EnrollmentStatus {
  const counts = fleet.counts(persona.slot);
  const { lanes, queued, inStore, inFlight, draining } = counts;
  const { source = "inline", settings } = persona.definition;
  const { name, instructions, model, mapperId } = profileOf(persona);
  const held = gateOf(persona, counts.held);
  return {
    id: persona.id,
    source,
    name,
    instructions,
    model,
    mapperId,
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
    heldUntil: held && untilOf(persona, held, counts.heldUntil),
    draining,
  };
}

/** @param isSeen Whether a conversation, by key, is shown to whoever asks. */
export async function why(
  persona: Persona,
  fleet: Fleet,
  salt: number,
  isSeen: (conversation: number) => Promise<boolean>,
): Promise<Why> {
  const counts = fleet.counts(persona.slot);
  const { queued, inStore, inFlight, energy, debt } = counts;
  const heldBy = (word: FleetCounts["held"], since: number | undefined, until: number | undefined) => {
    const gate = gateOf(persona, word);
    return gate && { gate, since: sinceOf(persona, gate, since), until: untilOf(persona, gate, until) };
  };
  const strands = fleet.why(persona.slot);
  const seen = await Promise.all(strands.map(({ conversation }) => isSeen(conversation)));
  return {
    persona: persona.id,
    source: persona.definition.source ?? "inline",
    held: heldBy(counts.held, counts.heldSince, counts.heldUntil),
    queued,
    inStore,
    inFlight,
    breaker: breakerOf(counts),
    sleep: sleepOf(persona, counts),
    energy,
    debt,
    conversations: strands
      .filter((_, n) => seen[n])
      .map((strand) => ({
        conversation: encodeId("conversation", strand.conversation, salt),
        item: encodeId("item", strand.item, salt),
        queued: strand.queued,
        held: heldBy(strand.held, strand.since, strand.until),
      })),
  };
}

/** To native a persona is paused also when itself or its cognition is absent, or that has no room for it. */
function gateOf(persona: Persona, held: FleetCounts["held"]): Gate | undefined {
  if (held === "nothing") return undefined;
  if (held !== "paused" || persona.definition.settings.paused) return held;
  if (isAbsent(persona)) return "persona_absent";
  return persona.wait?.entry.obstacle ?? "cognition_absent";
}

/** Native knows of a pause or a sleep only since the start of the process. */
function sinceOf(persona: Persona, gate: Gate, since: number | undefined): number | undefined {
  if (gate === persona.wait?.entry.obstacle) return persona.wait.since;
  const isStored = gate === "paused" || gate === "asleep";
  return isStored ? Math.min(persona.row.updatedAt, since ?? Number.POSITIVE_INFINITY) : since;
}

function untilOf({ wait }: Persona, gate: Gate, until: number | undefined): number | undefined {
  return gate === wait?.entry.obstacle ? wait.entry.until : until;
}

/** Native knows first that it has woken. */
function sleepOf({ definition }: Persona, { sleep }: FleetCounts): Sleep {
  return sleep === "active" ? AWAKE : (definition.sleep ?? AWAKE);
}

function breakerOf({ breaker, breakerFailures, breakerUntil }: FleetCounts): BreakerStatus {
  return { state: breaker, failures: breakerFailures, halfOpenAt: breakerUntil };
}

/** Of one tenant. Its tally is kept; what waits is asked of those who are busy, unless it has the fleet to itself. */
export function tenantStatus(
  directory: Directory,
  personas: Personas,
  fleet: Fleet,
  { providers, ...state }: State & Pick<FleetStatus, "providers">,
): TenantStatus {
  const health = providers.map(({ name, state, halfOpenAt, throttledUntil }) => ({
    name,
    state,
    halfOpenAt,
    throttledUntil,
  }));
  const common = { ...countsOf(directory.tally), personas: directory.size, ...state, providers: health };
  if (fleet.over) return { ...common, ...NOTHING };
  if (directory.size === personas.size) return { ...common, ...loadOf(fleet.counts()) };
  const busy = fleet.loads().filter(({ slot }) => personas.bySlot(slot)?.directory === directory);
  return { ...common, ...fleet.load(busy.map(({ slot }) => slot)) };
}

/** Of all tenants. `others` counts the items of personas that have been gone since an earlier life. */
export function fleetStatus(
  personas: Personas,
  others: Tally,
  fleet: Fleet,
  state: State & Pick<FleetStatus, "readers" | "providers">,
): Omit<FleetStatus, "commits"> {
  const { directories } = personas;
  const total = totalOf([...directories.map(({ tally }) => tally), others]);
  const tenants = directories.filter(({ size }) => size > 0).length;
  const common = { ...countsOf(total), tenants, personas: personas.size, ...state };
  if (fleet.over) return { ...common, ...NOTHING, nativeBytes: 0 };
  const counts = fleet.counts();
  return { ...common, ...loadOf(counts), nativeBytes: counts.bytes };
}

function countsOf(tally: Tally): Tally & { refused: number } {
  const refused = Object.values(tally.refusals).reduce((sum, count) => sum + count, 0);
  return { ...tally, refusals: { ...tally.refusals }, refused };
}

type State = Pick<TenantStatus, "store" | "driver">;

const NOTHING = { queued: 0, inStore: 0, inFlight: 0, lanes: { voice: 0, chat: 0, task: 0, background: 0 } };

function loadOf({ queued, inStore, inFlight, lanes }: FleetCounts): typeof NOTHING {
  return { queued, inStore, inFlight, lanes };
}
