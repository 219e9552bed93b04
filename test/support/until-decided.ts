import type { ManualClock } from "../../src/clock.ts";
import type { Runtime } from "../../src/types.ts";
import { until } from "./event-loop.ts";

/**
 * Lets time pass until nothing is undecided. It stands still while a turn runs: a disk takes its time,
 * and the turn's must not run out meanwhile.
 */
export async function untilDecided(runtime: Runtime, clock: ManualClock): Promise<void> {
  await until(() => {
    const { queued, inFlight } = runtime.status();
    if (inFlight === 0) clock.advance(100);
    return queued + inFlight === 0;
  });
}
