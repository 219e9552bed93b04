/** Both ways to drive a fleet behind one face: the shipped one, and its rival with a thread of its own. */
import { LANE } from "../../src/layout.ts";
import type { FormedTurn } from "../../src/runtime/packed.ts";
import { clock, openFleet } from "../support/open-fleet.ts";
import { ThreadedFleet } from "./threaded.ts";

export const DRIVERS = ["inline", "threaded"] as const;
export type DriverName = (typeof DRIVERS)[number];

/** Items have the keys 1, 2, 3… and go round the personas; each is a chat message in a conversation of its own. */
export interface Driver {
  /** Hands in an item that may go at `notBefore`, or at once. */
  arm(key: number, notBefore?: number): void;
  complete(turn: number): void;
  close(): void;
}

/** Told of each turn: its handle and the key of its only item. */
export type OnTurn = (turn: number, item: number) => void;

const MAX_TURNS_IN_FLIGHT = 65_536;
/** A prime, so that neighbours in time are no neighbours in memory. */
const STRIDE = 7_919;
const ITEM = { lane: LANE.indexOf("chat"), priority: 0.5, expiresAt: null, mergeKey: 0, attempt: 0, failures: 0 };

export function openDriver(name: DriverName, personas: number, onTurn: OnTurn): Driver {
  const slots = new Float64Array(personas);
  const turns = (formed: readonly FormedTurn[]) => {
    for (const { handle, items } of formed) onTurn(handle, items[0] ?? 0);
  };
  const fleet =
    name === "inline"
      ? openFleet(slots, MAX_TURNS_IN_FLIGHT, turns)
      : new ThreadedFleet(MAX_TURNS_IN_FLIGHT, clock, slots, turns);
  return {
    arm(key, notBefore) {
      const slot = slots[(key * STRIDE) % personas] ?? 0;
      const enqueuedAt = clock.now();
      fleet.arm({ ...ITEM, key, conversation: key, enqueuedAt, notBefore: notBefore ?? null }, slot, 0);
    },
    complete: (turn) => fleet.complete(turn, "done"),
    close: () => fleet.close(),
  };
}
