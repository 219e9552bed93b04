/** The least that a good JavaScript loop does: first in, first out, one item of each persona at a time, nothing else. */
import type { OpenContender } from "../contenders.ts";
import { Fifo } from "../fifo.ts";
import { type Member, ReadyLoop } from "../ready-loop.ts";

interface Persona extends Member {
  readonly number: number;
  readonly inbox: Fifo<number>;
}

export const open: OpenContender = async (personas, work) => {
  const loop = new ReadyLoop<Persona>(async (persona) => {
    const item = persona.inbox.shift() as number;
    await work.handle(persona.number, item);
    loop.served(persona, persona.inbox.size > 0);
    work.settled(item);
  });
  const all = Array.from({ length: personas }, (_, number) => ({ number, inbox: new Fifo<number>(), active: false }));
  return {
    submit(number, item) {
      const persona = all[number] as Persona;
      persona.inbox.push(item);
      loop.wake(persona);
    },
  };
};
