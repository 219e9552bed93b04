/** The design that this package replaces: every persona has a timer, and looks into its inbox when that rings. */

import type { OpenContender, Work } from "../contenders.ts";
import { Fifo } from "../fifo.ts";

const PERIOD_MS = 250;
/** Most items of one ring. */
const SHARE = 20;

export const open: OpenContender = async (personas, work) => {
  const all = Array.from({ length: personas }, (_, number) => new Persona(number, work));
  return {
    submit: (persona, item) => all[persona]?.inbox.push(item),
    close: async () => {
      for (const { timer } of all) clearInterval(timer);
    },
  };
};

class Persona {
  readonly inbox = new Fifo<number>();
  readonly timer = setInterval(() => this.#ring(), PERIOD_MS);
  readonly #number: number;
  readonly #work: Work;
  #busy = false;

  constructor(number: number, work: Work) {
    this.#number = number;
    this.#work = work;
  }

  #ring(): void {
    if (!this.#busy && this.inbox.size > 0) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    for (let n = 0; n < SHARE && this.inbox.size > 0; n += 1) {
      const item = this.inbox.shift() as number;
      await this.#work.handle(this.#number, item);
      this.#work.settled(item);
    }
    this.#busy = false;
  }
}
