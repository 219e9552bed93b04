/** One event-driven loop for many: those with something to do stand in a ring, the others cost nothing. */
import { Fifo } from "./fifo.ts";

/** As many as the cycle gives out in one turn of the event loop. */
const STARTS_PER_LOOP_TURN = 128;

export interface Member {
  /** It stands in the ring, or is being served. */
  active: boolean;
}

export class ReadyLoop<One extends Member> {
  readonly #serve: (one: One) => Promise<void>;
  readonly #ring = new Fifo<One>();
  #scheduled = false;

  /** `serve` does one thing for a member, and then calls `served`. */
  constructor(serve: (one: One) => Promise<void>) {
    this.#serve = serve;
  }

  /** There is something to do for a member. */
  wake(one: One): void {
    if (one.active) return;
    one.active = true;
    this.#line(one);
  }

  /** Whoever has `more` is served again after all others. */
  served(one: One, more: boolean): void {
    if (more) this.#line(one);
    else one.active = false;
  }

  #line(one: One): void {
    this.#ring.push(one);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    for (let n = Math.min(STARTS_PER_LOOP_TURN, this.#ring.size); n > 0; n -= 1) {
      void this.#serve(this.#ring.shift() as One);
    }
    if (this.#ring.size > 0) this.#schedule();
  };
}
