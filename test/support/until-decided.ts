import { setImmediate, setTimeout } from "node:timers/promises";
import type { ManualClock } from "../../src/clock.ts";
import type { Runtime } from "../../src/types.ts";

/**
 * Lets time pass until nothing is undecided. It stands still while a turn runs: a disk takes its time,
 * and the turn's must not run out meanwhile.
 */
export async function untilDecided(runtime: Runtime, clock: ManualClock): Promise<void> {
  for (let still = 0; ; still += 1) {
    const { queued, inFlight } = runtime.status();
    if (queued + inFlight === 0) return;
    if (inFlight === 0) {
      clock.advance(100);
      still = 0;
    }
    await (still < 100 ? setImmediate() : setTimeout(1));
  }
}
