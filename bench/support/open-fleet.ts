/** The shipped driver with personas in it, and nothing of the runtime around it. */
import { systemClock } from "../../src/clock.ts";
import { Fleet } from "../../src/runtime/fleet.ts";
import type { FormedTurn } from "../../src/runtime/packed.ts";
import { checkDefinition } from "../../src/runtime/settings.ts";

export const clock = systemClock();

/** Nothing is put aside: what waits is not what is measured here. */
export const WINDOWS = { voice: 10_000, chat: 10_000, task: 10_000, background: 10_000 };

/** Enrolls as many personas with default settings as there are `slots`, and writes their handles there. */
export function openFleet(
  slots: Float64Array,
  maxTurnsInFlight: number,
  onTurns: (formed: readonly FormedTurn[]) => void,
): Fleet {
  const unexpected = (what: unknown) => {
    throw new Error("Nothing fails, expires or is given back in this benchmark.", { cause: what });
  };
  const fleet = new Fleet({
    clock,
    maxTurnsInFlight,
    seed: 0,
    overflow: "page",
    events: {
      turns: onTurns,
      expired: unexpected,
      settlements: unexpected,
      freed: unexpected,
      woken: unexpected,
      wanted: unexpected,
      stepped: unexpected,
      failed: unexpected,
    },
  });
  const { settings } = checkDefinition({ id: "any", name: "Any", settings: { windows: WINDOWS } });
  for (let n = 0; n < slots.length; n += 1) slots[n] = fleet.enroll(settings);
  return fleet;
}
