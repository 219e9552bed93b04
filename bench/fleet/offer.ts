/** Load without a pace: as many items as are taken. */
import type { CheckedWork } from "./checked-work.ts";
import type { Contender } from "./contenders.ts";

/** As many as a server with many sockets would read in one turn of its event loop. */
const ITEMS_PER_LOOP_TURN = 128;
/** Most items on their way at once. */
const WINDOW = 16_384;

/** The persona of an item: spread evenly, and neighbours in time are no neighbours in memory. */
export function personaOf(item: number, personas: number): number {
  return (Math.imul(item, 0x9e3779b1) >>> 0) % personas;
}

/** Submits the items from `first` on while `more` says so; resolves to the next number when all of them are settled. */
export function offer(
  contender: Contender,
  work: CheckedWork,
  { personas, first, more }: { personas: number; first: number; more: (item: number) => boolean },
): Promise<number> {
  return new Promise((resolve) => {
    let next = first;
    let scheduled = false;
    const isOpen = () => next - 1 - work.done < WINDOW;
    const refill = () => {
      scheduled = false;
      for (let n = 0; n < ITEMS_PER_LOOP_TURN && isOpen() && more(next); n += 1) {
        contender.submit(personaOf(next, personas), next);
        next += 1;
      }
      schedule();
    };
    const schedule = () => {
      if (scheduled) return;
      if (more(next)) {
        if (!isOpen()) return;
        scheduled = true;
        setImmediate(refill);
      } else if (work.done === next - 1) {
        work.onSettled = () => {};
        resolve(next);
      }
    };
    work.onSettled = schedule;
    schedule();
  });
}
