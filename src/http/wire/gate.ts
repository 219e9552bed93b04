import * as z from "zod";
import type { Gate } from "../../types.ts";
import { time } from "./common.ts";
import { wire } from "./registry.ts";

const GATES = {
  paused: "the persona is paused",
  cognition_absent: "its function was not given again after a restart, or its provider is not configured any more",
  persona_absent: "the catalogue has no entry for it any more, or one that is damaged",
  provider_open: "the provider of its model is failing",
  provider_throttled: "the provider of its model asked to be called later",
  provider_busy: "the provider of its model has as many calls as it may",
  asleep: "it sleeps",
  breaker_open: "its circuit breaker is open",
  breaker_probing: "one turn tries whether it answers again",
  busy: "it has as many turns as it may, or one in this conversation",
  fleet_busy: "the fleet has as many turns as it may, or as the lane may",
  backing_off: "a retry after a failure",
  room_gap: "it has just spoken in the room, and no human asks",
  overwhelmed: "too much waits for it, and this is not important enough",
  tired: "it has worked much, and this is not important enough",
  paging: "on its way from the database",
} as const satisfies Record<Gate, string>;

export const gate = z.enum(Object.keys(GATES) as [Gate]).register(wire, {
  id: "Gate",
  description: `What stands between an item and its turn. ${Object.entries(GATES)
    .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
    .join("; ")}`,
});

export const heldSchema = z
  .object({
    gate,
    since: time.optional().register(wire, { description: "Milliseconds since 1970, where it is known" }),
    until: time.optional().register(wire, { description: "When that ends by itself, if it does" }),
  })
  .register(wire, { id: "Held" });
