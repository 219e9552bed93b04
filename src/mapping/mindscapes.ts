/** The mindscapes of all tenants: read, curated, and what a change of one sets going. */
import { isDeepStrictEqual } from "node:util";
import type { Condition } from "../catalogue/catalogue.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import type { MindscapeChange, MindscapeHistoryRow, MindscapeRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { curatedMind, curationSchema } from "./curation.ts";
import { changesOf, MAX_TRAITS, type Mind } from "./digest.ts";
import { ZONE_TRAIT } from "./extractors/whereabouts.ts";
import { isZone } from "./local-time.ts";
import { changeOf, type Mindscape, type MindscapeChangeView, mindOf, mindscapeOf } from "./mind-row.ts";
import type { Traits } from "./trait.ts";
import { type Chances, untilWritten } from "./until-written.ts";

export interface MindscapesOptions extends Chances {
  readonly store: Pick<Store, "mapping" | "allocate">;
  /** The newest rev, once something is written. */
  readonly changed: (rev: number) => void;
}

/** A mindscape has another version by now. */
export interface MindscapeEvent {
  readonly tenant: string;
  readonly person: string;
  readonly version: number;
  readonly traits: Traits;
  /** Paths that say something else than before. */
  readonly changed: readonly string[];
}

/** What was read of a person, and the mark that guards against bringing back what is erased meanwhile. */
export interface ReadMind {
  readonly since: number;
  readonly row: MindscapeRow | undefined;
  readonly mind: Mind;
}

export class Mindscapes {
  readonly #options: MindscapesOptions;
  readonly #listeners = new Set<(event: MindscapeEvent) => void>();

  constructor(options: MindscapesOptions) {
    this.#options = options;
  }

  /** Rejects with `mindscape_damaged`. */
  async read(tenant: string, person: string): Promise<Mindscape | undefined> {
    const row = await this.#table.mindscape(tenant, person);
    return row && mindscapeOf(row);
  }

  /** Rejects with `mindscape_not_found`, `mindscape_damaged`. */
  async get(tenant: string, person: string): Promise<Mindscape> {
    const mindscape = await this.read(tenant, person);
    if (mindscape === undefined) throw missingMindscape(person);
    return mindscape;
  }

  /** Newest first, versions below `before`. Rejects with `mindscape_not_found`. */
  async history(
    tenant: string,
    person: string,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly MindscapeChangeView[]> {
    if ((await this.#table.mindscape(tenant, person)) === undefined) throw missingMindscape(person);
    return (await this.#table.mindscapeHistory({ tenant, person, ...page })).map(changeOf);
  }

  /**
   * Writes what somebody says of the person; it outranks what is learned. Rejects with `invalid_input`,
   * `version_conflict`, `mindscape_not_found` where a version is demanded of none, `mindscape_contended`.
   * @param by The user who says it.
   */
  async curate(
    tenant: string,
    person: string,
    input: unknown,
    by: string,
    { ifVersion }: Condition = {},
  ): Promise<Mindscape> {
    const curation = parse(curationSchema, input, "curation");
    const attempt = async (): Promise<Mindscape | "stale"> => {
      const read = await this.readMind(tenant, person);
      const version = read.row?.version;
      if (typeof ifVersion === "number" && version === undefined) throw missingMindscape(person);
      if (!isMet(ifVersion, version)) throw conflict(person, version);
      const next = curatedMind(read.mind, curation, by, this.#options.clock.now());
      if (Object.keys(next.traits).length > MAX_TRAITS) throw tooMany();
      // Nothing to remove: nothing to write.
      if (read.row !== undefined && isDeepStrictEqual(next.traits, read.mind.traits)) return mindscapeOf(read.row);
      const change = this.change(tenant, person, read, next, { cause: "curation", by, digested: [] });
      const saved = await this.save(change, next.traits);
      if (saved === "erased") throw missingMindscape(person);
      return saved === "stale" ? "stale" : mindscapeOf(change.row);
    };
    return untilWritten(attempt, "The mindscape", this.#options);
  }

  /** Where the person is: the trait `profile.timezone`, or else UTC. */
  async zoneOf(tenant: string, person: string): Promise<string> {
    const row = await this.#table.mindscape(tenant, person);
    return zoneIn(mindOf(row).traits);
  }

  /** Calls back in the same turn of the event loop in which a write has resolved. Returns the cancellation. */
  onChange(listener: (event: MindscapeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** For who writes next: what is known, and what guards the write. */
  async readMind(tenant: string, person: string): Promise<ReadMind> {
    const since = this.#options.store.allocate("mapping");
    const row = await this.#table.mindscape(tenant, person);
    return { since, row, mind: mindOf(row) };
  }

  /** One write, with its line of history. */
  change(
    tenant: string,
    person: string,
    { since, row, mind }: ReadMind,
    next: Mind,
    { cause, by, digested }: Pick<MindscapeHistoryRow, "cause" | "by"> & Pick<MindscapeChange, "digested">,
  ): MindscapeChange {
    const { store, clock } = this.#options;
    const at = clock.now();
    const changes = changesOf(mind.traits, next.traits);
    const version = (row?.version ?? 0) + 1;
    return {
      since,
      row: {
        ...{ key: row?.key ?? store.allocate("mapping"), tenant, person, version },
        ...{ traits: JSON.stringify(next.traits), state: JSON.stringify(next.memory) },
        ...{ createdAt: row?.createdAt ?? at, updatedAt: at },
      },
      expected: version - 1,
      history: { tenant, person, version, changes: JSON.stringify(changes), cause, by, at },
      changed: Object.keys(changes),
      digested,
    };
  }

  /** Writes it and tells who listens, unless it is `stale`, or the person was erased. */
  async save(change: MindscapeChange, traits: Traits): Promise<"saved" | "stale" | "erased"> {
    const result = await this.#table.saveMindscape(change);
    if (result.status !== "saved") return result.status;
    this.#options.changed(result.rev);
    this.tell(change, traits);
    return "saved";
  }

  /** Tells who listens; for those who have written a change with others. */
  tell({ row, changed }: MindscapeChange, traits: Traits): void {
    const { tenant, person, version } = row;
    for (const listener of this.#listeners) listener({ tenant, person, version, traits, changed });
  }

  get #table() {
    return this.#options.store.mapping;
  }
}

/** Also where somebody has stored there what is no zone. */
export function zoneIn(traits: Traits): string {
  const zone = Object.hasOwn(traits, ZONE_TRAIT) ? traits[ZONE_TRAIT]?.value : undefined;
  return typeof zone === "string" && isZone(zone) ? zone : "UTC";
}

function isMet(demanded: Condition["ifVersion"], version: number | undefined): boolean {
  if (demanded === undefined) return true;
  if (typeof demanded === "number") return demanded === version;
  return (demanded === "none") === (version === undefined);
}

export function missingMindscape(person: string): PersonaError {
  return new PersonaError("mindscape_not_found", `Nothing is known of ${JSON.stringify(person)} yet.`);
}

function conflict(person: string, version: number | undefined): PersonaError {
  const now = version === undefined ? "is not there" : `is version ${version} by now`;
  const message = `The mindscape of ${JSON.stringify(person)} ${now}; read it, and decide again.`;
  return new PersonaError("version_conflict", message);
}

function tooMany(): PersonaError {
  const fields = [{ field: "traits", message: `must not make it more than ${MAX_TRAITS} traits` }];
  return new PersonaError("invalid_input", `A mindscape has at most ${MAX_TRAITS} traits.`, { fields });
}
