import * as z from "zod";
import type { Busiest, BusiestPage, EnrollmentStatus } from "../../types.ts";
import { decimal, time } from "./common.ts";
import { gate } from "./gate.ts";
import { wire } from "./registry.ts";

export const busiestQuery = z.strictObject({
  by: z
    .enum(["queued", "in_flight"])
    .default("queued")
    .register(wire, { description: "What counts. Default `queued`" }),
  offset: decimal(z.int().min(0).max(1_000_000_000))
    .default(0)
    .register(wire, { description: "How many to leave out from the top. Default 0" }),
  limit: decimal(z.int().min(1).max(1_000)).default(100).register(wire, { description: "Default 100" }),
});

export const busiestSchema = z
  .object({
    busy: z.int().register(wire, { description: "How many have something waiting or in a turn" }),
    personas: z
      .array(
        z.object({
          id: z.string(),
          name: z.string(),
          queued: z.int(),
          in_store: z.int().register(wire, { description: "Of those, how many wait in the database only" }),
          in_flight: z.int(),
          held: gate.optional(),
          held_until: time.optional(),
          breaker: z.enum(["closed", "open", "half_open"]),
        }),
      )
      .register(wire, { description: "Most first" }),
  })
  .register(wire, { id: "Busiest" });

export function pageOf({ by, ...page }: z.output<typeof busiestQuery>): BusiestPage {
  return { by: by === "in_flight" ? "inFlight" : by, ...page };
}

/** Without instructions and settings, which can be long, and which nobody looks at here. */
export function busiestOf({ busy, personas }: Busiest): z.output<typeof busiestSchema> {
  return { busy, personas: personas.map(loadOf) };
}

function loadOf({ id, name, queued, inStore, inFlight, held, heldUntil, breaker }: EnrollmentStatus) {
  return {
    id,
    name,
    queued,
    in_store: inStore,
    in_flight: inFlight,
    held,
    held_until: heldUntil,
    breaker: breaker.state,
  };
}
