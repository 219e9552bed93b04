/** What sessions follow, as far as it was used lately: read from the store, and what was written there since. */
import { encodeId } from "../ids.ts";
import type { Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import { type Followed, followedBy } from "./session-rows.ts";

/** Characters of snapshots that are kept. */
const MAX_KEPT = 32 * 2 ** 20;

/** All keys are those of conversations. */
export class FollowedCache {
  readonly #store: Store;
  readonly #warn: (warning: PersonaWarning) => void;
  /** The one that was used last stands last. */
  readonly #known = new Map<number, { readonly followed: Followed; readonly size: number }>();
  #kept = 0;
  /** Looks into the store that are under way. */
  readonly #reading = new Map<number, Promise<Followed | undefined>>();
  /** Damaged ones that were reported. */
  readonly #reported = new Set<number>();

  constructor(store: Store, warn: (warning: PersonaWarning) => void) {
    this.#store = store;
    this.#warn = warn;
  }

  /** At hand, or from the store; undefined if it follows nothing. Throws `session_damaged`. */
  of(key: number): Followed | undefined | Promise<Followed | undefined> {
    const known = this.#known.get(key);
    if (known === undefined) return this.#reading.get(key) ?? this.#read(key);
    this.#known.delete(key);
    this.#known.set(key, known);
    return known.followed;
  }

  /** Only what is at hand. */
  known(key: number): Followed | undefined {
    return this.#known.get(key)?.followed;
  }

  /** This is in the store now. Of a snapshot that stays the size is known. */
  keep(key: number, followed: Followed, size = this.#known.get(key)?.size ?? 0): void {
    this.forget(key);
    this.#known.set(key, { followed, size });
    this.#kept += size;
    for (const oldest of this.#known.keys()) {
      if (this.#kept <= MAX_KEPT || oldest === key) return;
      this.forget(oldest);
    }
  }

  /** It may be another one in the store. */
  forget(key: number): void {
    this.#kept -= this.#known.get(key)?.size ?? 0;
    this.#known.delete(key);
    this.#reading.delete(key);
  }

  #read(key: number): Promise<Followed | undefined> {
    const reading = this.#readStored(key).finally(() => {
      // Not yet: who finds it at hand must not overtake those who still await it.
      setImmediate(() => {
        if (this.#reading.get(key) === reading) this.#reading.delete(key);
      });
    });
    this.#reading.set(key, reading);
    return reading;
  }

  async #readStored(key: number): Promise<Followed | undefined> {
    const row = await this.#store.session(key);
    if (row === undefined) return undefined;
    try {
      const followed = followedBy(row, encodeId("conversation", key, this.#store.salt));
      // It may have been changed while it was being read.
      const present = this.known(key);
      if (present !== undefined && present.version >= followed.version) return present;
      this.keep(key, followed, row.snapshot.length);
      return followed;
    } catch (cause) {
      if (!this.#reported.has(key)) this.#warn({ code: "session_damaged", message: (cause as Error).message, cause });
      this.#reported.add(key);
      throw cause;
    }
  }
}
