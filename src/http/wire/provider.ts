import * as z from "zod";
import { time } from "./common.ts";
import { wire } from "./registry.ts";

export const providerSchema = z
  .object({
    name: z.string(),
    state: z.enum(["closed", "open", "half_open"]),
    half_open_at: time.optional().register(wire, { description: "When one call may try, if it is open" }),
    throttled_until: time.optional().register(wire, { description: "It has asked not to be called before" }),
  })
  .register(wire, { id: "Provider", description: "Whether a provider of models can be called" });
