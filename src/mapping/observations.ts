/** Observations as they come in, and as they are read. They are written once, with the task to digest them. */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { type FieldFault, PersonaError } from "../errors.ts";
import { faultsOf, invalidInput } from "../faults.ts";
import type { ObservationRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { jsonFingerprint } from "./json-fingerprint.ts";
import { MAX_AHEAD_MS, MAX_BATCH, type Observation, observationSchema } from "./observation.ts";
import type { Agents } from "./types.ts";

export interface ObservationsOptions {
  readonly store: Pick<Store, "mapping" | "allocate">;
  readonly clock: Clock;
  readonly agents: Pick<Agents, "enqueue">;
}

export interface Recorded {
  /** As they are stored, in the order in which they were sent. */
  readonly observations: readonly Observation[];
  /** Ids of those that were there before; nothing was written of them. */
  readonly repeated: readonly string[];
}

export interface ObservationPage {
  readonly type?: string | undefined;
  /** Only what was observed at or after `from` and before `to`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Id of the last one that is already known. */
  readonly after?: string | undefined;
  readonly limit: number;
}

type Checked = z.output<typeof observationSchema>;

export class Observations {
  readonly #store: ObservationsOptions["store"];
  readonly #clock: Clock;
  readonly #agents: Pick<Agents, "enqueue">;

  constructor({ store, clock, agents }: ObservationsOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#agents = agents;
  }

  /**
   * Records one observation, or up to a hundred of one person, all or none. Sent again they are the same ones. Rejects
   * with `invalid_input` and every fault, `observation_conflict`, and whatever keeps a task from being taken.
   * @param person Whose they are, unless they say so.
   */
  async record(tenant: string, input: unknown, person?: string): Promise<Recorded> {
    const checked = this.#checked(input);
    const of = this.#personOf(checked, person, Array.isArray(input));
    const rows = this.#rows(tenant, of, checked, Array.isArray(input));
    const result = await this.#agents.enqueue(tenant, "mindscaper", of, { observations: [...rows.values()] });
    if (result.status === "along_conflict") {
      const id = [...rows.keys()][result.index];
      const message = `Observation ${JSON.stringify(id)} was sent before, and said something else. Choose another id.`;
      throw new PersonaError("observation_conflict", message);
    }
    const ids = [...rows.keys()];
    const repeated = result.status === "accepted" ? result.repeated.flatMap((place) => ids[place] ?? []) : ids;
    const before = repeated.length === 0 ? [] : await this.#store.mapping.observationsNamed(tenant, of, repeated);
    for (const row of before) rows.set(row.id, row);
    return { observations: checked.flatMap(({ id }) => shown(rows.get(id))), repeated };
  }

  /** Those of one person, in the order in which they came in. Throws `invalid_input` for an `after` that names nothing. */
  async list(tenant: string, person: string, { after, ...page }: ObservationPage): Promise<readonly Observation[]> {
    const known = after === undefined ? [] : await this.#store.mapping.observationsNamed(tenant, person, [after]);
    if (after !== undefined && known[0] === undefined)
      throw invalidInput("page", [{ field: "after", message: NO_SUCH }]);
    const rows = await this.#store.mapping.observations({ tenant, person, ...page, after: known[0]?.key });
    return rows.flatMap(shown);
  }

  #checked(input: unknown): readonly Checked[] {
    const isList = Array.isArray(input);
    const result = isList ? listSchema.safeParse({ observations: input }) : oneSchema.safeParse(input);
    const faults = result.success ? [] : faultsOf(result.error, "observation");
    // Also where something else is wrong, so that one answer names everything.
    const latest = this.#clock.now() + MAX_AHEAD_MS;
    for (const [place, one] of (isList ? input : [input]).slice(0, MAX_BATCH).entries()) {
      const at = timeSchema.safeParse(one).data?.observed_at ?? 0;
      const message = "must not be later than now; look at the clock of whoever sends it";
      if (at > latest) faults.push({ field: fieldOf(place, "observed_at", isList), message });
    }
    if (result.success && faults.length === 0) return result.data;
    throw invalidInput("observation", faults);
  }

  #personOf(checked: readonly Checked[], person: string | undefined, listed: boolean): string {
    const faults: FieldFault[] = [];
    const first = checked[0]?.person_id ?? person;
    for (const [place, { person_id = person }] of checked.entries()) {
      const message =
        person_id === undefined ? "must be given" : "must be that of the first; one call is about one person";
      if (person_id === undefined || person_id !== first) {
        faults.push({ field: fieldOf(place, "person_id", listed), message });
      }
    }
    if (first !== undefined && faults.length === 0) return first;
    throw invalidInput("observation", faults);
  }

  /** By id. The same one twice in a list is one. */
  #rows(tenant: string, person: string, checked: readonly Checked[], listed: boolean): Map<string, ObservationRow> {
    const rows = new Map<string, ObservationRow>();
    const faults: FieldFault[] = [];
    const createdAt = this.#clock.now();
    const key = this.#store.allocate("mapping", checked.length);
    for (const [place, { id, type, content, metadata, observed_at: observedAt }] of checked.entries()) {
      const fingerprint = jsonFingerprint([type, content, metadata, observedAt]);
      const before = rows.get(id);
      if (before !== undefined) {
        const message = "stands in this list before, with another content";
        if (before.fingerprint !== fingerprint) faults.push({ field: fieldOf(place, "id", listed), message });
        continue;
      }
      const texts = { content: JSON.stringify(content), metadata: JSON.stringify(metadata) };
      rows.set(id, { key: key + place, tenant, person, id, type, ...texts, observedAt, createdAt, fingerprint });
    }
    if (faults.length > 0) throw invalidInput("observation", faults);
    return rows;
  }
}

const oneSchema = observationSchema.transform((one) => [one]);
const listSchema = z
  .object({ observations: z.array(observationSchema).min(1).max(MAX_BATCH) })
  .transform(({ observations }) => observations);
const timeSchema = z.looseObject({ observed_at: observationSchema.shape.observed_at });
const NO_SUCH = "must be the id of an observation of this person";

const fieldOf = (place: number, field: string, listed: boolean) => (listed ? `observations[${place}].${field}` : field);

/** One that cannot be read hides no other, and is not hidden either. */
function shown(row: ObservationRow | undefined): readonly Observation[] {
  if (row === undefined) return [];
  try {
    return [observationOf(row)];
  } catch {
    return [{ ...observationOf({ ...row, content: "{}", metadata: "{}" }), damaged: true }];
  }
}

/** Throws a SyntaxError for a row whose JSON was damaged. */
export function observationOf(row: ObservationRow): Observation {
  const { id, person, type, content, metadata, observedAt, createdAt } = row;
  return {
    ...{ id, person_id: person, type, content: JSON.parse(content), metadata: JSON.parse(metadata) },
    ...{ observed_at: observedAt, created_at: createdAt },
  };
}
