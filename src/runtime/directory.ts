/** The enrolled personas of one tenant, by id, and what became of their items. */
import type { Catalogue, TenantCatalogue } from "../catalogue/catalogue.ts";
import { PersonaError } from "../errors.ts";
import { quoteId } from "../ids.ts";
import type { Persona } from "./persona.ts";
import { newTally, type Tally } from "./tally.ts";

export class Directory {
  readonly tenant: string;
  readonly tally: Tally = newTally();
  readonly catalogue: TenantCatalogue;
  /** Of personas of the catalogue that say none. */
  readonly defaultModel: string | undefined;
  /** Whether the host has registered tools. */
  readonly hasTools: boolean;
  readonly #byId = new Map<string, Persona>();
  /** Everybody by id; made when it is asked for. */
  #sorted: readonly Persona[] | undefined;

  constructor(tenant: string, options: { catalogue: Catalogue; defaultModel: string | undefined; hasTools: boolean }) {
    this.tenant = tenant;
    this.catalogue = options.catalogue.tenant(tenant);
    this.defaultModel = options.defaultModel;
    this.hasTools = options.hasTools;
  }

  get size(): number {
    return this.#byId.size;
  }

  find(id: string): Persona | undefined {
    return this.#byId.get(id);
  }

  /** Throws `persona_not_found`. */
  get(id: string): Persona {
    const persona = this.#byId.get(id);
    if (persona === undefined) {
      throw new PersonaError("persona_not_found", `No persona with the id ${quoteId(id)} is enrolled`);
    }
    return persona;
  }

  /** Sorted by id: all, or `limit` of those after the id `after`. */
  sorted(after: string | undefined, limit: number | undefined): readonly Persona[] {
    this.#sorted ??= [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const start = after === undefined ? 0 : firstAfter(this.#sorted, after);
    return this.#sorted.slice(start, limit === undefined ? undefined : start + limit);
  }

  add(persona: Persona): void {
    this.#sorted = undefined;
    this.#byId.set(persona.id, persona);
  }

  delete(persona: Persona): void {
    this.#sorted = undefined;
    this.#byId.delete(persona.id);
  }
}

/** Place of the first id behind `after`, by bisection. */
function firstAfter(sorted: readonly Persona[], after: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.id ?? "") <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
