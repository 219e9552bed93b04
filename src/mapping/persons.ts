/** Persons as mapping knows them: by an id, `user:7`, that nobody registers; and how all that is known of one is erased. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import type { Scope } from "../runtime/scope.ts";
import { senderId } from "../runtime/settings.ts";
import { personHash } from "../store/mapping/hash.ts";
import type { Store } from "../store/port.ts";

export interface Erasure {
  readonly person_id: string;
  /** Rows that went; 0: nothing was known of this person. */
  readonly removed: number;
  /** Milliseconds since 1970. */
  readonly erased_at: number;
}

export class Persons {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #changed: (rev: number) => void;
  readonly #erased: (tenant: string, person: string) => void;

  constructor(parts: {
    readonly store: Store;
    readonly clock: Clock;
    readonly changed: (rev: number) => void;
    /** Told in the same turn of the event loop, for what is kept in memory. */
    readonly erased: (tenant: string, person: string) => void;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#changed = parts.changed;
    this.#erased = parts.erased;
  }

  /**
   * Removes everything that mapping keeps of a person, in one transaction. What is being worked out from what was read
   * before is not written any more. A second time it finds nothing, and is no error.
   */
  async erase(tenant: string, person: string): Promise<Erasure> {
    const at = this.#clock.now();
    const hash = personHash(tenant, person, this.#store.salt);
    const row = { key: this.#store.allocate("mapping"), tenant, hash, at };
    const { rows, rev } = await this.#store.mapping.erasePerson(row, person);
    this.#erased(tenant, person);
    if (rev !== undefined) this.#changed(rev);
    return { person_id: person, removed: rows, erased_at: at };
  }
}

/**
 * Whom a call is about: the person that is named, or the owner of the view.
 * @throws `invalid_input` naming `field`; `person_not_found` for anybody else in the view of an owner.
 */
export function personIn({ owner }: Scope, named: unknown, field = "person_id"): string {
  const person = named === undefined ? owner : parse(senderId, named, field);
  if (person === undefined) {
    const message = "must be given, where the view is of a whole tenant";
    throw new PersonaError("invalid_input", `${field} ${message}`, { fields: [{ field, message }] });
  }
  if (owner !== undefined && person !== owner) throw new PersonaError("person_not_found", "There is no such person.");
  return person;
}
