/**
 * The Mindscaper: what turns observations into traits. It takes what is pending in the store, so it does not matter how
 * often, or by which message, it is asked. Traits, memory and the mark that an observation was taken are one write.
 */
import { counted } from "../counted.ts";
import { PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import type { ObservationRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { digested, type Found } from "./digest.ts";
import { type Extractor, sourceOf } from "./extractors/extractor.ts";
import { findingsSchema } from "./extractors/finding.ts";
import type { Extractors } from "./extractors/registry.ts";
import { isZone } from "./local-time.ts";
import { type Mindscapes, zoneIn } from "./mindscapes.ts";
import type { Observation } from "./observation.ts";
import { observationOf } from "./observations.ts";
import type { AgentTask, Pay } from "./types.ts";
import { type Chances, untilWritten } from "./until-written.ts";

export interface MindscaperOptions extends Chances {
  readonly store: Pick<Store, "mapping">;
  readonly mindscapes: Mindscapes;
  readonly extractors: Extractors;
  readonly pay: Pay;
}

/** Observations of one write. */
const PAGE = 200;
const MAX_REASONS = 10;

/** Work of agents is not declined, as there is nobody to hear of it: it waits, at least so long. */
const BUDGET_WAIT_MS = 3_600_000;

/** What was found in one observation, or why nothing could be. */
type Reading = { readonly found: readonly Found[] } | { readonly failure: PersonaError | string };

export class Mindscaper {
  readonly #options: MindscaperOptions;

  constructor(options: MindscaperOptions) {
    this.#options = options;
  }

  /**
   * Digests what is pending of a person. An observation that an extractor cannot read stays pending and holds up no
   * other; once the others are written it rejects with `extractor_failed`, so that somebody hears of it, or with
   * `budget_exhausted` until a budget has room for the model that reads it.
   */
  async run({ tenant, subject: person, signal }: AgentTask): Promise<string> {
    const failures: (PersonaError | string)[] = [];
    let taken = 0;
    /** What was found stays found when a write has to be done again. */
    const readings = new Map<string, Reading>();
    for (let after: number | undefined = 0; after !== undefined; ) {
      const from: number = after;
      const page = await untilWritten(() => this.#digest(tenant, person, from, readings, signal), "The mindscape", {
        ...this.#options,
        signal,
      });
      failures.push(...page.failures);
      taken += page.taken;
      after = page.last;
      readings.clear();
    }
    if (failures.length === 0)
      return taken === 0 ? "There was nothing new." : `Digested ${counted(taken, "observation")}.`;
    const budget = failures.find((failure) => failure instanceof PersonaError);
    if (budget !== undefined) {
      const retryAfterMs = budget.retryAfterMs ?? BUDGET_WAIT_MS;
      throw new PersonaError("budget_exhausted", budget.message, { cause: budget, retryAfterMs });
    }
    // It is kept with a dead letter, where no erasure looks: so it names neither person nor observations.
    const reasons = [...new Set(failures)].slice(0, MAX_REASONS).join("; ");
    const stay = counted(failures.length, "observation stays", "observations stay");
    throw new PersonaError("extractor_failed", `${stay} pending: ${reasons}`);
  }

  async #digest(tenant: string, person: string, after: number, readings: Map<string, Reading>, signal: AbortSignal) {
    const { store, mindscapes, clock } = this.#options;
    const read = await mindscapes.readMind(tenant, person);
    const rows = await store.mapping.pendingObservations({ tenant, person, after, limit: PAGE });
    const zone = zoneIn(read.mind.traits);
    const failures: (PersonaError | string)[] = [];
    const digestible: { readonly row: ObservationRow; readonly found: readonly Found[] }[] = [];
    for (const row of rows) {
      const name = `${row.key} ${zone}`;
      const reading = readings.get(name) ?? (await this.#readingOf(row, zone, signal));
      readings.set(name, reading);
      if ("failure" in reading) failures.push(reading.failure);
      else digestible.push({ row, found: reading.found });
    }
    const last = rows.length < PAGE ? undefined : rows.at(-1)?.key;
    const page = { failures, taken: digestible.length, last };
    if (digestible.length === 0) return page;
    // As they were seen, not as they came in.
    digestible.sort((a, b) => a.row.observedAt - b.row.observedAt || a.row.key - b.row.key);
    const next = digested(
      read.mind,
      digestible.flatMap(({ found }) => found),
      clock.now(),
    );
    const change = mindscapes.change(tenant, person, read, next, {
      ...{ cause: "digest", by: "mindscaper" },
      digested: digestible.map(({ row }) => row.key),
    });
    const status = await mindscapes.save(change, next.traits);
    if (status === "stale") return status;
    // Who was erased has no observations any more.
    return status === "erased" ? { failures: [], taken: 0, last: undefined } : page;
  }

  async #readingOf(row: ObservationRow, zone: string, signal: AbortSignal): Promise<Reading> {
    const found: Found[] = [];
    const observation = readable(row);
    if (observation === undefined) return { failure: "what is stored cannot be read" };
    const { tenant, person } = row;
    for (const extractor of this.#options.extractors.of(row.type)) {
      try {
        const at = observation.observed_at;
        const moment = { at, zone: whereabouts(observation) ?? zone, signal };
        const findings = await this.#options.pay({ tenant, person }, signal, (purse) =>
          extractor.extract(observation, { ...moment, reserve: (call) => purse.reserve(call) }),
        );
        found.push({ source: sourceOf(extractor), at, findings: checked(findings, extractor) });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof PersonaError && error.code === "budget_exhausted") return { failure: error };
        return { failure: `${extractor.name}: ${error instanceof Error ? error.message : "failed"}` };
      }
    }
    return { found };
  }
}

function readable(row: ObservationRow): Observation | undefined {
  try {
    return observationOf(row);
  } catch {
    return undefined;
  }
}

/** An observation that says where it was made is about the time of day there. */
function whereabouts({ metadata }: Observation): string | undefined {
  const zone = metadata["timezone"];
  return typeof zone === "string" && isZone(zone) ? zone : undefined;
}

function checked(findings: unknown, { name }: Extractor): Found["findings"] {
  const result = findingsSchema.safeParse(findings);
  if (result.success) return result.data;
  throw new PersonaError("extractor_failed", describeFaults(faultsOf(result.error, name)));
}
