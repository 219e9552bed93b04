import * as z from "zod";
import type { TenantStatus } from "../../types.ts";
import { laneCounts } from "./common.ts";
import { inWireNames } from "./names.ts";
import { providerSchema } from "./provider.ts";
import { wire } from "./registry.ts";

export const fleetSchema = z
  .object({
    personas: z.int(),
    queued: z.int(),
    in_store: z.int().register(wire, { description: "Of those, how many wait in the database only" }),
    in_flight: z.int(),
    lanes: laneCounts,
    accepted: z.int(),
    answered: z.int(),
    declined: z.int(),
    dead: z.int(),
    retried: z.int(),
    refused: z.int(),
    refusals: z
      .record(z.string(), z.int())
      .register(wire, { description: "Of those, how many by the code of the refusal" }),
    store: z.enum(["sqlite", "postgres", "memory"]),
    driver: z.boolean().register(wire, { description: "False once the native cycle has failed" }),
    providers: z.array(providerSchema),
  })
  .register(wire, {
    id: "Fleet",
    description: "The personas of a tenant; the counts are those since the start of the runtime",
  });

export function fleetOf(status: TenantStatus): z.output<typeof fleetSchema> {
  return { ...inWireNames(status), providers: status.providers.map(inWireNames) };
}
