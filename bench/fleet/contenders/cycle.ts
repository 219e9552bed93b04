/** This package's cycle through the shipped driver: numbers in, turns out; no texts, no store. */
import { LANE } from "../../../src/layout.ts";
import { clock, openFleet } from "../../support/open-fleet.ts";
import type { OpenContender } from "../contenders.ts";

/** Each a chat message in a conversation of its own, so that nothing is merged: every item is a turn. */
const ITEM = {
  lane: LANE.indexOf("chat"),
  priority: 0.5,
  mergeKey: 0,
  notBefore: null,
  expiresAt: null,
  attempt: 0,
  failures: 0,
};
const MAX_TURNS_IN_FLIGHT = 65_536;

export const open: OpenContender = async (personas, work) => {
  const slots = new Float64Array(personas);
  /** Personas by the index of their slot, which is the lower half of its handle. */
  const places = new Uint32Array(personas);
  const answer = async (turn: number, persona: number, item: number) => {
    await work.handle(persona, item);
    fleet.complete(turn, "done");
    work.settled(item);
  };
  const fleet = openFleet(slots, MAX_TURNS_IN_FLIGHT, (formed) => {
    for (const { handle, slot, items } of formed) void answer(handle, places[slot >>> 0] ?? 0, items[0] ?? 0);
  });
  slots.forEach((slot, persona) => {
    places[slot >>> 0] = persona;
  });
  return {
    submit(persona, item) {
      fleet.arm({ ...ITEM, key: item, conversation: item, enqueuedAt: clock.now() }, slots[persona] ?? 0, 0);
    },
    get nativeBytes() {
      return fleet.counts().bytes;
    },
    close: async () => fleet.close(),
  };
};
