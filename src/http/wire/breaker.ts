import * as z from "zod";
import { time } from "./common.ts";
import { wire } from "./registry.ts";

export const breakerSchema = z
  .object({
    state: z.enum(["closed", "open", "half_open"]),
    failures: z.int().register(wire, {
      description: "Closed: turns that failed in a row. Else: tries that failed in a row",
    }),
    half_open_at: time.optional().register(wire, { description: "When one turn may try, if it is open" }),
  })
  .register(wire, { id: "Breaker" });
