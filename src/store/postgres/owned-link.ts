import type { Clock } from "../../clock.ts";
import { PersonaError } from "../../errors.ts";
import { postgresError } from "./errors.ts";
import type { Link } from "./link.ts";
import { lock, standing } from "./schema.ts";

export interface OwnedLinkOptions {
  readonly clock: Clock;
  readonly schema: string;
  readonly epoch: number;
  /** Makes a connection. */
  readonly open: () => Promise<Link>;
  /** The connection is lost, and another one is being made. */
  readonly onLost: (reason: PersonaError) => void;
  /** There is one again. */
  readonly onBack: () => void;
}

/** Pauses between attempts to reach the server again; the last one for ever. */
const PAUSES_MS = [50, 100, 200, 500, 1_000, 2_000];
const LONGEST_PAUSE_MS = 5_000;

/**
 * The connection whose lock makes this process the owner. When it is lost another one is made, which takes the lock
 * again: so nothing more can come of what was sent on the one before.
 */
export class OwnedLink {
  readonly #options: OwnedLinkOptions;
  #link: Link;
  #committed: number;
  #returning: Promise<void> | undefined;
  #gone: PersonaError | undefined;
  #keepsAlive = false;
  /** The connection that is about to take the place of the one that was lost. */
  #next: Link | undefined;
  /** The pause before the next attempt. */
  #pausing: { end(): void; keepAlive(keep: boolean): void } | undefined;

  /** @param link Has the lock. */
  constructor(link: Link, committed: number, options: OwnedLinkOptions) {
    this.#options = options;
    this.#link = link;
    this.#committed = committed;
    this.#watch();
  }

  /** It may be lost: then what is sent on it fails with `ConnectionLost`. */
  get link(): Link {
    return this.#link;
  }

  /** The number of the group that was committed last, as this connection has found it. */
  get committed(): number {
    return this.#committed;
  }

  /** Resolves when the server can be asked. Rejects when it never can: another owner came (`store_fenced`), or `close`. */
  back(): Promise<void> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    if (this.#link.lost === undefined) return Promise.resolve();
    this.#returning ??= this.#reconnect().finally(() => {
      this.#returning = undefined;
    });
    return this.#returning;
  }

  keepAlive(keep: boolean): void {
    this.#keepsAlive = keep;
    this.#link.keepAlive(keep);
    this.#pausing?.keepAlive(keep);
  }

  async close(): Promise<void> {
    this.#gone ??= new PersonaError("store_unavailable", "The store was closed before the database was back.");
    this.#pausing?.end();
    await this.#next?.close();
    await this.#returning?.catch(() => {});
    await this.#link.close();
  }

  #watch(): void {
    void this.#link.ended.then((reason) => {
      if (this.#gone !== undefined) return;
      this.#options.onLost(reason);
      // Made at once, also if there is nothing to write: whoever has the lock is the owner.
      this.back().catch(() => {});
    });
  }

  async #reconnect(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#attempt();
        this.#options.onBack();
        return;
      } catch (error) {
        const coded = postgresError(error);
        if (coded.code === "store_fenced") this.#gone ??= coded;
      }
      if (this.#gone === undefined) await this.#pause(PAUSES_MS[attempt] ?? LONGEST_PAUSE_MS);
      if (this.#gone !== undefined) throw this.#gone;
    }
  }

  async #attempt(): Promise<void> {
    const link = await this.#options.open();
    this.#next = link;
    try {
      if (this.#gone !== undefined) throw this.#gone;
      // Another owner's lock is no reason to wait for it.
      await this.#assertOurs(link);
      await lock(link, this.#options.schema, this.#link.session);
      this.#committed = await this.#assertOurs(link);
      if (this.#gone !== undefined) throw this.#gone;
    } catch (error) {
      await link.close();
      throw error;
    } finally {
      this.#next = undefined;
    }
    this.#link = link;
    link.keepAlive(this.#keepsAlive);
    this.#watch();
  }

  /** Gives the number of the group that was committed last. */
  async #assertOurs(link: Link): Promise<number> {
    const { epoch, committed } = await standing(link);
    if (epoch !== this.#options.epoch) {
      throw new PersonaError("store_fenced", "Another process took this database over; end this one.");
    }
    return committed;
  }

  /** Keeps the process alive only while somebody waits for the server. */
  #pause(ms: number): Promise<void> {
    const { clock } = this.#options;
    const at = clock.now() + ms;
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#pausing = undefined;
        resolve();
      };
      const arm = (keep: boolean) => clock.at(at, end, { mayEnd: !keep });
      let cancel = arm(this.#keepsAlive);
      const keepAlive = (keep: boolean) => {
        cancel();
        cancel = arm(keep);
      };
      this.#pausing = { end, keepAlive };
    });
  }
}
